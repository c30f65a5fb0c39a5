/** One planted bug: `from` stands exactly once in the file and is replaced by `to`. */
export interface Mutant {
  readonly title: string
  readonly file: string
  readonly from: string
  readonly to: string
  /** One that noticed it when this was written: tried first, as the others may take long. */
  readonly seed?: number
}

/** Bugs that the tables and the simulator have to notice. */
export const mutants: readonly Mutant[] = [
  {
    title: 'the ceiling is one too high',
    file: 'reconcile/plan/rolling.ts',
    from: 'rollout.replicas + rollout.fenceposts.maxSurge - total',
    to: 'rollout.replicas + rollout.fenceposts.maxSurge + 1 - total',
  },
  {
    title: 'the floor is one too low',
    file: 'reconcile/plan/fenceposts.ts',
    from: 'return rollout.replicas - Math.min(rollout.fenceposts.maxUnavailable, rollout.replicas)',
    to: 'return rollout.replicas - Math.min(rollout.fenceposts.maxUnavailable + 1, rollout.replicas)',
  },
  {
    title: 'leaving pods are counted',
    file: 'reconcile/plan/roster.ts',
    from: "return bucket === 'unknown' || bucket === 'unready' || bucket === 'ready' || bucket === 'available'",
    to: "return bucket !== 'lost' && bucket !== 'finished'",
  },
  {
    title: 'pods that Berth has not looked at yet are broken',
    seed: 18,
    file: 'reconcile/plan/observe.ts',
    from: "{ bucket: 'unknown', when: ({ pod }) => lasting(pod).some(isUnseen) },",
    to: '',
  },
  {
    title: 'ready counts as available at once',
    file: 'reconcile/plan/observe.ts',
    from: 'isAvailable(ready, eye.minReadyMs, eye.now - (readySince ?? eye.now))',
    to: 'ready',
  },
  {
    title: 'ready and not yet available counts as broken',
    file: 'reconcile/plan/choose.ts',
    from: "if (observed.bucket === 'ready' && available < floor) continue",
    to: '',
  },
  {
    title: 'pods on unreachable hosts are looked after',
    file: 'reconcile/plan/roster.ts',
    from: 'if (!observed.reachable || taken.has(observed.pod.name)) continue',
    to: 'if (taken.has(observed.pod.name)) continue',
  },
  {
    title: 'unreachable hosts are chosen for new pods',
    seed: 6,
    file: 'reconcile/plan/placement.ts',
    from: "if (!host.reachable) return 'unreachable'",
    to: '',
  },
  {
    title: 'the back-off has no timer',
    seed: 21,
    file: 'reconcile/plan/upkeep.ts',
    from: "return { actions: [], text: '', cause: '', effect: 'none', again }",
    to: 'return undefined',
  },
  {
    title: 'the back-off never ends',
    file: 'reconcile/plan/upkeep.ts',
    from: 'if (next.at > now && !withSandbox) {',
    to: 'if (next.waitMs > 0) {',
  },
  {
    title: 'Recreate does not wait for the old pods to be gone',
    file: 'reconcile/plan/deployment.ts',
    from: 'if (oldIsLeaving(roster)) return nothing',
    to: '',
  },
  {
    title: 'names of leaving pods are taken again',
    file: 'reconcile/plan/make.ts',
    from: 'const taken = new Set(roster.pods.map(({ pod }) => pod.name))',
    to: "const taken = new Set(roster.pods.filter(({ bucket }) => bucket !== 'leaving').map(({ pod }) => pod.name))",
  },
  {
    title: 'a stop that Berth forgot is not sent again',
    file: 'reconcile/plan/leave.ts',
    from: 'if (actions.length === 0) return { tasks: [], again: undefined }',
    to: 'if (actions.length >= 0) return { tasks: [], again: undefined }',
  },
  {
    title: 'half-made pods stay half made',
    file: 'reconcile/plan/upkeep.ts',
    from: 'return [...existing, repairMissing(bench, view)]',
    to: 'return existing',
  },
  {
    title: 'containers cut off by a restart of their sandbox stay',
    file: 'reconcile/plan/container-state.ts',
    from: 'return container.startedAt !== 0 && container.startedAt < sandbox.startedAt',
    to: 'return pod === undefined && container === undefined',
  },
  {
    title: 'a paused sandbox takes its containers along',
    file: 'reconcile/plan/upkeep.ts',
    from: "return sandbox?.state === 'exited' && containers.some(isAlive)",
    to: "return sandbox?.state !== 'running' && containers.some(isAlive)",
  },
  {
    title: 'containers start in a paused sandbox',
    file: 'reconcile/plan/upkeep.ts',
    from: "sandbox !== undefined && pod.sandbox?.state !== 'paused'",
    to: 'sandbox !== undefined',
  },
  {
    title: 'a sandbox starts before what outlived it has ended',
    seed: 200_562,
    file: 'reconcile/plan/upkeep.ts',
    from: '|| isOutlived(pod)) return undefined',
    to: ') return undefined',
  },
  {
    title: 'the liveness probe is not heard',
    file: 'reconcile/plan/upkeep.ts',
    from: 'if (!container.health.failing) return undefined',
    to: 'if (!container.health.failing || pod.name) return undefined',
  },
  {
    title: 'a container that ended is left alone',
    file: 'reconcile/plan/restart.ts',
    from: "if (policy === 'Always') return true",
    to: '',
  },
  {
    title: 'paused containers stay paused',
    file: 'reconcile/plan/upkeep.ts',
    from: "if (container.state === 'paused') {",
    to: "if (container.state === 'restarting') {",
  },
  {
    title: 'drift is not seen',
    file: 'reconcile/plan/roster.ts',
    from: 'if (pod.template !== desired.template.hash || pod.leaving) return []',
    to: 'if (pod.name !== undefined) return []',
  },
  {
    title: 'siblings are not asked for their image',
    file: 'reconcile/plan/images.ts',
    from: 'return { ...config, image: running }',
    to: 'return config',
  },
  {
    title: 'a paused Deployment goes on rolling',
    file: 'reconcile/plan/deployment.ts',
    from: 'if (paused) return scaleOnly(roster, rollout)',
    to: '',
  },
  {
    title: 'the network of the namespace is taken for granted',
    file: 'reconcile/plan/create.ts',
    from: 'pod.host.networks.has(ref.namespace)',
    to: 'pod.host.reachable',
  },
  {
    title: 'the first of several victims is the most useful one',
    file: 'reconcile/plan/deletion-order.ts',
    from: 'Number(a.ready) - Number(b.ready) ||',
    to: 'Number(b.ready) - Number(a.ready) ||',
  },
  {
    title: 'init containers do not wait for each other',
    file: 'reconcile/plan/progress.ts',
    from: 'return hasPassed(stage, live) ? Math.min(reached + 1, stages.length - 1) : reached',
    to: 'return hasPassed(stage, live) || reached >= 0 ? Math.min(reached + 1, stages.length - 1) : reached',
  },
  {
    title: 'init containers that were removed later are missed',
    file: 'reconcile/plan/progress.ts',
    from: 'const due = new Set(open.filter((name) => !done.has(name)))',
    to: 'const due = new Set(open)',
  },
  {
    title: 'sidecars are stopped with the others',
    file: 'reconcile/plan/leave.ts',
    from: 'if (first.length > 0) return first',
    to: 'if (first.length > 0) return alive',
  },
  {
    title: 'a deadline is not kept',
    file: 'reconcile/plan/deadline.ts',
    from: 'if (deadline === undefined || now < deadline) return false',
    to: 'if (deadline === undefined || now > 0) return false',
  },
  {
    title: 'data of a claim is made wherever there is room',
    file: 'reconcile/plan/claims-of-pod.ts',
    from: 'if (there.size === 0) {',
    to: 'if (there.size >= 0) {',
  },
  {
    title: 'volumes are not set up again after a restart of the sandbox',
    file: 'reconcile/plan/upkeep.ts',
    from: 'const first = !progress.started &&',
    to: 'const first = pod.containers.length === 0 && !progress.started &&',
  },
  {
    title: 'files of running pods are not changed',
    file: 'reconcile/plan/volumes-of-pod.ts',
    from: 'if (!contents || pod.contents.get(name) === contents.version) return []',
    to: 'if (!contents || pod.contents.get(name) !== undefined) return []',
  },
  {
    title: 'a quota is asked once for all pods of a look',
    file: 'reconcile/plan/make.ts',
    from: 'if (!seat.lost?.pod.spec) asked += 1',
    to: 'if (!seat.lost?.pod.spec) asked = 1',
  },
]
