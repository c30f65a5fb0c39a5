import type { LivePod } from '../../runtime/live.ts'
import { type Making, notYet } from './make.ts'
import { imageState, type Roster, withoutRepeats } from './roster.ts'
import { earliest } from './time.ts'

/**
 * What the pods that come in the place of these still lack (references, claims, images); undefined when all is there. Kubernetes takes old
 * pods away first and finds out later.
 */
export function preflight(roster: Roster, replaced: readonly LivePod[]): Making | undefined {
  const lacking = replaced.map(({ name }) => notYet(roster, name)).find((making) => making !== undefined)
  if (lacking) return lacking
  const hosts = new Set(replaced.map(({ host }) => host))
  const states = roster.view.hosts.filter(({ name }) => hosts.has(name)).map((host) => imageState(roster, host))
  const waiting = states.filter((state) => !state.ready)
  const worst = waiting.find((state) => state.failed) ?? waiting[0]
  if (!worst) return undefined
  return {
    tasks: withoutRepeats(waiting.flatMap((state) => state.tasks)),
    names: [],
    message: worst.message,
    failed: worst.failed,
    again: earliest(waiting.map((state) => state.again)),
  }
}
