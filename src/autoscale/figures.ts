import type { ContainerUsage } from '../runtime/port.ts'
import type { Sample } from './utilization.ts'

/** What one container uses; cpu in thousandths, memory in bytes. Cpu takes two reads. */
export interface Figure {
  readonly cpu: Sample | undefined
  readonly memory: Sample
}

/** The last two reads of containers, by id. */
export interface Reads {
  readonly last: ReadonlyMap<string, ContainerUsage>
  readonly figures: ReadonlyMap<string, Figure>
}

export const noReads: Reads = { last: new Map(), figures: new Map() }

/** Takes in what was read of the containers that were asked for; of those that gave no answer the last read stays. */
export function takeReads({ last }: Reads, asked: Iterable<string>, read: readonly ContainerUsage[]): Reads {
  const kept = [...asked].flatMap((id) => {
    const usage = last.get(id)
    return usage ? [[id, usage] as const] : []
  })
  return {
    last: new Map([...kept, ...read.map((usage) => [usage.id, usage] as const)]),
    figures: new Map(read.map((usage) => [usage.id, figureOf(last.get(usage.id), usage)])),
  }
}

/** A container that was started again counts from zero: its next read tells. */
function figureOf(before: ContainerUsage | undefined, { at, cpuNanos, memoryBytes }: ContainerUsage): Figure {
  const memory = { value: memoryBytes, at, windowMs: 0 }
  if (!before || at <= before.at || cpuNanos < before.cpuNanos) return { cpu: undefined, memory }
  const windowMs = at - before.at
  const nanosPerMilli = 1000
  return { cpu: { value: Math.round((cpuNanos - before.cpuNanos) / windowMs / nanosPerMilli), at, windowMs }, memory }
}
