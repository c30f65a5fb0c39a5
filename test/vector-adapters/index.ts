import { cronjob } from './cronjob.ts'
import { daemonSet } from './daemon-set.ts'
import { defaults } from './defaults.ts'
import { endpoint } from './endpoint.ts'
import { hpa } from './hpa.ts'
import { ingressPaths } from './ingress-paths.ts'
import { job } from './job.ts'
import { pdb } from './pdb.ts'
import { probes } from './probes.ts'
import { quantities } from './quantities.ts'
import { quota } from './quota.ts'
import { rollingFenceposts } from './rolling-fenceposts.ts'
import { rolloutAdapters } from './rollout.ts'
import { selectors } from './selectors.ts'
import { service } from './service.ts'
import { statefulSet } from './stateful-set.ts'
import { termination } from './termination.ts'
import { terminationOrder } from './termination-order.ts'

/** Calls one rule of the product with a case's input and answers in the case's words. */
export type Adapter = (input: never) => unknown

/** Topic -> rule under test -> adapter. A rule without one is reported as not yet run. */
export const adapters: Readonly<Record<string, Readonly<Record<string, Adapter>>>> = {
  cronjob,
  daemonset: daemonSet,
  defaults,
  hpa,
  'ingress-paths': ingressPaths,
  job,
  pdb,
  probes,
  quantities,
  quota,
  'rolling-fenceposts': rollingFenceposts,
  selectors,
  service,
  statefulset: statefulSet,
  termination: { ...termination, ...terminationOrder, ...endpoint },
  ...rolloutAdapters,
}
