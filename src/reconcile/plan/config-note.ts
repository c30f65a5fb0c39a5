import type { Plan } from './action.ts'
import { isAlive } from './container-state.ts'
import type { Desired, View } from './desired.ts'

/** Pods that run do not miss an object that was removed; the next one to be made will, so people are to know before. */
export function withConfigNote(planned: Plan, desired: Desired, view: View): Plan {
  const { status } = planned
  if (!('template' in desired) || status.health !== 'Healthy') return planned
  const { hash, missing, missingVariables } = desired.template
  if (missing.length === 0) return planned
  const runs = view.pods.some((pod) => pod.template === hash && !pod.leaving && pod.containers.some(isAlive))
  if (!runs) return planned
  const files = missing.length === 1 ? 'its files' : 'their files'
  const kept = missingVariables.length > 0 ? 'what they have' : files
  const note = `${missing.join(', ')} not found: running pods keep ${kept}`
  const message = status.message === '' ? note : `${status.message}, ${note}`
  return { ...planned, status: { ...status, message } }
}
