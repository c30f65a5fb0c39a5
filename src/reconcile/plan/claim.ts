import { type Key, keyOf, keyParts } from '../../base/key.ts'
import { toBytes } from '../../manifests/quantity.ts'
import type { LiveVolume } from '../../runtime/live.ts'
import type { Health, ObjectStatus, Plan, Task } from './action.ts'
import type { DesiredClaim, Provision, View } from './desired.ts'
import { type Filling, planFill, withRecords } from './fill.ts'
import { removeRecords } from './job-record.ts'

/**
 * A claim and its data. The volume is made with its first pod, or at once where its class says so; it is never changed, and never removed
 * as long as the claim is wanted.
 */
export function planClaim(desired: DesiredClaim, view: View): Plan {
  const { namespace = '', name } = desired.object.metadata
  const { provision } = desired
  const key = keyOf({ namespace, kind: 'PersistentVolumeClaim', name })
  const data = dataOf(key, view)
  const filling = planFill(key, provision, view)
  // Where it waits for its first pod, that is what has it filled.
  if (filling && (data.length > 0 || !provision.waits)) return planFilling(key, filling, provision.waits)
  const making =
    data.length > 0 || provision.waits || refusalOf(provision) !== '' ? undefined : makeVolume(desired, view)
  const verdict = judge(desired, data, making)
  return {
    tasks: making?.tasks ?? [],
    status: {
      ...{ kind: 'PersistentVolumeClaim', namespace, name, ready: '', failed: false },
      sync: data.length > 0 || provision.waits ? 'Synced' : 'OutOfSync',
      ...verdict,
    },
    lookAgainAt: undefined,
    lookAgainFor: '',
  }
}

function planFilling(claim: Key, { message, failed, tasks, again }: Filling, waits: boolean): Plan {
  return {
    tasks: waits ? [] : tasks,
    status: {
      ...line(claim),
      ...{ sync: 'OutOfSync', health: failed ? 'Degraded' : 'Progressing', message: `Pending: ${message}` },
    },
    lookAgainAt: again?.at,
    lookAgainFor: again?.reason ?? '',
  }
}

/** Why no data is made for a claim; empty: it is. */
export function refusalOf({ problem, forbidden = '' }: Provision): string {
  return problem !== '' || forbidden === '' ? problem : `forbidden: ${forbidden}`
}

/** The claim's data, without records. */
export function dataOf(claim: Key, view: Pick<View, 'volumesOf'>): readonly LiveVolume[] {
  return view.volumesOf(claim).filter(isClaimData)
}

/** As against a record. */
export function isClaimData({ subject, detail }: LiveVolume): boolean {
  return subject.startsWith('PersistentVolumeClaim/') && detail === ''
}

interface Making {
  readonly tasks: readonly Task[]
  readonly message: string
}

function makeVolume({ provision, object }: DesiredClaim, view: View): Making {
  const hosts = view.hosts.filter(({ name }) => provision.hosts?.includes(name) ?? true)
  const silent = hosts.find(({ reachable }) => !reachable)
  if (silent) return { tasks: [], message: `may be on host ${silent.name}, which is unreachable` }
  const [host] = [...hosts].sort((a, b) => (a.name < b.name ? -1 : 1))
  if (!host) return { tasks: [], message: `may only be on ${provision.hosts?.join(', ')}, which is no host` }
  const task: Task = {
    host: host.name,
    text: `create volume of claim ${object.metadata.name} on ${host.name}`,
    cause: `class ${provision.volume.facts.class ?? ''}`,
    effect: 'none',
    actions: [{ kind: 'createVolume', host: host.name, volume: provision.volume }],
  }
  return { tasks: [task], message: 'is being made' }
}

function judge(
  { provision, object }: DesiredClaim,
  data: readonly LiveVolume[],
  making: Making | undefined,
): { readonly health: Health; readonly message: string } {
  const [volume] = data
  if (!volume) {
    const refusal = refusalOf(provision)
    if (refusal !== '') return { health: 'Degraded', message: `Pending: ${refusal}` }
    if (making) return { health: 'Progressing', message: `Pending: ${making.message}` }
    return {
      health: 'Healthy',
      message: conditionText(['WaitForFirstConsumer: made with its first pod'], provision.conditions),
    }
  }
  const asked = object.spec.resources?.requests?.storage
  const had = volume.facts.capacity
  const grown =
    had !== undefined && asked !== undefined && toBytes(asked) !== toBytes(had)
      ? [`asked for ${asked}, was made for ${had}: Docker volumes have no size of their own`]
      : []
  const twice = data.length > 1 ? [`its data is on ${data.map(({ host }) => host).join(' and ')}: remove one`] : []
  const bound = `Bound on ${volume.host}${volume.facts.pv ? ` to volume ${volume.facts.pv}` : ''}`
  const health = twice.length > 0 ? 'Degraded' : 'Healthy'
  return { health, message: conditionText([bound], [...grown, ...twice, ...provision.conditions]) }
}

function conditionText(...parts: (readonly string[])[]): string {
  return parts.flat().join('; ')
}

/**
 * A claim whose removal was approved in so many words and whose volume says that it may be deleted: the volume goes once no pod
 * uses it. All other claims that vanish from Git are kept, see `keptStatus`.
 */
export function planGoneClaim(claim: Key, view: View): Plan {
  const { namespace, name } = keyParts(claim)
  const volumes = dataOf(claim, view)
  const tasks = volumes
    .filter(({ host }) => view.hosts.some((candidate) => candidate.name === host && candidate.reachable))
    .map(
      (volume): Task => ({
        host: volume.host,
        text: `remove volume of claim ${name} on ${volume.host}`,
        cause: 'its removal was approved',
        effect: 'none',
        actions: withRecords(claim, volume, view),
      }),
    )
  const records = volumes.length > 0 ? [] : removeRecords(view.volumesOf(claim), view, 'its removal was approved')
  const inUse = view.allPods().filter((pod) => pod.namespace === namespace && usesClaim(pod.spec, name))
  const message = inUse[0] ? `is being removed, pod ${inUse[0].name} still uses it` : 'is being removed'
  return {
    tasks: inUse.length > 0 ? [] : [...tasks, ...records],
    status: { ...line(claim), sync: 'OutOfSync', health: 'Progressing', message },
    lookAgainAt: inUse.length > 0 ? view.now + inUseLookMs : undefined,
    lookAgainFor: inUse.length > 0 ? 'the pods that use it may be gone' : '',
  }
}

const inUseLookMs = 2_000

function usesClaim(
  spec:
    | { readonly volumes?: readonly { readonly persistentVolumeClaim?: { readonly claimName: string } }[] }
    | undefined,
  name: string,
): boolean {
  return (spec?.volumes ?? []).some(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === name)
}

/** What the report says of data whose claim is not wanted any more. */
export function keptStatus({ namespace, subject, host, facts }: LiveVolume): ObjectStatus {
  const claim = keyOf({ namespace, kind: 'PersistentVolumeClaim', name: subject.slice(subject.indexOf('/') + 1) })
  const size = facts.capacity ? `${facts.capacity} ` : ''
  const message = `kept: ${size}on ${host}; it is taken again when the claim comes back`
  return { ...line(claim), sync: 'Synced', health: 'Healthy', message }
}

function line(claim: Key): Pick<ObjectStatus, 'kind' | 'namespace' | 'name' | 'ready' | 'failed'> {
  const { namespace, name } = keyParts(claim)
  return { kind: 'PersistentVolumeClaim', namespace, name, ready: '', failed: false }
}
