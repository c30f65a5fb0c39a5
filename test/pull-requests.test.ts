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
  forge ??= new FakePullRequests(() => repository)
  await open({ previews: { ...previews, ...more } }, [], { pullRequests: () => forge }).start()
  await pass(12_000)
}

/** Production as it is beside all of them. */
async function begin(more: Partial<PreviewSettings> = {}): Promise<void> {
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
