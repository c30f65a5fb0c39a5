import { keyOf } from '../../base/key.ts'
import type { LiveHost } from '../../runtime/live.ts'
import type { VolumeSpec } from '../../runtime/port.ts'
import type { Action, Task } from './action.ts'
import { dataOf, refusalOf } from './claim.ts'
import { filled, type PodFacts } from './containers.ts'
import type { ClaimUse, Provision, Template, View } from './desired.ts'
import { type Filling, planFill } from './fill.ts'
import { claimOf } from './own-claims.ts'
import type { LookAgain } from './time.ts'

/** Hosts on which a pod finds its claims' data, or may have it made. */
export interface ClaimHosts {
  readonly hosts: readonly LiveHost[]
  /** Why there is none; empty: there is one. */
  readonly message: string
  /** Something is wrong with what is asked for, as against: a host does not answer. */
  readonly failed: boolean
  /** What brings a claim's data there; absent: nothing has to. */
  readonly tasks?: readonly Task[] | undefined
  readonly again?: LookAgain | undefined
}

/** Claims whose data is about to be made, and on which host. */
export type Promised = ReadonlyMap<string, string>

const nothingPromised: Promised = new Map()

/** With those of one more pod: another pod of the same look must not have data made elsewhere for a claim that they share. */
export function promise(promised: Promised, template: Template, pod: PodFacts): Promised {
  const claims = claimsOf(template, pod).map(({ name }): [string, string] => [name, pod.host])
  return claims.length === 0 ? promised : new Map([...promised, ...claims])
}

/** `pod.host` is not looked at: it is what is asked for. */
export function claimHosts(template: Template, pod: PodFacts, view: View, promised = nothingPromised): ClaimHosts {
  let hosts = view.hosts
  for (const { name, provision } of claimsOf(template, pod)) {
    if (!provision) return refused(`persistentvolumeclaim "${name}" not found`)
    if (provision.problem) return refused(`persistentvolumeclaim "${name}": ${provision.problem}`)
    const filling = fillingOf(name, provision, pod, view)
    if (filling) {
      const { message, failed, tasks, again } = filling
      return { hosts: [], message: `persistentvolumeclaim "${name}" ${message}`, failed, tasks, again }
    }
    const allowed = hostsOf(name, provision, pod, view, promised)
    if (allowed.message) return allowed
    hosts = hosts.filter((host) => allowed.hosts.includes(host))
    if (hosts.length === 0)
      return refused(`persistentvolumeclaim "${name}" is on another host than the pod's other claims`)
  }
  return { hosts, message: '', failed: false }
}

/** Undefined: its data may be used, or made. */
function fillingOf(name: string, provision: Provision, pod: PodFacts, view: View): Filling | undefined {
  const seedHost = provision.seed && view.volumesOf(provision.seed.from)[0]?.host
  const host = view.hosts.find((one) => one.name === seedHost)
  const spec = host && specFor(provision.volume, { ...pod, host: host.name }, host)
  return planFill(claimKey(pod, name), provision, view, spec)
}

function hostsOf(name: string, provision: Provision, pod: PodFacts, view: View, promised: Promised): ClaimHosts {
  const there = new Set(dataOf(claimKey(pod, name), view).map(({ host }) => host))
  const soon = promised.get(name)
  if (there.size === 0 && soon !== undefined) there.add(soon)
  if (there.size === 0) {
    const refusal = refusalOf(provision)
    if (refusal !== '') return refused(`persistentvolumeclaim "${name}": ${refusal}`)
    const hosts = view.hosts.filter((host) => provision.hosts?.includes(host.name) ?? true)
    const silent = hosts.find(({ reachable }) => !reachable)
    // Data that is made a second time is as good as lost.
    if (silent) return waiting(`persistentvolumeclaim "${name}" may be on host ${silent.name}, which is unreachable`)
    if (hosts.length > 0) return { hosts, message: '', failed: false }
    return refused(`persistentvolumeclaim "${name}" may only be on ${provision.hosts?.join(', ')}, which is no host`)
  }
  const hosts = view.hosts.filter((host) => there.has(host.name))
  if (hosts.some(({ reachable }) => reachable)) return { hosts, message: '', failed: false }
  return waiting(`persistentvolumeclaim "${name}" is on host ${[...there].join(', ')}, which is unreachable`)
}

/** Volumes that the pod's claims do not have yet on its host. */
export function createVolumes(
  template: Template,
  pod: PodFacts,
  host: LiveHost,
  view: Pick<View, 'volumesOf'>,
): readonly Action[] {
  return claimsOf(template, pod).flatMap(({ name, provision }): Action[] => {
    if (!provision) return []
    const there = dataOf(claimKey(pod, name), view)
    if (there.some((volume) => volume.host === pod.host)) return []
    return [{ kind: 'createVolume', host: pod.host, volume: specFor(provision.volume, pod, host) }]
  })
}

function specFor(volume: VolumeSpec, pod: PodFacts, host: LiveHost): VolumeSpec {
  const fillAll = (texts: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, filled(text, pod, host)]))
  return {
    ...volume,
    subject: filled(volume.subject, pod, host),
    facts: fillAll(volume.facts),
    options: fillAll(volume.options),
  }
}

/** Each claim once: several volumes may be of one. */
function claimsOf(template: Template, pod: PodFacts): readonly ClaimUse[] {
  const all = template.volumes.flatMap(({ claim }) => (claim ? [claimOf(claim, pod)] : []))
  return [...new Map(all.map((claim) => [claim.name, claim])).values()]
}

function claimKey({ namespace }: PodFacts, name: string) {
  return keyOf({ namespace, kind: 'PersistentVolumeClaim', name })
}

function waiting(message: string): ClaimHosts {
  return { hosts: [], message, failed: false }
}

function refused(message: string): ClaimHosts {
  return { hosts: [], message, failed: true }
}
