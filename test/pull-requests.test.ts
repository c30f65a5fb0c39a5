// What pull requests of a forge do to an engine: those of strangers, those that change, and those that mean harm.
import { expect, test, vi } from 'vitest'
import type { PreviewSettings } from '../src/settings.ts'
import { breathe, clock, engine, open, pass, repository, runtime, status } from './support/engine-fixture.ts'
import { FakePullRequests } from './support/fake-pull-requests.ts'

const previews: PreviewSettings = {
  ...{ provider: 'github', branches: '', images: undefined, targetBranch: undefined },
  ...{ labels: [], drafts: false, max: 10, maxAwake: 10, ttlMs: 72 * 3_600_000, sleepAfterMs: 72 * 3_600_000 },
  ...{ keepLabel: 'keep', sleepLabel: 'sleep', approveLabel: 'ok', hostTemplate: '{{id}}.{{host}}', host: undefined },
  ...{ podSecurity: 'restricted', quota: { pods: '20' }, intervalMs: 10_000 },
  ...{ comments: true, statuses: true, hookTimeoutMs: 300_000 },
}
const safe = `securityContext: { allowPrivilegeEscalation: false, runAsNonRoot: true, capabilities: { drop: [ALL] },
            seccompProfile: { type: RuntimeDefault } }`
const web = (image = 'app:1', pod = '', container = '') => `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers: [{ name: main, image: "${image}", ${safe}${container} }]${pod}
`
const claim = `apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
`
const user = web('app:1', '\n      volumes: [{ name: d, persistentVolumeClaim: { claimName: data } }]')
const fork = { fork: true, author: 'eve', authorMayWrite: false }

let forge: FakePullRequests

async function start(more: Partial<PreviewSettings> = {}): Promise<void> {
  await open({ previews: { ...previews, ...more } }, [], { pullRequests: () => forge }).start()
  await pass(12_000)
}

/** Production as it is beside all of them, on a host that keeps pods apart. */
async function begin(more: Partial<PreviewSettings> = {}): Promise<void> {
  const facts = runtime.hostFacts.bind(runtime)
  vi.spyOn(runtime, 'hostFacts').mockImplementation(() =>
    facts().map((host) => ({ ...host, network: { ...host.network, mode: 'services' } })),
  )
  forge = new FakePullRequests(() => repository)
  repository.push('Start', { 'web.yaml': web() })
  await start(more)
}

const traces = (): string[] => {
  const pods = runtime.pods().map(({ namespace, owner }) => `${namespace} ${owner}`)
  const volumes = runtime.volumes().map(({ namespace, subject }) => `${namespace} ${subject}`)
  const networks = [...(runtime.hostFacts()[0]?.networks ?? [])].map((name) => `${name} network`)
  return [...pods, ...volumes, ...networks].filter((trace) => !trace.startsWith('shop ')).sort()
}
const podsOf = (number: number) => runtime.pods().filter(({ namespace }) => namespace === `shop-pr-${number}`)
const statusOf = (number: number) => engine.status().find(({ name }) => name === `shop/pr-${number}`)
const problemsOf = (number: number) => (statusOf(number)?.problems ?? []).map(({ message }) => message).join('\n')
const rows = (): string[] => (status().previews ?? []).map(({ id, is, reason }) => `${id} ${is} ${reason}`.trim())

test('until the last pod of a closed preview is gone, it reaches nobody else', async () => {
  await begin()
  forge.open(7, { 'data.yaml': claim, 'web.yaml': user })
  await pass(30_000)
  expect(podsOf(7)).toHaveLength(1)
  const unjudged: string[] = []
  vi.spyOn(runtime, 'setNetwork').mockImplementation(({ policies }) => {
    const judged = new Set(policies.flatMap(({ pod, egress }) => (egress === undefined ? [] : [pod])))
    const open = podsOf(7).filter(({ name, address }) => address !== undefined && !judged.has(`shop-pr-7/${name}`))
    unjudged.push(...open.map(({ name }) => name))
  })
  forge.shut(7)
  await pass(90_000)
  expect([traces(), unjudged]).toEqual([[], []])
})

test('more than its quota of what is no pod is refused, not only told', async () => {
  await begin({ quota: { pods: '20', 'requests.storage': '10Gi' } })
  forge.open(7, { 'data.yaml': claim.replace('1Gi', '11Gi') })
  await pass(30_000)
  expect(problemsOf(7)).toBe('expected no more than spec.previews.quota allows, found requests.storage: 11Gi of 10Gi')
  expect(traces()).toEqual([])
})

