// A crowd of previews, and what kills Berth or Docker in the middle of it.
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { AppStatus } from '../../src/report/status.ts'
import { mayStartEngines, startTestEngine } from '../support/docker-engine.ts'
import { engineJson } from '../support/engine-call.ts'
import { ensureTestImages, testImages } from '../support/images.ts'
import { TestBerth } from './berth.ts'
import { tracesOf, web } from './pull-scene.ts'

const names = Array.from({ length: 12 }, (_, index) => `p${index}`)
const previews = { provider: 'branches', interval: '1s', podSecurity: 'restricted', max: 50, quota: { pods: '5' } }
const claim = `apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db }
spec:
  serviceName: db
  selector: { matchLabels: { app: db } }
  template:
    metadata: { labels: { app: db } }
    spec:
      terminationGracePeriodSeconds: 1
      securityContext: { runAsNonRoot: true, runAsUser: 65534, fsGroup: 65534, seccompProfile: { type: RuntimeDefault } }
      containers:
        - name: main
          image: ${testImages.one}
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: [ALL] } }
          volumeMounts: [{ name: data, mountPath: /data }]
  volumeClaimTemplates:
    - metadata: { name: data }
      spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
`

/** Opens them, or pushes to them. */
function push(berth: TestBerth, all: readonly string[], message: string): void {
  const { repository } = berth
  for (const name of all) {
    repository.git('checkout', '-q', '-B', 'work', 'main')
    const oid = repository.commit(`${name} ${message}`, { 'app/web.yaml': web(`${name}-${message}`) })
    repository.git('branch', '-q', '-f', `preview/${name}`, oid)
  }
  repository.git('checkout', '-q', 'main')
}

function shut(berth: TestBerth, all: readonly string[]): void {
  for (const name of all) berth.repository.git('branch', '-q', '-D', `preview/${name}`)
}

async function apps(berth: TestBerth): Promise<AppStatus[]> {
  const { stdout } = await berth.command('status', '-o', 'json')
  return (JSON.parse(stdout) as { apps: AppStatus[] }).apps
}

/** All of these previews, and production with them, are as they are to be; of no others there is anything. */
async function converged(berth: TestBerth, all: readonly string[]): Promise<void> {
  const wanted = ['app', ...all.map((name) => `app/${name}`)].sort()
  const namespaces = ['shop', ...all.map((name) => `app-${name}`)].sort()
  let last = ''
  await berth
    .until(
      `${all.length} previews`,
      async () => {
        const found = await apps(berth)
        last = found.map(({ name, sync, health, message: why }) => `${name} ${sync} ${health} ${why}`).join('\n')
        const good = found.filter(({ sync, health }) => sync === 'Synced' && health === 'Healthy')
        const isGood = good.length === found.length && found.every(({ name }) => wanted.includes(name))
        return isGood && found.length === wanted.length && (await tracesOf(berth)).join() === namespaces.join()
      },
      300_000,
    )
    .catch((error: unknown) => {
      throw new Error(`${last}\n${String(error).slice(-3_000)}`)
    })
  const running = (await berth.containers({ 'berth.dev/container': 'main' })).filter(({ State }) => State === 'running')
  const pods = running.map(({ Labels }) => `${Labels['berth.dev/namespace']}/${Labels['berth.dev/pod']}`)
  expect(new Set(pods).size).toBe(pods.length)
  // The database of production has its own, and each preview another.
  const db = running.filter(({ Labels }) => String(Labels['berth.dev/pod']).includes('db'))
  const data = db.map(({ Mounts }) => Mounts.map(({ Source }) => Source).find((source) => source.includes('volumes')))
  expect(new Set(data).size).toBe(all.length + 1)
}

/** When each container of a member of these namespaces was started, ms. */
async function startedAt(berth: TestBerth, of: (namespace: string) => boolean): Promise<number[]> {
  const found = (await berth.containers({ 'berth.dev/container': 'main' })).filter(({ Labels }) =>
    of(Labels['berth.dev/namespace'] ?? ''),
  )
  const times = found.map(async ({ Id }) => {
    const { State } = await engineJson<{ State: { StartedAt: string } }>(berth.socket, 'GET', `/containers/${Id}/json`)
    return Date.parse(State.StartedAt)
  })
  return (await Promise.all(times)).sort((a, b) => a - b)
}

async function productionCameFirst(berth: TestBerth): Promise<void> {
  const production = await startedAt(berth, (namespace) => namespace === 'shop')
  const others = await startedAt(berth, (namespace) => namespace.startsWith('app-'))
  const before = others.filter((at) => at < (production.at(-1) ?? 0)).length
  expect(before, `${before} of ${others.length} containers of previews began before production was there`).toBeLessThan(
    others.length / 2,
  )
}

async function begun(berth: TestBerth): Promise<void> {
  berth.configure({}, {}, { previews })
  const first = berth.repository.commit('Start', { 'app/web.yaml': web('start', 3), 'app/db.yaml': claim })
  berth.start()
  await berth.synced(first, 120_000)
}

test('SIGKILL while previews wait for production: the next start does what is still wanted, production first', async () => {
  const berth = new TestBerth('preview-kill')
  try {
    await ensureTestImages(berth.socket)
    await begun(berth)
    for (const round of [1, 2]) {
      push(berth, names, `one-${round}`)
      const commit = berth.repository.commit(`Roll ${round}`, { 'app/web.yaml': web(`roll-${round}`, 3) })
      await berth.until('previews wait', (app) => app.head === commit && (app.previews?.length ?? 0) === names.length)
      await sleep(round * 700)
      await berth.stop('SIGKILL')
      const [gone, stay] = [names.slice(0, 6), names.slice(6)]
      shut(berth, gone)
      push(berth, stay, `two-${round}`)
      berth.start()
      await berth.synced(commit, 180_000)
      await converged(berth, stay)
      if (round === 1) await productionCameFirst(berth)
      shut(berth, stay)
      await converged(berth, [])
    }
  } finally {
    await berth.close()
  }
}, 1_200_000)

test.runIf(mayStartEngines)(
  'Docker is killed in a crowd of previews, and again while they go',
  async () => {
    await using engine = await startTestEngine()
    await ensureTestImages(engine.host)
    const berth = new TestBerth('preview-docker', engine.host, engine.command)
    try {
      await begun(berth)
      push(berth, names, 'one')
      const half = async () => (await berth.containers()).length > names.length * 2
      await berth.until('half of them are there', half, 180_000)
      await engine.stop('kill')
      const [gone, stay] = [names.slice(0, 6), names.slice(6)]
      shut(berth, gone)
      await engine.start()
      await converged(berth, stay)
      await productionCameFirst(berth)
      shut(berth, stay.slice(0, 3))
      await berth.until('some are gone', async () => (await tracesOf(berth)).length < stay.length + 1, 120_000)
      await engine.stop('kill')
      await engine.start()
      await converged(berth, stay.slice(3))
      shut(berth, stay.slice(3))
      await converged(berth, [])
    } finally {
      await berth.close()
    }
  },
  1_200_000,
)
