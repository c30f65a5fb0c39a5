// Two Berths of one installation, which have not noticed each other, as they have two state directories.
import { afterEach, expect, test } from 'vitest'
import { silentLog } from '../src/base/log.ts'
import { Engine } from '../src/engine.ts'
import { Journal } from '../src/journal/journal.ts'
import { defaultNetwork } from '../src/manifests/config-network.ts'
import { Dice } from './sim/dice.ts'
import { FakeRuntime } from './sim/fake-runtime.ts'
import { clock, defaults, engine, open, pass, registry, repository, runtime } from './support/engine-fixture.ts'
import { branchPreviews } from './support/preview-settings.ts'

const previews = { ...branchPreviews, intervalMs: 1_000 }
const web = (image: string) => `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: main, image: "${image}" }] }
`
const db = `apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
`

let twin: Engine
let end: () => Promise<void>
afterEach(() => end())

async function both(): Promise<void> {
  repository.push('Start', { 'web.yaml': web('app:1') })
  await open({ previews }).start()
  twin = new Engine({
    settings: {
      ...{
        id: 'ours',
        hosts: [{ name: 'one', endpoint: 'unix:///none' }],
        stateDir: '/elsewhere',
        pauseImage: 'pause',
      },
      network: { ...defaultNetwork, mode: 'names', zone: 'cluster.local' },
      applications: [{ ...defaults, previews }],
    },
    runtime: new FakeRuntime({ hosts: ['one'], clock, dice: new Dice(2), registry, engines: runtime.engines }),
    ...{ journal: Journal.inMemory(), openRepository: async () => repository, clock, log: silentLog },
    random: () => 0.7,
  })
  let ended: Promise<void> | undefined
  end = () => (ended ??= twin.close())
  await twin.start()
  await pass(10_000)
}

const traces = () => [
  ...runtime.pods().map(({ namespace, owner, leaving }) => `${namespace} ${owner}${leaving ? ' leaving' : ''}`),
  ...runtime.volumes().map(({ namespace, subject }) => `${namespace} ${subject}`),
  ...runtime.hostFacts().flatMap(({ networks }) => [...networks].map((name) => `${name} network`)),
]

test('they make nothing twice, and leave nothing behind', async () => {
  await both()
  const production = ['shop Deployment/web', 'shop Deployment/web']
  expect(traces()).toEqual([...production, 'shop network'])
  for (const name of ['a', 'b', 'c'])
    repository.pushTo(`preview/${name}`, name, { 'web.yaml': web('app:2'), 'd.yaml': db })
  await pass(60_000)
  const of = (name: string) => [`shop-${name} Deployment/web`, `shop-${name} Deployment/web`]
  expect(
    traces()
      .filter((trace) => trace.includes('Deployment'))
      .sort(),
  ).toEqual([...production, ...of('a'), ...of('b'), ...of('c')].sort())
  repository.pushTo('preview/a', 'More', { 'web.yaml': web('app:1') })
  repository.drop('preview/b')
  await pass(90_000)
  expect(traces().filter((trace) => trace.startsWith('shop-b'))).toEqual([])
  expect(engine.status().map(({ name, sync, health }) => `${name} ${sync} ${health}`)).toEqual([
    'shop Synced Healthy',
    'shop/a Synced Healthy',
    'shop/c Synced Healthy',
  ])
  expect(twin.status().map(({ name, sync }) => `${name} ${sync}`)).toEqual([
    'shop Synced',
    'shop/a Synced',
    'shop/c Synced',
  ])
  repository.drop('preview/a')
  repository.drop('preview/c')
  await pass(90_000)
  expect(traces()).toEqual([...production, 'shop network'])
})

test('what one was told the other does not know: they undo each other there and nowhere else, until one of them ends', async () => {
  await both()
  repository.pushTo('preview/a', 'a', { 'web.yaml': web('app:2') })
  await pass(60_000)
  const production = runtime.pods().flatMap(({ namespace, name }) => (namespace === 'shop' ? [name] : []))
  engine.previews.answer('sleep', 'shop', 'a')
  await pass(60_000)
  const isMade = ({ name, message }: { readonly name: string; readonly message: string }) =>
    name === 'web' && message.startsWith('create pod web-')
  expect(twin.status()[1]?.objects.some(isMade)).toBe(true)
  expect(engine.status()[0]).toMatchObject({ sync: 'Synced', health: 'Healthy' })
  await end()
  await pass(60_000)
  expect(traces().filter((trace) => trace.startsWith('shop-a'))).toEqual(['shop-a network'])
  expect(runtime.pods().map(({ name }) => name)).toEqual(production)
})