test('a stranger’s pull request has nothing until somebody approves its head, and then no Secrets and no way out', async () => {
  const secret = 'apiVersion: v1\nkind: Secret\nmetadata: { name: s }\nstringData: { a: b }\n'
  await begin()
  const before = engine.status().length
  forge.open(7, { 'secret.yaml': secret }, fork)
  forge.open(8, { 'secret.yaml': secret }, { authorMayWrite: undefined })
  await pass(30_000)
  expect(rows()).toEqual([
    'pr-7 unapproved it comes from a fork, and nobody who may write to the repository has approved it',
    'pr-8 unapproved its author may not write to the repository, and nobody who may has approved it',
  ])
  expect([traces(), engine.status()]).toEqual([[], expect.objectContaining({ length: before })])
  forge.approve(7, { commit: 'ffffffff' })
  await pass(30_000)
  expect(traces()).toEqual([])
  const { mock } = vi.spyOn(runtime, 'setNetwork')
  forge.approve(7)
  await pass(30_000)
  expect(podsOf(7)).toHaveLength(1)
  expect(statusOf(7)?.ignored.join()).toContain('Secret s: there are no Secrets')
  const policy = mock.calls.at(-1)?.[0].policies.find(({ pod }) => pod.startsWith('shop-pr-7/'))
  expect(policy?.egress).toEqual([{ peers: [podsOf(7)[0]?.address], except: [], ports: undefined }])
})

test('an approval holds for what was looked at: a push takes the preview away', async () => {
  await begin()
  forge.open(7, {}, fork)
  forge.approve(7)
  await pass(30_000)
  expect(podsOf(7)).toHaveLength(1)
  forge.push(7, { 'more.yaml': claim })
  await pass(60_000)
  expect(rows()[0]).toMatch(/^pr-7 unapproved/)
  expect(traces()).toEqual([])
  forge.approve(7)
  await pass(30_000)
  expect(podsOf(7)).toHaveLength(1)
  forge.change(7, { approvals: [] })
  await pass(60_000)
  expect(traces()).toEqual([])
})

test('a label approves the commit that it was given for', async () => {
  await begin()
  forge.open(7, {}, fork)
  await pass(30_000)
  forge.push(7, { 'evil.yaml': claim })
  forge.approve(7, { id: 'label 1', commit: undefined })
  await pass(60_000)
  expect(traces()).toEqual([])
  forge.change(7, { approvals: [] })
  await pass(30_000)
  forge.approve(7, { id: 'label 2', commit: undefined })
  await pass(30_000)
  expect(podsOf(7)).toHaveLength(1)
})

test('where nothing keeps pods from the outside, strangers have no previews, whoever approves', async () => {
  await begin()
  vi.mocked(runtime.hostFacts).mockRestore()
  forge.open(7, {}, fork)
  forge.approve(7)
  await pass(30_000)
  expect(rows()).toEqual([
    'pr-7 queued on host one nothing keeps it from the outside: those who may not write need network.mode services',
  ])
  expect(traces()).toEqual([])
})

const changes: readonly {
  title: string
  settings?: Partial<PreviewSettings>
  more?: object
  away: object
  back: object
}[] = [
  {
    title: 'a label',
    settings: { labels: ['preview'] },
    more: { labels: ['preview'] },
    away: { labels: [] },
    back: { labels: ['preview'] },
  },
  { title: 'its base', away: { targetBranch: 'release' }, back: { targetBranch: 'main' } },
  { title: 'being a draft', away: { draft: true }, back: { draft: false } },
  { title: 'its author’s right to write', away: { authorMayWrite: false }, back: { authorMayWrite: true } },
]
test.each(changes)(
  'what takes $title away takes the preview away, with its data',
  async ({ settings, more, away, back }) => {
    await begin(settings)
    forge.open(7, { 'data.yaml': claim, 'web.yaml': user }, more)
    await pass(30_000)
    expect(traces()).toHaveLength(3)
    forge.change(7, away)
    await pass(60_000)
    expect(traces()).toEqual([])
    forge.change(7, back)
    await pass(30_000)
    expect(podsOf(7)).toHaveLength(1)
  },
)

