// What previews wait for production with, and do not do any more once they are closed.
import { expect, test, vi } from 'vitest'
import { done, engine, open, pass, repository, runtime, status } from './support/engine-fixture.ts'
import { branchPreviews } from './support/preview-settings.ts'

const web = (image: string) => `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: main, image: "${image}" }] }
`
const names = ['a', 'b', 'c', 'd', 'e', 'f']
const traces = () => [
  ...runtime.pods().flatMap(({ namespace, name }) => (namespace === 'shop' ? [] : [`${namespace} ${name}`])),
  ...runtime.hostFacts().flatMap(({ networks }) => [...networks].filter((name) => name !== 'shop')),
]

/** Production is at work for as long as nobody calls what this answers, and previews wait for that. */
async function busyProduction(): Promise<() => void> {
  repository.push('Start', { 'web.yaml': web('app:1') })
  await open({ previews: { ...branchPreviews, intervalMs: 1_000 } }).start()
  await pass(6_000)
  const create = runtime.createSandbox.bind(runtime)
  let free = () => {}
  const held = new Promise<void>((done) => (free = done))
  vi.spyOn(runtime, 'createSandbox').mockImplementation(async (pod, spec) => {
    if (pod.namespace === 'shop') await held
    return create(pod, spec)
  })
  repository.push('Roll', { 'web.yaml': web('app:2') })
  await pass(11_000)
  done.length = 0
  for (const name of names) repository.pushTo(`preview/${name}`, name, { 'web.yaml': web('app:2') })
  return free
}

test('previews that are closed while they wait for production do nothing, and are gone at once', async () => {
  const free = await busyProduction()
  await pass(4_000)
  expect(status().previews).toHaveLength(names.length)
  for (const name of names) repository.drop(`preview/${name}`)
  await pass(6_000)
  expect(engine.status().map(({ name }) => name)).toEqual(['shop'])
  expect(engine.previews.listed('shop')).toEqual([])
  expect([traces(), done]).toEqual([[], []])
  free()
  await pass(30_000)
  expect(done.join()).not.toContain('shop-')
  expect(traces()).toEqual([])
  expect(status()).toMatchObject({ sync: 'Synced', health: 'Healthy' })
})

test('a push to a preview that waits is what is made, and nothing of what was there before it', async () => {
  const free = await busyProduction()
  await pass(4_000)
  for (const name of names) repository.pushTo(`preview/${name}`, 'Mend', { 'web.yaml': web('app:1') })
  await pass(3_000)
  free()
  await pass(60_000)
  const images = runtime.pods().map(({ namespace, containers }) => `${namespace} ${containers[0]?.image}`)
  expect(images.sort()).toEqual(['shop app:2', ...names.map((name) => `shop-${name} app:1`)])
  expect(done.filter((text) => text.startsWith('create pod web-'))).toHaveLength(names.length + 1)
})

test('an engine that ends begins nothing of what previews wait with', async () => {
  const free = await busyProduction()
  await pass(4_000)
  const closed = engine.close()
  await pass(500)
  free()
  await pass(500)
  await closed
  expect(traces()).toEqual([])
})
