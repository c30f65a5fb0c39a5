import type { ContainerStats } from 'dockerode'
import PQueue from 'p-queue'
import { RuntimeError } from '../errors.ts'
import type { ContainerUsage } from '../port.ts'

const readingsAtATime = 8

/** Figures of those containers that can be read, in the order of the ids. */
export async function readUsage(
  stats: (id: string) => Promise<ContainerStats>,
  ids: readonly string[],
): Promise<ContainerUsage[]> {
  const queue = new PQueue({ concurrency: readingsAtATime })
  const read = async (id: string): Promise<ContainerUsage[]> => {
    try {
      const usage = usageOf(id, await stats(id))
      return usage === undefined ? [] : [usage]
    } catch (error) {
      if (error instanceof RuntimeError) return []
      throw error
    }
  }
  return (await Promise.all(ids.map((id) => queue.add(() => read(id))))).flat()
}

/** What of the engine's answer is read; a container that does not run has none of it. */
export interface StatsAnswer {
  readonly read: string
  readonly cpu_stats: { readonly cpu_usage?: { readonly total_usage?: number } }
  readonly memory_stats: { readonly usage?: number; readonly stats?: object }
}

/** Undefined: it did not run. */
export function usageOf(id: string, answer: StatsAnswer): ContainerUsage | undefined {
  const at = Date.parse(answer.read)
  const { usage, stats = {} } = answer.memory_stats
  const cpuNanos = answer.cpu_stats.cpu_usage?.total_usage
  if (usage === undefined || cpuNanos === undefined || !(at > 0)) return undefined
  return { id, at, cpuNanos, memoryBytes: Math.max(0, usage - inactiveFile(stats)) }
}

/** Cached files that the kernel would drop first. Control groups of version 1 also have a figure without their children. */
function inactiveFile(stats: object): number {
  const named: { total_inactive_file?: number; inactive_file?: number } = stats
  return named.total_inactive_file ?? named.inactive_file ?? 0
}
