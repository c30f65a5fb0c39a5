import type { Clock } from '../../../base/clock.ts'
import { errorText, oneLine } from '../../../base/errors.ts'
import { RuntimeError } from '../../errors.ts'
import { nodeImageFile } from '../../network/node-image.ts'
import type { Images } from '../images.ts'
import { tarOf } from '../volume-tar.ts'

const longestWords = 200

/**
 * The id of the node container's image: where the host has none, it is pulled; where that fails, the host builds it. `busy` is told what
 * is going on. Throws a RuntimeError with the words of both failures.
 */
export async function nodeImage(
  images: Pick<Images, 'present' | 'obtain' | 'build'>,
  reference: string,
  clock: Clock,
  busy: (message: string) => void,
): Promise<string> {
  const found = images.present().get(reference)
  if (found !== undefined) return found
  busy(`pulling ${reference}`)
  const pulled = await failureOf(images.obtain(reference))
  if (pulled !== undefined) {
    busy(`building ${reference}`)
    const built = await failureOf(images.build(reference, dockerfile(clock.now())))
    if (built !== undefined) {
      const message = `image ${reference} could be neither pulled (${pulled}) nor built (${built})`
      throw new RuntimeError('NO_SUCH_IMAGE', reference, message)
    }
  }
  const made = images.present().get(reference)
  if (made === undefined) throw new RuntimeError('NO_SUCH_IMAGE', reference, `image ${reference} is gone again`)
  return made
}

function dockerfile(at: number): Buffer {
  const data = Buffer.from(nodeImageFile)
  return tarOf([{ path: 'Dockerfile', kind: 'file', mode: 0o644, group: 0, data }], at)
}

async function failureOf(work: Promise<void>): Promise<string | undefined> {
  try {
    await work
    return undefined
  } catch (error) {
    return oneLine(errorText(error), longestWords)
  }
}
