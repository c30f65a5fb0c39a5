import { oneLine } from '../../base/errors.ts'
import type { LiveContainer, LivePod } from '../../runtime/live.ts'
import type { RestartPolicy } from './phase.ts'
import { longestWaitMs, restartWaitMs, shouldRestart } from './restart.ts'
import { roleOf } from './start-order.ts'

/**
 * Started before the sandbox last did: it has no network any more. A sandbox that started in the future says that the clock was set
 * back: then the order of times means nothing, and containers made since must not be restarted for ever.
 */
export function isCutOff(container: LiveContainer, { sandbox }: LivePod, now: number): boolean {
  if (!sandbox || sandbox.startedAt > now) return false
  return container.startedAt !== 0 && container.startedAt < sandbox.startedAt
}

/** Its process ended, or could not be started. */
export function hasEnded(container: LiveContainer): boolean {
  if (container.state === 'exited' || container.state === 'dead') return true
  return container.state === 'created' && container.error !== ''
}

/** It has a process that has to be told to end. */
export function isAlive(container: LiveContainer): boolean {
  return container.state === 'running' || container.state === 'paused' || container.state === 'restarting'
}

/** When its process ended, or its start failed, ms. */
export function endedAt(container: LiveContainer): number {
  return container.finishedAt || container.startedAt || container.createdAt
}

/** `OOMKilled`, `StartError`, `Completed` or `Error`. */
export function endReason(container: LiveContainer): string {
  if (container.state === 'created') return 'StartError'
  if (container.oomKilled) return 'OOMKilled'
  return container.exitCode === 0 ? 'Completed' : 'Error'
}

/** `OOMKilled, exit code 137`, or why it did not start. */
export function endText(container: LiveContainer): string {
  return container.error || `${endReason(container)}, exit code ${container.exitCode}`
}

/** What it said of its end, to go after other words; of a long text the end. Empty: nothing. */
export function lastWords({ message = '' }: Pick<LiveContainer, 'message'>): string {
  const text = message.replace(/\s+/g, ' ').trim()
  if (text === '') return ''
  return `: ${text.length > longestWords ? `…${oneLine(text.slice(-longestWords))}` : oneLine(text)}`
}

const longestWords = 400

export function policyOf({ spec }: LivePod): RestartPolicy {
  return spec?.restartPolicy ?? 'Always'
}

/** Whether it is to run again after its end: a sidecar always, an init container until it has ended well. */
export function restarts(container: LiveContainer, pod: LivePod): boolean {
  const role = roleOf(pod.spec, container.name)
  if (role === 'sidecar') return true
  const policy = policyOf(pod)
  return shouldRestart(role === 'init' && policy === 'Always' ? 'OnFailure' : policy, container.exitCode)
}

/** When it may run again, if it is to. An end far in the future (a clock set back) is waited for no longer. */
export function backoffOf(container: LiveContainer, now: number): { readonly at: number; readonly waitMs: number } {
  const ended = endedAt(container)
  const ranMs = container.startedAt === 0 ? 0 : ended - container.startedAt
  const waitMs = restartWaitMs({ restarts: container.restarts, backoffMs: container.backoffMs, ranMs })
  return { at: ended > now + longestWaitMs ? now : ended + waitMs, waitMs }
}

const crashesOfALoop = 3

export function isCrashLooping(container: LiveContainer, pod: LivePod, now: number): boolean {
  if (!hasEnded(container) || container.restarts < crashesOfALoop || !restarts(container, pod)) return false
  return backoffOf(container, now).at > now
}
