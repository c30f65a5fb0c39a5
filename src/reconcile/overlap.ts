import { stableText } from '../base/hash.ts'
import { podAddress } from '../runtime/pod-address.ts'
import type { Action } from './plan/action.ts'

const addressText = JSON.stringify(podAddress).slice(1, -1)

/**
 * The actions of a task in groups: one group after the other, its members side by side. Containers are created while their
 * sandbox starts, which takes most of a pod's time; only one that is told the pod's address has to wait for it.
 */
export function overlapped(actions: readonly Action[]): readonly (readonly Action[])[] {
  const groups: Action[][] = []
  let starting = false
  for (const action of actions) {
    const joins: boolean =
      starting && action.kind === 'createContainer' && !stableText(action.config).includes(addressText)
    if (joins) groups.at(-1)?.push(action)
    else groups.push([action])
    starting = joins || (action.kind === 'start' && action.container === '')
  }
  return groups
}
