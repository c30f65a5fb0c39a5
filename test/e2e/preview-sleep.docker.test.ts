// A preview that falls asleep beside a busy production, and wakes for the first request.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ask, freePort } from '../runtime/ingress-client.ts'
import { ensureTestImages } from '../support/images.ts'
import { Load } from '../support/load.ts'
import { ensureNodeImage, testNodeImage } from '../support/node-image.ts'
import { deployment, TestBerth } from './berth.ts'
import { closeServices, service } from './network.ts'

const range = 216
let berth: TestBerth
let port: number
beforeAll(async () => {
  await ensureTestImages(process.env.BERTH_TEST_DOCKER ?? '')
  await ensureNodeImage(process.env.BERTH_TEST_DOCKER ?? '')
  port = await freePort()
  berth = new TestBerth('sleep')
  berth.network = 'services'
  const ingress = { httpPort: port, httpsPort: 0 }
  const network = { podCIDR: `10.${range}.0.0/16`, serviceCIDR: `10.${range + 1}.0.0/16`, nodeImage: testNodeImage }
  const previews = { provider: 'branches', podSecurity: 'baseline', sleepAfter: '8s', interval: '1s' }
  berth.configure({}, { ...network, ingress }, { previews })
})
afterAll(() => closeServices(berth, { range }))

const outside = `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: web }
spec:
  rules:
    - host: web.example.com
      http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }] }
`
const files = (message: string) => ({
  'app/web.yaml': deployment({ replicas: 1, env: { MESSAGE: message } }),
  'app/service.yaml': service('web', '{ selector: { app: web }, ports: [{ port: 80, targetPort: 8080 }] }'),
  'app/ingress.yaml': outside,
})

const webPods = async () => (await berth.containers({ 'berth.dev/namespace': 'app-blue' })).length
const blue = () => ask(port, { host: 'blue.web.example.com' })

test('it sleeps when nobody asks for it, and the first request is held until its pod is ready', async () => {
  const first = berth.repository.commit('Start', files('production'))
  berth.start()
  await berth.synced(first)
  const production = { name: 'production', host: '127.0.0.1', port, header: 'web.example.com' }
  await berth.until('production answers', async () => (await ask(port, { host: production.header })).status === 200)
  const load = new Load({ paths: [production], clients: { keep: 1, new: 1 } })
  berth.repository.git('checkout', '-q', '-b', 'preview/blue')
  berth.repository.commit('Try blue', files('blue'))
  berth.repository.git('checkout', '-q', 'main')
  await berth.until('the preview answers', async () => (await blue()).text === 'blue\n')

  // Longer than it would stay awake by itself.
  const end = Date.now() + 12_000
  await berth.until('it was used for a while', async () => (await blue()).status !== 200 || Date.now() > end)
  expect(await berth.status()).toMatchObject({ previews: [{ id: 'blue', is: 'awake' }] })
  await berth.until('it sleeps', async ({ previews }) => previews?.[0]?.is === 'asleep' && (await webPods()) === 0)

  const began = performance.now()
  const [answer, ...others] = await Promise.all(Array.from({ length: 10 }, blue))
  const heldMs = Math.round(performance.now() - began)
  expect(answer).toMatchObject({ status: 200, text: 'blue\n' })
  expect(others.map(({ status }) => status)).toEqual(Array(9).fill(200))
  console.info(`held ${heldMs} ms`)

  expect((await berth.command('preview', 'sleep', 'app', 'blue')).code).toBe(0)
  await berth.until('it sleeps', async () => (await webPods()) === 0)
  const refused = await blue()
  expect([refused.status, refused.text.trim()]).toEqual([
    503,
    'the preview sleeps: it was put to sleep; berth preview wake app blue wakes it',
  ])
  expect((await berth.command('preview', 'wake', 'app', 'blue')).code).toBe(0)
  // HAProxy is told in the next moment.
  await berth.until('it answers again', async () => (await blue()).text === 'blue\n')

  const { counts, failures } = await load.end()
  expect(failures).toEqual([])
  for (const { answers } of counts) expect(answers).toBeGreaterThan(50)
})
