// What a preview tries at its beginning, at its end, and by ways that HAProxy does not carry.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensureTestImages, testImages } from '../support/images.ts'
import { ensureNodeImage, testNodeImage } from '../support/node-image.ts'
import { service } from './network.ts'
import { PreviewWorld } from './preview-world.ts'

const range = 236
let world: PreviewWorld

/** With the tools of the node image. */
const tool = (name: string, script: string, graceSeconds = 1) => `apiVersion: v1
kind: Pod
metadata: { name: ${name}, labels: { app: ${name} } }
spec:
  terminationGracePeriodSeconds: ${graceSeconds}
  containers: [{ name: main, image: '${testNodeImage}', command: [sh, -c, '${script}'] }]
`
const production = [
  tool('echo', 'exec socat UDP4-RECVFROM:9053,fork SYSTEM:"read line; echo production"'),
  `apiVersion: v1
kind: Pod
metadata: { name: web, labels: { app: web } }
spec:
  terminationGracePeriodSeconds: 1
  containers: [{ name: main, image: '${testImages.one}', env: [{ name: MESSAGE, value: production }] }]
`,
  service('web', '{ clusterIP: 10.237.7.1, selector: { app: web }, ports: [{ port: 80, targetPort: 8080 }] }'),
  service(
    'kernel',
    '{ clusterIP: 10.237.7.2, selector: { app: web }, ports: [{ port: 80, targetPort: 8080 }] }',
    ', annotations: { berth.dev/service-mode: kernel }',
  ),
  service(
    'echo',
    '{ clusterIP: 10.237.7.3, selector: { app: echo }, ports: [{ port: 53, targetPort: 9053, protocol: UDP }] }',
  ),
]
const targets = ['10.237.7.1:80', '10.237.7.2:80']
/** Asks all of production's Services again and again from its first moment on; prints what answers. */
const asking = [
  'trap "" TERM; echo begun; while true; do',
  ...targets.map(
    (target) =>
      `printf "GET / HTTP/1.0\\\\r\\\\n\\\\r\\\\n" | timeout 2 socat -t1 - TCP4:${target},connect-timeout=1,shut-none 2>/dev/null | tail -n 1 | sed "s/^/${target} /" &`,
  ),
  'echo ask | timeout 2 socat -t1 - UDP4:10.237.7.3:53 2>/dev/null | sed "s/^/udp /" &',
  'sleep 0.05; done',
].join(' ')

beforeAll(async () => {
  world = new PreviewWorld('preview-proof', range, 0, { podSecurity: 'baseline' })
  await ensureTestImages(world.socket)
  await ensureNodeImage(world.socket)
  world.repository.push('Start', { 'app.yaml': production.join('---\n') })
  await world.engine.start()
  await world.healthy('shop')
})
afterAll(() => world?.close())

/** Of the pods that ask, by namespace, without `begun`. */
async function heard(): Promise<string[]> {
  const all = await world.containers({ 'berth.dev/container': 'main' })
  const asking = all.filter(({ Labels }) => Labels?.['berth.dev/pod']?.startsWith('asks-'))
  const logs = await Promise.all(
    asking.map(async ({ Id, Labels }) => [Labels?.['berth.dev/namespace'], await world.logs(Id)] as const),
  )
  for (const [, log] of logs) expect(log).toContain('begun')
  return logs.flatMap(([namespace, log]) => (log.match(/\S+ production/g) ?? []).map((one) => `${namespace} ${one}`))
}

test('pods that ask from their first moment until they are killed hear nothing of production', async () => {
  const files = Object.fromEntries(
    [1, 2, 3, 4, 5].map((number) => [`asks-${number}.yaml`, tool(`asks-${number}`, asking, 60)]),
  )
  const none = { 'app.yaml': null }
  world.forge.open(1, { ...none, ...files })
  world.forge.open(2, { ...none, ...files }, { fork: true, author: 'eve', authorMayWrite: false })
  world.forge.approve(2)
  await Promise.all([1, 2].map((number) => world.healthy(`shop/pr-${number}`)))
  await new Promise((done) => setTimeout(done, 5_000))
  expect(await heard()).toEqual([])
  world.forge.shut(1)
  world.forge.shut(2)
  await world.until('they are asked to end', () => world.app('shop/pr-1') === undefined)
  await new Promise((done) => setTimeout(done, 15_000))
  expect((await world.traces()).length).toBeGreaterThan(1)
  expect(await heard()).toEqual([])
  await world.until('they are gone', async () => (await world.traces()).join() === 'shop')
})

test('the same pod in production hears all of it', async () => {
  world.repository.push('Ask', { 'asks.yaml': tool('asks-0', asking) })
  await world.until('it hears', async () => (await world.traces()).length === 1 && (await heardBy('asks-0')) > 6)
})

async function heardBy(pod: string): Promise<number> {
  const [found] = await world.containers({ 'berth.dev/pod': pod, 'berth.dev/container': 'main' })
  return found ? ((await world.logs(found.Id)).match(/production/g)?.length ?? 0) : 0
}