test('closed while it is deployed, reopened, merged and reopened: one namespace at the end', async () => {
  await begin()
  const head = forge.open(7, { 'data.yaml': claim, 'web.yaml': user })
  engine.syncNow()
  for (let moment = 0; moment < 12; moment++) await breathe().then(() => clock.advance(100))
  forge.shut(7)
  engine.syncNow()
  await pass(500)
  forge.open(7, {})
  engine.syncNow()
  await pass(60_000)
  expect(statusOf(7)).toMatchObject({ sync: 'Synced', health: 'Healthy' })
  forge.shut(7)
  repository.push('Merge', { 'data.yaml': claim, 'web.yaml': user })
  await pass(60_000)
  expect(traces()).toEqual([])
  forge.open(7, {})
  expect(forge.find(7)?.head).not.toBe(head)
  await pass(60_000)
  expect(traces()).toEqual(['shop-pr-7 Deployment/web', 'shop-pr-7 PersistentVolumeClaim/data', 'shop-pr-7 network'])
  expect(status()).toMatchObject({ sync: 'Synced', health: 'Healthy' })
})

test('a force-push is followed, also to another history', async () => {
  await begin()
  forge.open(7, { 'data.yaml': claim, 'web.yaml': user })
  await pass(30_000)
  const head = forge.push(7, { 'web.yaml': web('app:2') }, { force: true })
  await pass(60_000)
  expect(statusOf(7)).toMatchObject({ commit: head, sync: 'Synced', health: 'Healthy' })
  expect(traces()).toEqual(['shop-pr-7 Deployment/web', 'shop-pr-7 network'])
})

test('of 500 open ones ten have previews, and each of the others knows that it waits', async () => {
  await begin({ maxAwake: 3 })
  for (let number = 1; number <= 500; number++) forge.open(number, {})
  await pass(40_000)
  const count = (word: string) => rows().filter((row) => row.split(' ')[1] === word).length
  expect([count('awake'), count('asleep'), count('queued')]).toEqual([3, 7, 490])
  expect(new Set(runtime.pods().map(({ namespace }) => namespace)).size).toBe(4)
  expect(engine.status()).toHaveLength(11)
  for (const number of forge.numbers) forge.shut(number)
  await pass(60_000)
  expect([traces(), rows()]).toEqual([[], []])
})

test('opened and closed a hundred times, it leaves no network and no volume', async () => {
  await begin()
  for (let round = 0; round < 100; round++) {
    forge.open(7, { 'data.yaml': claim, 'web.yaml': user })
    engine.syncNow()
    await pass(round % 10 === 0 ? 5_000 : 250 * (round % 4))
    forge.shut(7)
    engine.syncNow()
    await pass(250 * (round % 3))
  }
  await pass(90_000)
  expect(traces()).toEqual([])
  expect(status()).toMatchObject({ sync: 'Synced', health: 'Healthy' })
})

const hostile: readonly (readonly [title: string, files: Readonly<Record<string, string>>, problem: string])[] = [
  [
    'folders of the host',
    { 'web.yaml': web('app:1', '\n      volumes: [{ name: v, hostPath: { path: /etc } }]') },
    'hostPath',
  ],
  [
    'a privileged container',
    {
      'web.yaml': web().replace('allowPrivilegeEscalation: false', 'privileged: true, allowPrivilegeEscalation: false'),
    },
    'spec.previews.podSecurity',
  ],
  ['the host’s network', { 'web.yaml': web('app:1', '\n      hostNetwork: true') }, 'expected false'],
  [
    'a share of the network',
    { 'web.yaml': web('app:1', '\n      volumes: [{ name: v, nfs: { server: nas, path: / } }]') },
    'expected a volume of another type',
  ],
  [
    'another namespace',
    { 'c.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: c, namespace: kube-system }\n' },
    'expected a namespace of the application',
  ],
  [
    'the namespace of another preview',
    { 'c.yaml': claim.replace('name: data', 'name: data, namespace: shop-pr-8') },
    'found "shop-pr-8"',
  ],
  [
    'a million pods',
    { 'web.yaml': web().replace('spec:\n  selector', 'spec:\n  replicas: 1000000\n  selector') },
    'at most 20',
  ],
  [
    'the policy of previews',
    {
      'p.yaml':
        'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: berth-preview }\nspec: { podSelector: {}, policyTypes: [Egress], egress: [{}] }\n',
    },
    'is berth’s own in a preview',
  ],
  [
    'all hosts of a domain',
    {
      'i.yaml':
        'apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: { name: i }\nspec: { rules: [{ host: "*.example.com", http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: w, port: { number: 80 } } } }] } }] }\n',
    },
    'no wildcard',
  ],
]
test.each(hostile)('a pull request that wants %s gets nothing, and is told why', async (_title, files, problem) => {
  await begin()
  const before = runtime.pods()
  forge.open(7, files)
  await pass(30_000)
  expect(statusOf(7)).toMatchObject({ sync: 'Refused' })
  expect((statusOf(7)?.problems ?? []).map(({ path, message }) => `${path} ${message}`).join()).toContain(problem)
  expect(traces()).toEqual([])
  expect(runtime.pods()).toEqual(before)
  expect(status()).toMatchObject({ sync: 'Synced', health: 'Healthy' })
})

