import type { LiveContainer, LiveHost, LivePod } from '../../runtime/live.ts'
import { backoffOf, endText, hasEnded, lastWords, restarts } from './container-state.ts'
import { type Progress, progressOf } from './progress.ts'
import { type Role, roleOf } from './start-order.ts'

/** Why a pod that ended is not one that did its work; empty: it did. */
export function failureOf(pod: LivePod): string {
  const failed = pod.containers.filter((container) => hasEnded(container) && container.exitCode !== 0)
  const worst = (role: Role): LiveContainer | undefined => failed.find(({ name }) => roleOf(pod.spec, name) === role)
  const main = worst('main')
  if (main) return endedWords(main)
  const init = worst('init')
  return init ? `Init:Error: ${endedWords(init)}` : ''
}

/** Why a pod that is to run is not ready, reason first, in Kubernetes' words; empty: it is. */
export function problemOf(pod: LivePod, host: LiveHost | undefined, ready: boolean, now: number): string {
  if (!host?.reachable) return `host ${pod.host} is unreachable${host?.message ? `: ${host.message}` : ''}`
  if (ready) return ''
  if (!pod.sandbox) return 'its sandbox is gone'
  if (pod.sandbox.error) return `sandbox does not start: ${pod.sandbox.error}`
  const progress = progressOf(pod, now)
  const initProblem = progress.initialized ? '' : initText(pod, progress, now)
  if (initProblem) return initProblem
  const counted = pod.containers.filter(({ name }) => roleOf(pod.spec, name) !== 'init')
  for (const container of counted) {
    const problem = containerProblem(container, pod, now)
    if (problem) return problem
  }
  return pod.spec?.initContainers?.length && !progress.initialized ? 'PodInitializing' : 'starting'
}

/** `Init:1/2: …` as long as init containers are under way; empty: they are done. */
function initText(pod: LivePod, { due, done }: Progress, now: number): string {
  const names = (pod.spec?.initContainers ?? []).map(({ name }) => name)
  const live = new Map(pod.containers.map((container) => [container.name, container]))
  for (const [index, name] of names.entries()) {
    if (done.has(name)) continue
    const container = live.get(name)
    const sidecar = roleOf(pod.spec, name) === 'sidecar'
    if (sidecar && container?.state === 'running' && container.health.started) continue
    const counts = `${index}/${names.length}`
    if (!container || !due.has(name)) return `Init:${counts}: init container ${name} is next`
    const ended = hasEnded(container) && endedText(container, pod, now)
    if (ended) return `Init:${ended}`
    const words = sidecar && container.health.message ? container.health.message : `init container ${name} runs`
    return `Init:${counts}: ${words}`
  }
  return ''
}

function endedText(container: LiveContainer, pod: LivePod, now: number): string {
  if (restarts(container, pod) && backoffOf(container, now).at > now) {
    const loop = `${endText(container)}, ${restartsText(container)}${lastWords(container)}`
    return `CrashLoopBackOff: container ${container.name}: ${loop}`
  }
  return container.exitCode === 0 ? '' : `Error: ${endedWords(container)}`
}

function containerProblem(container: LiveContainer, pod: LivePod, now: number): string {
  if (hasEnded(container)) {
    if (restarts(container, pod) && backoffOf(container, now).at > now) return endedText(container, pod, now)
    return endedWords(container)
  }
  if (container.state === 'paused') return `container ${container.name} is paused`
  if (container.state !== 'running' || container.health.ready || !container.health.known) return ''
  return `${container.health.message || `container ${container.name} is not ready`}${lastEnd(container)}`
}

function endedWords(container: LiveContainer): string {
  return `container ${container.name} ended: ${endText(container)}${lastWords(container)}`
}

function lastEnd({ last }: LiveContainer): string {
  return last ? ` (last end: ${last.reason}, exit code ${last.exitCode}${lastWords(last)})` : ''
}

function restartsText(container: LiveContainer): string {
  return container.restarts === 1 ? 'restarted once' : `restarted ${container.restarts} times`
}
