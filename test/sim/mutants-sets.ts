import type { Mutant } from './mutants.ts'

/** Bugs in what has names, hosts, ends or data of its own: the simulator has to notice them. */
export const setMutants: readonly Mutant[] = [
  {
    title: 'an ordered set does not wait',
    file: 'reconcile/plan/stateful-set-sync.ts',
    from: 'if (set.ordered) return { steps, stops: true }',
    to: '',
  },
  {
    title: 'the partition is not kept',
    file: 'reconcile/plan/stateful-set-sync.ts',
    from: 'fromTop.filter(({ ordinal }) => ordinal >= set.start + set.partition)',
    to: 'fromTop',
  },
  {
    title: 'what is missing does not count for the budget',
    file: 'reconcile/plan/stateful-set-sync.ts',
    from: 'Math.max(0, set.maxUnavailable - missing)',
    to: 'Math.max(missing, set.maxUnavailable)',
  },
  {
    title: 'OnDelete is not kept',
    file: 'reconcile/plan/stateful-set-sync.ts',
    from: "if (set.strategy === 'OnDelete') return []",
    to: '',
  },
  {
    title: 'a replaced pod loses its data',
    file: 'reconcile/plan/stateful-set-claims.ts',
    from: 'return ordinal !== undefined && !isWanted(',
    to: 'return ordinal !== undefined || !isWanted(',
  },
  {
    title: 'a retained claim goes with its pod',
    file: 'reconcile/plan/stateful-set-identity.ts',
    from: "policy?.whenDeleted) === 'Delete'",
    to: "policy?.whenDeleted) !== 'Keep'",
  },
  {
    title: 'data is made while a host is silent',
    file: 'reconcile/plan/claims-of-pod.ts',
    from: 'const silent = hosts.find(({ reachable }) => !reachable)',
    to: 'const silent = hosts.find(({ reachable }) => !reachable && view.now < 0)',
  },
  {
    title: 'a host gets its pod while the one before is ending',
    file: 'reconcile/plan/daemon-set.ts',
    from: 'host.reachable && !fresh && !old && !busy',
    to: 'host.reachable && !fresh && !old',
  },
  {
    title: 'hosts without a pod do not count',
    file: 'reconcile/plan/daemon-set-rolling.ts',
    from: 'within(maxUnavailable - missing.length)',
    to: 'within(maxUnavailable)',
  },
  {
    title: 'a surge does not wait for the new pod',
    file: 'reconcile/plan/daemon-set-rolling.ts',
    from: "host.new === 'available' || (surges",
    to: 'host.new !== undefined || (surges',
  },
  {
    title: 'a Job forgets that it has ended',
    file: 'reconcile/plan/job.ts',
    from: 'end: record && endOfRecord(record),',
    to: 'end: undefined,',
  },
  {
    title: 'a Job runs as many pods as it has parts',
    file: 'reconcile/plan/job-rules.ts',
    from: 'Math.min(completions - succeeded, parallelism)',
    to: 'Math.max(completions - succeeded, parallelism)',
  },
  {
    title: 'an index is done twice',
    file: 'reconcile/plan/job-indexes.ts',
    from: 'if (!taken.has(index)) free.push(index)',
    to: 'free.push(index)',
  },
  {
    title: 'the last run is forgotten',
    file: 'reconcile/plan/cron-job.ts',
    from: 'const last = begun[begun.length - 1]?.scheduled',
    to: 'const last = active[active.length - 1]?.scheduled',
  },
  {
    title: 'Forbid is not kept',
    file: 'cron/due.ts',
    from: "if (concurrencyPolicy === 'Forbid' && active.length > 0) return none('JobAlreadyActive')",
    to: '',
  },
  {
    title: 'the newest record goes too',
    file: 'reconcile/plan/cron-job.ts',
    from: 'Number(detail) !== newest && !withPods',
    to: 'newest > 0 && !withPods',
  },
]
