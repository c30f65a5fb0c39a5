// What a Service costs: requests per second, latency and CPU time of a request through a ClusterIP, against the address of a pod, in each mode;
// from the host and from a pod. Ways take turns, so that all meet the same machine; figures are medians. Argument: number of rounds.
import { errorText } from '../src/base/errors.ts'
import { Shop, shopModes } from './support/load-shop.ts'
import { type Kind, type Speed, SpeedLoad, type Way } from './support/load-speed.ts'
import { withSwarm } from './support/load-swarm.ts'
import { countFrom, median } from './support/numbers.ts'

const seconds = 2
const kinds: readonly Kind[] = ['keep', 'new']
/** Before connections and code paths are warm. */
const warmUpSeconds = 0.5

export async function run(args: readonly string[]): Promise<void> {
  const rounds = countFrom(args, 5)
  const shop = await Shop.open('service')
  const load = new SpeedLoad()
  try {
    shop.start()
    await shop.roll('Begin', {})
    const containers = [await shop.nodeContainer(), ...(await shop.webContainers()).map(({ id }) => id)]
    const ways = await waysTo(shop)
    const speeds = new Map<string, Speed[]>()
    for (let round = 0; round <= rounds; round += 1) {
      for (const kind of kinds) {
        for (const way of ways) {
          const speed = await load.measure(way, kind, round === 0 ? warmUpSeconds : seconds, containers)
          const name = keyOf(way.name, kind)
          if (round > 0) speeds.set(name, [...(speeds.get(name) ?? []), speed])
        }
      }
    }
    await swarm(load, rounds)
    tell(ways, speeds, rounds)
  } finally {
    load.close()
    await shop.close()
  }
}

/** The same server behind a service of Docker's Swarm mode. */
async function swarm(load: SpeedLoad, rounds: number): Promise<void> {
  try {
    await withSwarm(load, async ({ task, service, containers }) => {
      for (const kind of kinds) {
        const ratios: number[] = []
        for (let round = 0; round < rounds; round += 1) {
          const own = await load.measure(task, kind, seconds, containers)
          const through = await load.measure(service, kind, seconds, containers)
          ratios.push(through.requestsPerSecond / own.requestsPerSecond)
        }
        console.log(`Swarm mode, ${kind}: ${median(ratios).toFixed(2)} of a task's own requests/s`)
      }
    })
  } catch (error) {
    console.log(`Swarm mode: not measured: ${errorText(error)}`)
  }
}

async function waysTo(shop: Shop): Promise<Way[]> {
  const [pod = ''] = await shop.webAddresses()
  const inside = await shop.insideClient()
  const from = (where: string, prefix: readonly string[]): Way[] => [
    { name: `pod${where}`, host: pod, port: 8080, inside: prefix },
    ...shopModes.map((mode, at) => ({
      ...{ name: `ClusterIP ${mode || 'default'}${where}`, host: shop.address(at), port: 80, inside: prefix },
    })),
  ]
  return [...from('', []), ...(inside ? from(' from a pod', inside) : [])]
}

function tell(ways: readonly Way[], speeds: ReadonlyMap<string, readonly Speed[]>, rounds: number): void {
  const of = (way: string, kind: Kind, figure: keyof Speed) =>
    median((speeds.get(keyOf(way, kind)) ?? []).map((speed) => speed[figure]))
  /** Of each round, against the pod in the same one. */
  const ratio = (way: string, kind: Kind, figure: keyof Speed) => {
    const own = speeds.get(keyOf(podOf(way), kind)) ?? []
    return median(
      (speeds.get(keyOf(way, kind)) ?? []).map((speed, at) => speed[figure] / (own[at]?.[figure] ?? Number.NaN)),
    )
  }
  const width = Math.max(...ways.map(({ name }) => name.length))
  for (const kind of kinds) {
    console.log(kind === 'keep' ? 'keep-alive' : 'a connection per request')
    for (const { name } of ways) {
      const words = [
        `${of(name, kind, 'requestsPerSecond').toFixed(0).padStart(6)} requests/s`,
        `p50 ${of(name, kind, 'p50Ms').toFixed(2)} ms`,
        `p99 ${of(name, kind, 'p99Ms').toFixed(2)} ms`,
        `${of(name, kind, 'cpuMicros').toFixed(1)} us of cpu`,
        `${ratio(name, kind, 'requestsPerSecond').toFixed(2)} of the pod's requests/s`,
        `${ratio(name, kind, 'cpuMicros').toFixed(2)}x its cpu`,
      ]
      console.log(`  ${name.padEnd(width)}  ${words.join(', ')}`)
    }
  }
  const main = `ClusterIP ${shopModes[0] || 'default'}`
  const perSecond = (kind: Kind) => ratio(main, kind, 'requestsPerSecond').toFixed(2)
  const words = [
    `${perSecond('keep')} of the pod's own requests/s through the ClusterIP`,
    `${perSecond('new')} with a connection per request`,
    `${ratio(main, 'keep', 'cpuMicros').toFixed(2)}x its cpu per request`,
  ]
  console.log(`service: ${words.join(', ')} (medians of ${rounds}; target >= 0.45)`)
}

function keyOf(way: string, kind: Kind): string {
  return `${kind} ${way}`
}

/** The pod's own address, asked from the same place. */
function podOf(way: string): string {
  return way.endsWith(' from a pod') ? 'pod from a pod' : 'pod'
}
