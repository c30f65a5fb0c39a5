/** What the choice of a victim looks at. Times in ms since the epoch. */
export interface Candidate {
  readonly name: string
  readonly uid: string
  /** Undefined: not placed yet. */
  readonly host: string | undefined
  readonly phase: 'Pending' | 'Unknown' | 'Running'
  readonly ready: boolean
  readonly readySince: number | undefined
  /** `controller.kubernetes.io/pod-deletion-cost`. */
  readonly deletionCost: number
  readonly restarts: number
  readonly createdAt: number
}

export const deletionCostAnnotation = 'controller.kubernetes.io/pod-deletion-cost'

const phaseRank = { Pending: 0, Unknown: 1, Running: 2 } as const

/**
 * Candidates in the order in which Kubernetes takes them when a set shrinks (ActivePodsWithRanks): the least useful first.
 * `peers` are all pods of the owner, to prefer hosts that hold many of them.
 */
export function deletionOrder<C extends Candidate>(
  candidates: readonly C[],
  now: number,
  peers: readonly Candidate[] = candidates,
): C[] {
  const onHost = new Map<string, number>()
  for (const peer of peers) if (peer.host) onHost.set(peer.host, (onHost.get(peer.host) ?? 0) + 1)
  const rank = (pod: Candidate): number => (pod.host ? (onHost.get(pod.host) ?? 0) : 0)
  return [...candidates].sort(
    (a, b) =>
      Number(a.host !== undefined) - Number(b.host !== undefined) ||
      phaseRank[a.phase] - phaseRank[b.phase] ||
      Number(a.ready) - Number(b.ready) ||
      a.deletionCost - b.deletionCost ||
      rank(b) - rank(a) ||
      byReadyTime(a, b, now) ||
      b.restarts - a.restarts ||
      byCreation(a, b, now) ||
      byText(a.name, b.name),
  )
}

/** Younger magnitudes first; pods of one magnitude are told apart by uid, so that nobody can predict who goes. */
function byReadyTime(a: Candidate, b: Candidate, now: number): number {
  if (!a.ready || !b.ready || a.readySince === undefined || b.readySince === undefined) return 0
  if (a.readySince === b.readySince) return 0
  return magnitude(now - a.readySince) - magnitude(now - b.readySince) || byText(a.uid, b.uid)
}

function byCreation(a: Candidate, b: Candidate, now: number): number {
  if (a.createdAt === b.createdAt) return 0
  return magnitude(now - a.createdAt) - magnitude(now - b.createdAt) || byText(a.uid, b.uid)
}

/** floor(log2(age in ns)), as Kubernetes buckets ages. */
function magnitude(ageMs: number): number {
  return ageMs <= 0 ? 0 : Math.floor(Math.log2(ageMs * 1e6))
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
