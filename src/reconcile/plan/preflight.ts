import { claimHosts } from './claims-of-pod.ts'
import type { Template } from './desired.ts'
import { configFault } from './files-of-pod.ts'
import type { Making } from './make.ts'
import { imageState, type Roster, withoutRepeats } from './roster.ts'
import { earliest } from './time.ts'

/** Why no pod of the template can be made, wherever; empty: nothing is known against it. */
export function templateFault({ missing, forbidden }: Template): string {
  return configFault(missing) || (forbidden === '' ? '' : `forbidden: ${forbidden}`)
}

function claimFault({ desired, namespace, view }: Roster, names: readonly string[]): string {
  const faults = names.map((name) => claimHosts(desired.template, { host: '', namespace, name }, view).message)
  const message = faults.find((fault) => fault !== '')
  return message === undefined ? '' : `Pending: ${message}`
}

/**
 * What new pods still lack (references, claims, images) on the hosts that would lose old ones; undefined when all is there. Kubernetes takes old
 * pods away first and finds out later. `names` of the new pods, where they are known: claims may be their own.
 */
export function preflight(
  roster: Roster,
  hosts: readonly string[],
  names = [roster.desired.object.metadata.name],
): Making | undefined {
  if (hosts.length === 0) return undefined
  const fault = templateFault(roster.desired.template) || claimFault(roster, names)
  if (fault) return { tasks: [], names: [], message: fault, failed: true, again: undefined }
  const states = roster.view.hosts.filter(({ name }) => hosts.includes(name)).map((host) => imageState(roster, host))
  const waiting = states.filter((state) => !state.ready)
  const worst = waiting.find((state) => state.failed) ?? waiting[0]
  if (!worst) return undefined
  return {
    tasks: withoutRepeats(waiting.flatMap((state) => state.tasks)),
    names: [],
    message: worst.message,
    failed: worst.failed,
    hopeless: waiting.some((state) => state.hopeless),
    again: earliest(waiting.map((state) => state.again)),
  }
}
