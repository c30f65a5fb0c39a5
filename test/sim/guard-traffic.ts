import type { Action } from '../../src/reconcile/plan/action.ts'
import type { Box } from './fake-docker.ts'
import type { Truth } from './truth.ts'

const longestDrainMs = 5_000

/** Why processes must not be told to end now: the pod leaves, and has requests that it may still finish. */
export function trafficProblem(truth: Truth, action: Action): string | undefined {
  if (action.kind !== 'stop' || !truth.network || truth.network.isBlind) return undefined
  const sandbox = truth.podAt(action.pod)
  if (!sandbox?.leaving || !truth.network.isBusy(sandbox.id) || isOverdue(truth, sandbox)) return undefined
  return `stop of ${action.pod.name}, which is ${truth.network.isServing(sandbox.id) ? 'in traffic' : 'not drained'}`
}

/** By the clock on the wall, which may have been set back since. */
function isOverdue({ clock }: Truth, { sandbox, leavingSince = 0 }: Box): boolean {
  const grace = (sandbox?.spec.terminationGracePeriodSeconds ?? 30) * 1_000
  const waited = clock.now() - leavingSince
  return waited < 0 || waited >= Math.min(longestDrainMs, Math.floor(grace / 3))
}

/** Why a pod must not have been taken out of traffic. */
export function droppedProblem(truth: Truth, sandbox: Box): string | undefined {
  const [, name = ''] = sandbox.mark.owner.split('/')
  const engine = truth.engines.get(sandbox.host)
  if (!engine?.reachable || !engine.boxes.has(sandbox.id) || truth.seemsCutOff(sandbox)) return undefined
  if (sandbox.leaving || !truth.isReady(sandbox, 0) || !truth.network?.hasService(name)) return undefined
  return `${sandbox.pod} is ready and was taken out of traffic`
}
