import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { ensureNodeArchive, nodeImagePath } from '../../scripts/node-image.mjs'
import { engineCall } from './engine-call.ts'

/** Of the node containers that tests make. */
export const testNodeImage = 'berth-node:test'

const contentLabel = 'berth-test-content'

/** Makes the image on an engine (`unix://…`) out of Debian packages, unless it is there and made of the same recipe. */
export async function ensureNodeImage(socket: string, image: string = testNodeImage): Promise<void> {
  const archive = ensureNodeArchive()
  const label = `${contentLabel}=${basename(archive, '.tar')}`
  const found = await engineCall(socket, 'GET', `/images/${image}/json`)
  if (found.status === 200 && found.text.includes(basename(archive, '.tar'))) return
  const [repo = '', tag = 'latest'] = image.split(':')
  const query = new URLSearchParams({ fromSrc: '-', repo, tag })
  for (const change of [`ENV PATH=${nodeImagePath}`, 'CMD ["sh"]', `LABEL ${label}`]) query.append('changes', change)
  const made = await engineCall(socket, 'POST', `/images/create?${query}`, readFileSync(archive), 'application/x-tar')
  if (made.status !== 200 || made.text.includes('"error"')) throw new Error(`import of ${image} failed: ${made.text}`)
}
