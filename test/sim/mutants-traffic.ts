import type { Mutant } from './mutants.ts'

/** Bugs in what the planner makes of traffic. */
export const trafficMutants: readonly Mutant[] = [
  {
    title: 'ready counts as in traffic',
    file: 'reconcile/plan/observe.ts',
    from: "const joining = ready && pod.traffic === 'joining'",
    to: 'const joining = ready && pod.name === undefined',
  },
  {
    title: 'a pod that joins traffic is broken',
    file: 'reconcile/plan/observe.ts',
    from: "{ bucket: 'ready', when: ({ ready }) => ready },",
    to: "{ bucket: 'ready', when: ({ ready, joining }) => ready && !joining },",
  },
  {
    title: 'processes in traffic end with the mark',
    file: 'reconcile/plan/leave.ts',
    from: 'stopping && hasTraffic(pod) && drainMs(pod) > 0',
    to: 'stopping && hasTraffic(pod) && drainMs(pod) < 0',
  },
  {
    title: 'processes end at the second look',
    file: 'reconcile/plan/leave.ts',
    from: 'if (drainedAt !== undefined) {',
    to: 'if (drainedAt !== undefined && now < 0) {',
  },
  {
    title: 'what a pod has is not finished',
    file: 'reconcile/plan/leave.ts',
    from: "return traffic !== 'none' && traffic !== 'out'",
    to: "return traffic === 'serving' || traffic === 'joining'",
  },
  {
    title: 'what a pod has is finished, however long it takes',
    file: 'reconcile/plan/leave.ts',
    from: 'leavingSince > now) return undefined',
    to: "leavingSince > now) return undefined\n  if (pod.traffic === 'draining') return now + 60_000",
  },
  {
    title: 'nobody looks when the time to finish is up',
    seed: 40,
    file: 'reconcile/plan/leave.ts',
    from: 'again: { at: drainedAt,',
    to: 'again: { at: drainedAt + 86_400_000,',
  },
  {
    title: 'the time to finish is all of the grace period',
    file: 'reconcile/plan/leave.ts',
    from: 'Math.floor(graceMs(pod) / 3)',
    to: 'graceMs(pod)',
  },
  {
    title: 'a pod that joins traffic is looked at again and again',
    seed: 16,
    file: 'reconcile/plan/roster.ts',
    from: "if (bucket !== 'ready' || joining || readySince",
    to: "if (bucket !== 'ready' || readySince",
  },
]
