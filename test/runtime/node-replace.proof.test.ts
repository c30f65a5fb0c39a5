import { expect, test } from 'vitest'
import { engineCall, engineJson } from '../support/engine-call.ts'
import { testNodeImage } from '../support/node-image.ts'
import { startLoad } from './haproxy-load.ts'
import { haproxyWorld, httpPod, service } from './haproxy-world.ts'
import { freePort } from './ingress-client.ts'
import { behind, ingress, route } from './ingress-routes.ts'

const testSocket = process.env.BERTH_TEST_DOCKER ?? ''

/** The node image under another id. */
async function otherImage(name: string): Promise<string> {
  const [repo = '', tag = ''] = name.split(':')
  const { Id } = await engineJson<{ Id: string }>(testSocket, 'POST', '/containers/create', { Image: testNodeImage })
  try {
    const query = new URLSearchParams({ container: Id, repo, tag, changes: `LABEL berth-test=${name}` })
    return (await engineJson<{ Id: string }>(testSocket, 'POST', `/commit?${query}`, {})).Id
  } finally {
    await engineCall(testSocket, 'DELETE', `/containers/${Id}?force=1`)
  }
}

test('requests are answered while one node container replaces the other, time after time', async () => {
  const http = await freePort()
  await using world = await haproxyWorld('10.97.160.0/20', { ingressHttpPort: http })
  await using pod = await httpPod('replaced')
  const web = service('direct', '10.97.160.9', { mode: 'detect', backends: [pod.row] })
  const table = ingress([route('load', { host: '' })], [behind('load', pod.row), web])
  await world.apply(table)
  const images: string[] = []
  try {
    for (let round = 1; round <= 3; round += 1) {
      await using entering = startLoad('127.0.0.1', http, 4, 2)
      await using direct = startLoad('10.97.160.9', 80, 4, 2)
      await Promise.all([entering.more(100), direct.more(100)])
      images.push(`berth-node-replace:${world.settings.engine}-${round}`)
      await world.replace(await otherImage(images.at(-1) ?? ''))
      await world.apply(table)
      await Promise.all([entering.more(1000), direct.more(1000)])
      const results = [await entering.end(), await direct.end()]
      await expect.poll(async () => (await world.nodes()).length).toBe(1)
      expect(results.flatMap(({ failures }) => failures)).toEqual([])
    }
  } finally {
    for (const image of images) await engineCall(testSocket, 'DELETE', `/images/${image}?force=1`)
  }
})
