import { backoffMs } from '../../base/backoff.ts'
import { type Key, keyOf, keyParts } from '../../base/key.ts'
import { filledDetail } from '../../runtime/filled.ts'
import type { LiveVolume } from '../../runtime/live.ts'
import type { VolumeSpec } from '../../runtime/port.ts'
import type { Action, Task } from './action.ts'
import type { Provision, View } from './desired.ts'
import type { LookAgain } from './time.ts'

/** What keeps a claim from being used until it has the data of the claim that it begins with. */
export interface Filling {
  /** `is being filled from shop/data`: of the claim. */
  readonly message: string
  /** Something is wrong, as against: it takes a moment. */
  readonly failed: boolean
  readonly tasks: readonly Task[]
  readonly again: LookAgain | undefined
}

type FillView = Pick<View, 'volumesOf' | 'hosts' | 'now'>

const firstPauseMs = 10_000
const longestPauseMs = 300_000

/**
 * The volume of a claim with a seed is made where the seed is, filled, and only then used; a record says that it is whole. One that was made
 * without a seed stays as it is. `spec`: the claim's volume, as it is made. Undefined: nothing stands against its use.
 */
export function planFill(
  claim: Key,
  provision: Provision | undefined,
  view: FillView,
  spec: VolumeSpec | undefined = provision?.volume,
): Filling | undefined {
  const all = view.volumesOf(claim)
  const records = all.filter(({ detail }) => detail === filledDetail)
  const volume = all.find(({ detail }) => detail === '')
  const wanted = provision?.seed
  if (volume) {
    const from = volume.facts.seed
    if (from === undefined || records.some(({ host }) => host === volume.host)) return undefined
    const makesAnew = wanted === undefined || wanted.from !== from
    return makesAnew ? without(claim, volume, view) : filled(claim, wanted, volume.host, volume, [], view)
  }
  if (wanted === undefined || !spec || provision?.problem || provision?.forbidden) return undefined
  const [source, ...others] = dataOfSeed(wanted, view)
  if (!source) return waits(`waits: ${fromText(wanted.from)}, which it begins with, has no data yet`, view)
  if (others.length > 0) return refused(`cannot be filled: ${fromText(wanted.from)} has data on several hosts`)
  const isPath = source.facts.pv !== undefined && Object.keys(source.options).length === 0
  if (isPath) return refused(`cannot be filled: ${fromText(wanted.from)} is a path of its host, not a volume of Docker`)
  // A record without its volume would say that the new one is whole.
  const stale = records.map(({ host, name }): Action => ({ kind: 'removeVolume', host, name }))
  const make: Action = { kind: 'createVolume', host: source.host, volume: spec }
  return filled(claim, wanted, source.host, undefined, [...stale, make], view)
}

/** Removes data of a claim, and then the records about it: what cannot be removed, as a pod has it, is whole still. */
export function withRecords(claim: Key, volume: LiveVolume, view: Pick<View, 'volumesOf'>): readonly Action[] {
  const records = view.volumesOf(claim).filter(({ detail, host }) => detail === filledDetail && host === volume.host)
  return [volume, ...records].map(({ host, name }) => ({ kind: 'removeVolume', host, name }))
}

type Seed = NonNullable<Provision['seed']>

function filled(
  claim: Key,
  seed: Seed,
  host: string,
  volume: LiveVolume | undefined,
  before: readonly Action[],
  view: FillView,
): Filling {
  const from = fromText(seed.from)
  const silent = view.hosts.find(({ name }) => name === host)?.reachable !== true
  if (silent) return waits(`waits: ${from}, which it begins with, is on host ${host}, which is unreachable`, view)
  const { state, at = 0, attempts = 0, message = '' } = volume?.filling ?? {}
  if (state === 'running')
    return { message: `is being filled from ${from}`, failed: false, tasks: [], again: undefined }
  const until = at + backoffMs(attempts, firstPauseMs, longestPauseMs)
  if (state === 'failed' && view.now < until) {
    const again = { at: until, reason: 'the next attempt to fill a claim' }
    return { message: `could not be filled from ${from}: ${message}`, failed: true, tasks: [], again }
  }
  if (volume && !dataOfSeed(seed, view).some((source) => source.host === host)) {
    return waits(`waits: ${from}, which it begins with, has no data on host ${host}`, view)
  }
  const { namespace, name } = keyParts(claim)
  const source = keyParts(seed.from)
  const fill: Action = {
    kind: 'fillVolume',
    host,
    fill: {
      ...{ namespace, subject: `PersistentVolumeClaim/${name}`, limitBytes: seed.limitBytes },
      from: { namespace: source.namespace, subject: `PersistentVolumeClaim/${source.name}` },
    },
  }
  const task: Task = {
    ...{ host, text: `fill claim ${name} from ${from} on ${host}`, cause: 'its seed', effect: 'none' },
    actions: [...before, fill],
  }
  return { message: `is being filled from ${from}`, failed: state === 'failed', tasks: [task], again: undefined }
}

/** What is in it is a part of something that nobody wants any more. */
function without(claim: Key, volume: LiveVolume, view: FillView): Filling {
  const { name } = keyParts(claim)
  const { host } = volume
  const text = `remove volume of claim ${name} on ${host}`
  const cause = 'it has a part of another seed'
  const task: Task = { host, text, cause, effect: 'none', actions: withRecords(claim, volume, view) }
  const reachable = view.hosts.some((one) => one.name === host && one.reachable)
  return { message: 'is made anew', failed: false, tasks: reachable ? [task] : [], again: undefined }
}

function dataOfSeed(seed: Seed, view: FillView): readonly LiveVolume[] {
  return view.volumesOf(seed.from).filter(({ detail }) => detail === '')
}

function fromText(claim: Key): string {
  const { namespace, name } = keyParts(claim)
  return `${namespace}/${name}`
}

const lookMs = 10_000

/** Data of other objects comes without a word to this one. */
function waits(message: string, { now }: FillView): Filling {
  return { message, failed: false, tasks: [], again: { at: now + lookMs, reason: 'its seed may have data' } }
}

function refused(message: string): Filling {
  return { message, failed: true, tasks: [], again: undefined }
}

/** `shop/data`, as it stands in an annotation, as a key. */
export function seedKey(text: string): Key {
  const [namespace = '', name = ''] = text.split('/')
  return keyOf({ namespace, kind: 'PersistentVolumeClaim', name })
}
