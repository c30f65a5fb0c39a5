// The promise of the network, in short; `npm run bench -- rolling` is the long version.
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { EngineWorld } from '../support/engine-world.ts'
import { ensureTestImages } from '../support/images.ts'
import { Load, type LoadPath } from '../support/load.ts'
import { ensureNodeImage, testNodeImage } from '../support/node-image.ts'
import { deployment, TestBerth } from './berth.ts'

const socket = process.env.BERTH_TEST_DOCKER ?? ''
const place = process.pid % 250
const clusterIP = `10.109.${place}.20`
const nodePort = 31_400 + place

/** The server of the test image ends at once when it is told to: only who is out of traffic by then loses nothing. */
const service = JSON.stringify({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web' },
  spec: { type: 'NodePort', clusterIP, selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080, nodePort }] },
})
const paths: readonly LoadPath[] = [
  { name: 'ClusterIP', host: clusterIP, port: 80 },
  { name: 'NodePort', host: '127.0.0.1', port: nodePort },
]

let berth: TestBerth
beforeAll(async () => {
  await ensureTestImages(socket)
  await ensureNodeImage(socket)
})
beforeEach(() => {
  berth = new TestBerth('zero')
  berth.network = 'services'
  berth.configure(
    {},
    {
      podCIDR: `10.${64 + (place % 28)}.0.0/16`,
      serviceCIDR: `10.109.${place}.0/24`,
      nodeImage: testNodeImage,
      ingress: { httpPort: 0, httpsPort: 0 },
    },
  )
})
afterEach(async () => {
  await berth.stop()
  await new EngineWorld(socket).clean(berth.id)
  await berth.close()
})

/** The node container belongs to no pod. */
async function pods(): Promise<number> {
  return (await berth.pods()).filter((name) => name !== '').length
}

test('no request fails while all pods are replaced, and fewer are left', async () => {
  const first = berth.repository.commit('Add web', { 'app/web.yaml': deployment(), 'app/service.yaml': service })
  berth.start()
  await berth.synced(first)
  await berth.until('the Service answers', async () => {
    const answers = await Promise.all(paths.map(({ host, port }) => fetch(`http://${host}:${port}/`)))
    return answers.every(({ ok }) => ok)
  })

  const load = new Load({ paths, clients: { keep: 2, idle: 1, new: 2 } })
  const second = berth.repository.commit('Version 2', {
    'app/web.yaml': deployment({ env: { MESSAGE: 'two' } }),
    'app/service.yaml': service,
  })
  await berth.synced(second)
  await berth.until('the old pods are gone', async () => (await pods()) === 3)
  const third = berth.repository.commit('One is enough', {
    'app/web.yaml': deployment({ env: { MESSAGE: 'two' }, replicas: 1 }),
  })
  await berth.synced(third)
  await berth.until('two pods are gone', async () => (await pods()) === 1)
  await load.more(100)
  const { counts, failures } = await load.end()
  expect(failures).toEqual([])
  for (const { answers } of counts) expect(answers).toBeGreaterThan(5)
})
