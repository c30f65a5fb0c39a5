// Many pull requests opened at once: how much longer a rolling update of production takes while their previews are being made. Arguments:
// number of pull requests (100). Exit code 1: something of them is left once they are closed.

import type { AppStatus } from '../src/report/status.ts'
import { ask } from '../src/server/client.ts'
import { TestBerth } from '../test/e2e/berth.ts'
import { testImages } from '../test/support/images.ts'
import { Bare } from './support/bare.ts'
import { countFrom, median } from './support/numbers.ts'
import { addressOf, benchEngine, endBerth } from './support/place.ts'

const replicas = 3
const alone = 3
const patienceMs = 900_000

export async function run(args: readonly string[]): Promise<void> {
  const count = countFrom(args, 100)
  const socket = await benchEngine()
  const bare = new Bare(socket)
  const berth = new TestBerth('bench-crowd', socket)
  try {
    const quota = { pods: '5' }
    berth.configure(
      {},
      {},
      { previews: { provider: 'branches', max: count, podSecurity: 'baseline', quota, interval: '1h' } },
    )
    berth.repository.commit('Start', { 'app/web.yaml': web('start', replicas) })
    berth.start('--interval', '1h', '--log-level', 'warn')
    await untilApp(berth, 'app', isHealthy)
    const before: number[] = []
    for (let round = 1; round <= alone; round += 1) before.push(await rollout(berth, `alone-${round}`))
    console.log(`production alone: ${before.map(seconds).join(', ')}`)
    const began = performance.now()
    openAll(berth, count)
    await ask(await addressOf(berth), 'POST', '/sync')
    await until('previews begin', async () => (await previewsOf(berth)).length > 0)
    const beside: number[] = []
    for (let round = 1; round <= alone; round += 1) {
      beside.push(await rollout(berth, `beside-${round}`))
      const ready = (await previewsOf(berth)).filter(isHealthy).length
      console.log(`after ${seconds(performance.now() - began)}: ${ready} of ${count} previews are healthy`)
    }
    await until('all previews', async () => (await previewsOf(berth)).filter(isHealthy).length === count)
    const allMs = performance.now() - began
    const left = await closeAll(berth, count)
    if (left > 0) process.exitCode = 1
    const ratio = median(beside) / median(before)
    console.log(
      `crowd: ${ratio.toFixed(2)}x as long for a rolling update of production (${seconds(median(before))} alone, ${beside.map(seconds).join(', ')} ` +
        `while ${count} previews come up), all of them healthy after ${seconds(allMs)}, left: ${left} containers`,
    )
  } finally {
    await endBerth(berth, (ids) => bare.remove(ids))
    bare.close()
  }
}

/** From the push until the new pods serve and the old ones are gone; ms. */
async function rollout(berth: TestBerth, message: string): Promise<number> {
  berth.repository.git('checkout', '-q', 'main')
  const began = performance.now()
  const commit = berth.repository.commit(message, { 'app/web.yaml': web(message, replicas) })
  await ask(await addressOf(berth), 'POST', '/sync')
  await untilApp(berth, 'app', (app) => app.commit === commit && isHealthy(app))
  return performance.now() - began
}

function openAll(berth: TestBerth, count: number): void {
  const { repository } = berth
  for (let number = 1; number <= count; number += 1) {
    repository.git('checkout', '-q', '-B', 'work', 'main')
    const commit = repository.commit(`p${number}`, { 'app/web.yaml': web(`p${number}`, 1) })
    repository.git('branch', '-q', '-f', `preview/p${number}`, commit)
  }
  repository.git('checkout', '-q', 'main')
}

/** Answers how many containers are left. */
async function closeAll(berth: TestBerth, count: number): Promise<number> {
  const began = performance.now()
  for (let number = 1; number <= count; number += 1) berth.repository.git('branch', '-q', '-D', `preview/p${number}`)
  await ask(await addressOf(berth), 'POST', '/sync')
  const foreign = async () =>
    (await berth.containers()).filter(({ Labels }) => Labels['berth.dev/namespace'] !== 'shop').length
  await until('nothing left', async () => (await foreign()) === 0)
  console.log(`closed: all gone after ${seconds(performance.now() - began)}`)
  return foreign()
}

async function previewsOf(berth: TestBerth): Promise<AppStatus[]> {
  const { apps } = JSON.parse(await ask(await addressOf(berth), 'GET', '/status')) as { apps: AppStatus[] }
  return apps.filter(({ preview }) => preview !== undefined)
}

async function untilApp(berth: TestBerth, name: string, holds: (app: AppStatus) => boolean): Promise<void> {
  const address = await addressOf(berth)
  await until(name, async () => {
    const { apps } = JSON.parse(await ask(address, 'GET', '/status')) as { apps: AppStatus[] }
    return apps.some((app) => app.name === name && holds(app))
  })
}

function isHealthy({ sync, health }: AppStatus): boolean {
  return sync === 'Synced' && health === 'Healthy'
}

/** Looks every 200 ms: the looks must not be what production waits for. */
async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + patienceMs
  while (performance.now() < end) {
    if (await holds()) return
    await new Promise((done) => setTimeout(done, 200))
  }
  throw new Error(`expected within ${patienceMs / 1000} s: ${what}`)
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

function web(message: string, count: number): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: ${count}
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: main
          image: ${testImages.one}
          env: [{ name: MESSAGE, value: ${message} }]
          readinessProbe: { httpGet: { port: 8080, path: / }, periodSeconds: 1 }
`
}
