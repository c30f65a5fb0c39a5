import { claimHosts } from './claims-of-pod.ts'
import type { Template } from './desired.ts'
import type { Making } from './make.ts'
import { imageState, type Roster, withoutRepeats } from './roster.ts'
import { earliest } from './time.ts'

/** Why no pod of the template can be made, wherever; empty: nothing is known against it. */
export function templateFault({ missing, forbidden }: Template): string {
  if (missing.length > 0) return `CreateContainerConfigError: ${missing.join(', ')} not found`
  return forbidden === '' ? '' : `forbidden: ${forbidden}`
}

function claimFault({ desired, namespace, view }: Roster): string {
  const pod = { host: '', namespace, name: desired.object.metadata.name }
  const { message } = claimHosts(desired.template, pod, view)
  return message && `Pending: ${message}`
}

/**
 * What new pods still lack (references, claims, images) on the hosts that would lose old ones; undefined when all is there. Kubernetes takes old
 * pods away first and finds out later.
 */
export function preflight(roster: Roster, hosts: readonly string[]): Making | undefined {
  if (hosts.length === 0) return undefined
  const fault = templateFault(roster.desired.template) || claimFault(roster)
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
    again: earliest(waiting.map((state) => state.again)),
  }
}
