/** What the decision needs to know of one pod. */
export interface Member {
  readonly ordinal: number
  readonly revision: string
  readonly phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed'
  readonly ready: boolean
  /** Ready for minReadySeconds. */
  readonly available: boolean
  /** On its way out: it holds its ordinal until it is gone. */
  readonly terminating: boolean
}

export interface OrdinalSet {
  readonly replicas: number
  /** The first ordinal. */
  readonly start: number
  /** One after the other (OrderedReady), as against all at once. */
  readonly ordered: boolean
  readonly strategy: 'RollingUpdate' | 'OnDelete'
  /** So many of the lowest ordinals keep their revision. */
  readonly partition: number
  /** Pods that may be missing while an update goes on; undefined: one, counted from the top. */
  readonly maxUnavailable: number | undefined
  readonly currentRevision: string
  readonly updateRevision: string
}

export type OrdinalStep = { readonly create: number; readonly revision: string } | { readonly delete: number }

/**
 * What one look does, in order, as Kubernetes' StatefulSet does it: the wanted ordinals from below, then what is above them from the top,
 * then updates from the top. An ordered set stops at the first thing that it has to do or to wait for.
 */
export function syncOrdinals(set: OrdinalSet, pods: readonly Member[]): OrdinalStep[] {
  const byOrdinal = new Map(pods.map((pod) => [pod.ordinal, pod]))
  const ordinals = Array.from({ length: set.replicas }, (_none, index) => set.start + index)
  const kept = ordinals.map((ordinal) => byOrdinal.get(ordinal))
  const surplus = pods.filter(({ ordinal }) => !isWanted(set, ordinal)).sort((a, b) => b.ordinal - a.ordinal)
  const filling = fill(set, ordinals, kept)
  if (filling.stops) return filling.steps
  const shrinking = shrink(set, kept, surplus)
  const steps = [...filling.steps, ...shrinking.steps]
  if (shrinking.stops) return steps
  const going = new Set(filling.steps.flatMap((step) => ('delete' in step ? [step.delete] : [])))
  const after = kept.map((pod) => (pod && going.has(pod.ordinal) ? { ...pod, terminating: true } : pod))
  return [...steps, ...update(set, ordinals, after)]
}

export function isWanted({ start, replicas }: Pick<OrdinalSet, 'start' | 'replicas'>, ordinal: number): boolean {
  return ordinal >= start && ordinal < start + replicas
}

interface Pass {
  readonly steps: OrdinalStep[]
  /** Nothing further is done now. */
  readonly stops: boolean
}

/** Wanted ordinals, from below: what ended goes (and comes back on a later look), what is missing is made. */
function fill(set: OrdinalSet, ordinals: readonly number[], kept: readonly (Member | undefined)[]): Pass {
  const steps: OrdinalStep[] = []
  for (const [index, ordinal] of ordinals.entries()) {
    const pod = kept[index]
    if (!pod) steps.push({ create: ordinal, revision: revisionOf(set, ordinal) })
    else if (hasEnded(pod) && !pod.terminating) steps.push({ delete: ordinal })
    else if (isHealthy(pod) && pod.available) continue
    if (set.ordered) return { steps, stops: true }
  }
  return { steps, stops: false }
}

/** Below the partition pods stay, or are made again, in the revision that was there. */
function revisionOf(set: OrdinalSet, ordinal: number): string {
  const old = set.strategy === 'RollingUpdate' && ordinal < set.start + set.partition
  return old ? set.currentRevision : set.updateRevision
}

/** What is not wanted, from the top. An ordered set takes an unhealthy one only if no other is unhealthy below it. */
function shrink(set: OrdinalSet, kept: readonly (Member | undefined)[], surplus: readonly Member[]): Pass {
  if (!set.ordered) {
    return {
      steps: surplus.filter((pod) => !pod.terminating).map(({ ordinal }) => ({ delete: ordinal })),
      stops: false,
    }
  }
  const [top] = surplus
  if (!top) return { steps: [], stops: false }
  const unhealthy = [...kept, ...surplus].filter((pod) => pod !== undefined && !isHealthy(pod))
  const lowest = unhealthy.reduce((low, pod) => Math.min(low, pod?.ordinal ?? low), Number.POSITIVE_INFINITY)
  const waits = top.terminating || (!(isHealthy(top) && top.available) && top.ordinal !== lowest)
  return { steps: waits ? [] : [{ delete: top.ordinal }], stops: true }
}

/** Pods of another revision, from the top down to the partition. */
function update(
  set: OrdinalSet,
  ordinals: readonly number[],
  kept: readonly (Member | undefined)[],
): readonly OrdinalStep[] {
  if (set.strategy === 'OnDelete') return []
  const fromTop = kept.map((pod, index) => ({ pod, ordinal: ordinals[index] ?? 0 })).toReversed()
  const isOld = (pod: Member | undefined): boolean =>
    pod !== undefined && pod.revision !== set.updateRevision && !pod.terminating
  const reach = fromTop.filter(({ ordinal }) => ordinal >= set.start + set.partition)
  if (set.maxUnavailable !== undefined) {
    const missing = kept.filter((pod) => !isUp(pod)).length
    const old = reach.filter(({ pod }) => isOld(pod))
    return old.slice(0, Math.max(0, set.maxUnavailable - missing)).map(({ ordinal }) => ({ delete: ordinal }))
  }
  const first = reach.find(({ pod }) => isOld(pod) || !isUp(pod))
  return first && isOld(first.pod) ? [{ delete: first.ordinal }] : []
}

function isUp(pod: Member | undefined): boolean {
  return pod !== undefined && isHealthy(pod) && pod.available
}

function isHealthy(pod: Member): boolean {
  return pod.phase === 'Running' && pod.ready && !pod.terminating
}

function hasEnded({ phase }: Member): boolean {
  return phase === 'Succeeded' || phase === 'Failed'
}
