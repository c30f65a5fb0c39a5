import type { Task } from './action.ts'

/**
 * Undoes what somebody changed by hand, as against what Kubernetes does of itself: restarting what crashed, replacing what is gone,
 * scaling, running jobs. With `selfHeal: false` only the former waits.
 */
export function mendsDrift({ actions, cause }: Task): boolean {
  return /changed by hand|it was paused/.test(cause) || (actions.length > 0 && actions.every(isUpdate))
}

function isUpdate({ kind }: Task['actions'][number]): boolean {
  return kind === 'update'
}
