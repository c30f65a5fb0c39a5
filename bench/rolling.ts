// Requests that fail while pods are replaced, killed, scaled, and while Berth and its node container are replaced. Arguments: how often each
// is done, and which variants (all without). Nothing is sent twice: every request without a complete answer counts. Exit code 1: some failed.
import type { LoadFailure } from '../test/support/load.ts'
import { isMain, renderCounts, renderFailures, Scene } from './support/load-scene.ts'
import { Shop } from './support/load-shop.ts'
import { type Variant, variants } from './support/load-variants.ts'
import { countFrom } from './support/numbers.ts'

/** Kinds of failures that are told with what happened around them. */
const mostKinds = 6

interface Sum {
  requests: number
  /** Through Services that do not say how they are to be carried, and Ingress. */
  failed: number
  /** Of those the ones that a killed pod may have had. */
  allowed: number
  /** Through Services that say how. */
  others: number
}

export async function run(args: readonly string[]): Promise<void> {
  const words = args.filter((word) => !/^\d+$/.test(word))
  const times = countFrom(
    args.filter((word) => /^\d+$/.test(word)),
    10,
  )
  const all: Readonly<Record<string, Variant>> = variants
  const unknown = words.find((word) => !(word in all))
  if (unknown !== undefined) throw new TypeError(`no variant "${unknown}"; there are: ${Object.keys(all).join(', ')}`)
  const scene = await Scene.open(await Shop.open('rolling'))
  const sums: Sum[] = []
  try {
    for (const name of scene.unserved) console.log(`not served, and so not measured: ${name}`)
    for (const name of words.length > 0 ? words : Object.keys(all)) {
      sums.push(await measured(scene, name, all[name]!, times))
    }
  } finally {
    await scene.close()
  }
  const total = (count: (sum: Sum) => number) => sums.reduce((so, sum) => so + count(sum), 0)
  const [failed, allowed] = [total((sum) => sum.failed), total((sum) => sum.allowed)]
  if (failed > allowed) process.exitCode = 1
  const inside = allowed > 0 ? `, ${allowed} of them in pods that were killed` : ''
  const others = `${total((sum) => sum.others)} more through Services with a mode of their own`
  console.log(`rolling: ${failed} failed of ${total((sum) => sum.requests)} requests${inside}; ${others} (target 0)`)
}

async function measured(scene: Scene, name: string, { clients, run: act }: Variant, times: number): Promise<Sum> {
  const began = performance.now()
  scene.begin(clients)
  const { what, mayFail = () => false } = await act(scene, times)
  const { counts, failures } = await scene.end()
  const seconds = ((performance.now() - began) / 1000).toFixed(0)
  const requests = counts.reduce((sum, { answers, failed }) => sum + answers + failed, 0)
  const main = failures.filter(({ path }) => isMain({ name: path }))
  const allowed = main.filter(mayFail).length
  console.log(renderCounts(counts).join('\n'))
  for (const line of renderFailures(unexpectedFirst(failures, mayFail), scene.timeline, mostKinds)) console.log(line)
  const words = [
    `${main.length} failed of ${requests} requests`,
    ...(main.some(mayFail) ? [`${allowed} of them in a pod that was killed`] : []),
    ...(failures.length > main.length ? [`${failures.length - main.length} more through Services with a mode`] : []),
  ]
  console.log(`rolling ${name}: ${words.join(', ')} (${what}; ${seconds} s)`)
  return { requests, failed: main.length, allowed, others: failures.length - main.length }
}

function unexpectedFirst(failures: readonly LoadFailure[], mayFail: (failure: LoadFailure) => boolean): LoadFailure[] {
  return failures.toSorted((a, b) => Number(mayFail(a)) - Number(mayFail(b)) || a.ended - b.ended)
}
