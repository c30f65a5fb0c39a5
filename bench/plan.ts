// 10,000 Deployments with 30,000 pods: from a commit that changes one file to the first pod that the new plan asks for, through the whole
// engine without Git and Docker; against the same with 100 Deployments. Argument: number of Deployments.
import { keepYoungSpaceSmall } from '../src/cli/memory.ts'
import { countFrom, quantile } from './support/numbers.ts'
import { deployment, fileOf, type SimEngine, settledSimEngine, until } from './support/sim-engine.ts'

const commits = 60
const small = 100

export async function run(args: readonly string[]): Promise<void> {
  const workloads = countFrom(args, 10_000)
  // As `berth run` does.
  keepYoungSpaceSmall()
  const few = await measured(small)
  console.log(`${small} Deployments: ${told(few)}`)
  const began = performance.now()
  const many = await measured(workloads)
  console.log(
    `${workloads} Deployments: ${told(many)}; with their first roll-out ${seconds(performance.now() - began)}`,
  )
  const ms = quantile(many.times, 0.5)
  const growth = `${(ms / quantile(few.times, 0.5)).toFixed(1)}x that of ${small}`
  const target = 'target <= 50 ms, <= 400 MB'
  console.log(
    `plan: ${ms.toFixed(1)} ms p50 (${growth}), ${many.memoryMB.toFixed(0)} MB (${workloads} Deployments; ${target})`,
  )
}

interface Measured {
  readonly times: readonly number[]
  readonly memoryMB: number
  readonly heapMB: number
}

function told({ times, memoryMB, heapMB }: Measured): string {
  const [p50, p99] = [quantile(times, 0.5), quantile(times, 0.99)]
  return `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms; ${memoryMB.toFixed(0)} MB, of which heap ${heapMB.toFixed(0)} MB`
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

async function measured(workloads: number): Promise<Measured> {
  await using sim = await settledSimEngine(workloads, 3_600_000)
  const times: number[] = []
  for (let number = 0; number < commits; number += 1) {
    times.push(await planned(sim, Math.floor((number * workloads) / commits)))
    await until(() => sim.engine.quiet && sim.engine.outcome() === 'synced')
  }
  globalThis.gc?.()
  await new Promise((done) => setTimeout(done, 500))
  globalThis.gc?.()
  const { rss, heapUsed } = process.memoryUsage()
  return { times, memoryMB: rss / 1e6, heapMB: heapUsed / 1e6 }
}

/** ms from the commit to the first call that its plan leads to. */
function planned({ engine, runtime, repository }: SimEngine, workload: number): Promise<number> {
  repository.add({ [fileOf(workload)]: deployment(workload, 2) })
  return new Promise((done) => {
    const began = performance.now()
    runtime.onCreate = () => {
      runtime.onCreate = () => {}
      done(performance.now() - began)
    }
    engine.syncNow()
  })
}