test('its own limits, namespace and engine are not a pull request’s to write', async () => {
  await begin({ quota: { pods: '2' } })
  forge.open(7, {
    'berth.yaml': `apiVersion: berth.dev/v1
kind: Application
metadata: { name: shop }
spec: { source: { repoURL: "https://evil.example.com" }, previews: { provider: branches, quota: { pods: "99" } } }
`,
    'quota.yaml': 'apiVersion: v1\nkind: ResourceQuota\nmetadata: { name: more }\nspec: { hard: { pods: "99" } }\n',
    'range.yaml':
      'apiVersion: v1\nkind: LimitRange\nmetadata: { name: l }\nspec: { limits: [{ type: Pod, max: { cpu: "9" } }] }\n',
    'space.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: { name: shop, labels: { a: b } }\n',
    ...Object.fromEntries(['a', 'b', 'c'].map((name) => [`${name}.yaml`, web().replace('name: web', `name: ${name}`)])),
  })
  await pass(60_000)
  expect(podsOf(7)).toHaveLength(2)
  expect(
    statusOf(7)
      ?.objects.map(({ message }) => message)
      .join(),
  ).toContain('exceeded quota: berth-preview')
  expect(statusOf(7)?.objects.filter(({ kind }) => kind === 'ResourceQuota')).toMatchObject([{ name: 'berth-preview' }])
  expect(status()).toMatchObject({ sync: 'Synced', health: 'Healthy', previews: [{ namespace: 'shop-pr-7' }] })
})

test('what runs badly runs badly alone', async () => {
  await begin()
  const before = runtime.pods().map(({ name }) => name)
  forge.open(1, { 'web.yaml': 'kind: [' })
  forge.open(2, { 'web.yaml': web('none:1') })
  forge.open(3, { 'web.yaml': web('done:1') })
  await pass(120_000)
  expect(statusOf(1)).toMatchObject({ sync: 'Refused', health: 'Missing' })
  expect(statusOf(2)?.message).toMatch(/ErrImagePull|ImagePullBackOff/)
  expect(statusOf(3)?.message).toMatch(/CrashLoopBackOff/)
  expect(status()).toMatchObject({ sync: 'Synced', health: 'Healthy' })
  expect(
    runtime
      .pods()
      .filter(({ namespace }) => namespace === 'shop')
      .map(({ name }) => name),
  ).toEqual(before)
})

test('what a forge does not say is not closed', async () => {
  await begin()
  forge.open(7, {})
  forge.open(8, {}, fork)
  forge.approve(8)
  await pass(30_000)
  const before = traces()
  expect(before).toHaveLength(4)
  forge.trouble = new Error('502 Bad Gateway')
  forge.shut(7)
  await pass(600_000)
  expect(traces()).toEqual(before)
  expect(status().warnings).toEqual(['pull requests are not known, previews stay as they are: 502 Bad Gateway'])
  await engine.close()
  runtime.restart()
  await start()
  await pass(60_000)
  expect(traces()).toEqual(before)
  forge.trouble = undefined
  await pass(400_000)
  expect(traces()).toEqual(before.filter((trace) => trace.startsWith('shop-pr-8 ')))
})

test('the name of a Secret of production leads nowhere', async () => {
  await begin()
  repository.push('Add', { 's.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: { name: s }\nstringData: { a: b }\n' })
  forge.open(7, { 's.yaml': null, 'web.yaml': web('app:1', '', ', envFrom: [{ secretRef: { name: s } }]') })
  await pass(40_000)
  expect(podsOf(7).flatMap(({ containers }) => containers)).toEqual([])
  expect(statusOf(7)?.message).toMatch(/Secret shop-pr-7\/s not found/)
})

test('a list that failed is asked for again soon, however seldom it is asked for', async () => {
  await begin({ intervalMs: 3_600_000 })
  forge.trouble = new Error('502 Bad Gateway')
  engine.syncNow()
  await pass(5_000)
  forge.trouble = undefined
  forge.open(7, {})
  await pass(90_000)
  expect(rows()).toEqual(['pr-7 awake'])
})
