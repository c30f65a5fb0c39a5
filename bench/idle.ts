// Nothing changes: what 1,000 workloads (3,000 pods) without an engine cost, and what Berth asks of a real engine with 50 pods. Argument:
// seconds of each.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ask } from '../src/server/client.ts'
import { runningEngine } from '../src/server/state-dir.ts'
import { testImages } from '../test/support/images.ts'
import { Bare } from './support/bare.ts'
import { countingProxy } from './support/counting-proxy.ts'
import { countFrom } from './support/numbers.ts'
import { benchEngine, endBerth, settledBerth } from './support/place.ts'
import { settledSimEngine } from './support/sim-engine.ts'

const workloads = 1_000
const pods = 50
const pollMs = 30_000
/** Probes' first looks, the collector's work after the start, the optimizer's. */
const restMs = 10_000

export async function run(args: readonly string[]): Promise<void> {
  const seconds = countFrom(args, 60)
  const many = await manyWorkloads(seconds)
  const sim = `${many.share.toFixed(2)} % of a core, ${many.calls} calls to the runtime`
  console.log(`${workloads} workloads in memory, polled every ${pollMs / 1000} s: ${sim}`)
  const real = await realEngine(seconds)
  const calls = real.calls.length === 0 ? 'no call to Docker' : `calls to Docker: ${real.calls.join(', ')}`
  console.log(`${pods} pods on Docker: ${real.share.toFixed(2)} % of a core, ${calls}`)
  const target = 'target < 0.5 %, only the relist'
  console.log(
    `idle: ${many.share.toFixed(2)} % of a core, ${many.calls + real.calls.length} Docker calls in ${seconds} s (${target})`,
  )
}

async function manyWorkloads(seconds: number): Promise<{ share: number; calls: number }> {
  await using sim = await settledSimEngine(workloads, pollMs)
  await rest(restMs)
  const callsBefore = sim.runtime.calls
  const cpuBefore = process.cpuUsage()
  await rest(seconds * 1000)
  const { user, system } = process.cpuUsage(cpuBefore)
  return { share: (user + system) / 1e4 / seconds, calls: sim.runtime.calls - callsBefore }
}

async function realEngine(seconds: number): Promise<{ share: number; calls: string[] }> {
  const socket = await benchEngine()
  const bare = new Bare(socket)
  await using proxy = await countingProxy(socket)
  const berth = await settledBerth('idle', proxy.endpoint, '30s')
  try {
    const commit = berth.repository.commit('Deploy', { 'app/web.yaml': manifest() })
    const { address = '', pid = 0 } = runningEngine(join(berth.dir, 'state')) ?? {}
    await ask(address, 'POST', '/sync')
    await berth.synced(commit, 300_000)
    await rest(restMs)
    proxy.calls.length = 0
    const before = cpuSeconds(pid)
    await rest(seconds * 1000)
    const share = ((cpuSeconds(pid) - before) / seconds) * 100
    return { share, calls: [...proxy.calls] }
  } finally {
    await endBerth(berth, (ids) => bare.remove(ids))
    bare.close()
  }
}

/** User and system time of a process. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  const ticksPerSecond = 100
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

function rest(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms))
}

/** Without probes: these are work that was asked for. */
function manifest(): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: ${pods}
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers: [{ name: main, image: '${testImages.one}' }]
`
}
