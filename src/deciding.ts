// What becomes of a commit that was read: refused, held, or accepted with what it takes away. Part of the corridor beside engine.ts.
import { type Key, keyParts } from './base/key.ts'
import { type Problem, renderProblem } from './manifests/problem.ts'
import { claimsWithData, decidePrune, deletableClaims } from './reconcile/plan/prune.ts'
import type { Wanted } from './reconcile/wanted.ts'
import type { LiveVolume } from './runtime/live.ts'
import type { ApplicationSettings } from './settings.ts'
import type { Reading, Revision } from './source/application.ts'
import type { Repository } from './sync/port.ts'

export interface DecidingParts {
  readonly settings: Pick<ApplicationSettings, 'name' | 'prune' | 'pruneBudget'>
  readonly wanted: Wanted
  readonly liveOwners: () => readonly Key[]
  readonly volumes: () => readonly LiveVolume[]
  readonly isGone: (key: Key) => boolean
  /** See ApplicationParts. */
  readonly transform?: unknown
}

export type Verdict =
  | { readonly kind: 'accepted'; readonly revision: Revision; readonly removed: readonly Key[] }
  | {
      readonly kind: 'refused' | 'held'
      readonly summary: string
      readonly problems: readonly Problem[]
      /** For the history. */
      readonly message: string
      /** False: the same commit may be decided on otherwise at the next poll, without having changed. */
      readonly final: boolean
    }

/** `messages` of the commits since the applied one: approvals stand in their trailers. */
export function verdictOn(reading: Reading, messages: readonly string[], parts: DecidingParts): Verdict {
  if (reading.kind === 'refused') {
    const { unverified } = reading
    // Who may sign can change while this head stays.
    if (unverified !== undefined) {
      return { kind: 'refused', summary: unverified, problems: [], message: unverified, final: false }
    }
    const count = reading.problems.length
    return refused(`${count} ${count === 1 ? 'problem' : 'problems'}`, reading.problems, true)
  }
  const { revision } = reading
  const taken = takenByOthers(revision, parts)
  // The other application may give them up while this head stays.
  if (taken.length > 0) return refused('it defines objects of another application', taken, false)
  // What an earlier commit was allowed to remove, and still ends, is not asked about again.
  const { settings, wanted, liveOwners, volumes, isGone } = parts
  const owners = liveOwners().filter((key) => !isGone(key) && (wanted.appOf(key) ?? settings.name) === settings.name)
  const decision = decidePrune({
    before: [...new Set<Key>([...wanted.keys(settings.name), ...owners])],
    after: revision.objects,
    budget: settings.pruneBudget,
    ...(parts.transform === undefined
      ? { messages, claims: deletableClaims(volumes()) }
      : { messages: ['Berth-Allow-Prune: yes'], claims: claimsWithData(volumes()) }),
  })
  if (!decision.allowed && settings.prune) {
    return { kind: 'held', summary: decision.text, problems: [], message: decision.text, final: true }
  }
  return { kind: 'accepted', revision, removed: decision.removed }
}

/** Messages of the commits from the applied one (undefined: there is none) to `oid`: approvals stand in their trailers. */
export async function messagesSince(repository: Repository, from: string | undefined, oid: string): Promise<string[]> {
  if (from === oid) return []
  // Without a last commit to start from, an approval of long ago must not count: only the head's own words do.
  if (from === undefined) return [(await repository.commit(oid)).message]
  const commits = await repository.between(from, oid, 100)
  return commits.map((commit) => commit.message)
}

/** What an earlier revision does not name was made by a later one, and goes with it; the data of claims stays. */
export function madeSince({ objects }: Revision, now: Iterable<Key>): Key[] {
  return [...now].filter((key) => !objects.has(key) && keyParts(key).kind !== 'PersistentVolumeClaim')
}

function refused(summary: string, problems: readonly Problem[], final: boolean): Verdict {
  return { kind: 'refused', summary, problems, message: problems.map(renderProblem).join('\n'), final }
}

function takenByOthers({ changed, objects }: Revision, { settings, wanted }: DecidingParts): Problem[] {
  // What did not change is this application's already.
  const taken = changed.filter((key) => (wanted.appOf(key) ?? settings.name) !== settings.name)
  return taken.map((key) => ({
    file: objects.get(key)?.file ?? '',
    line: objects.get(key)?.line ?? 0,
    path: 'metadata.name',
    message: `expected an object of this application, found one that application ${wanted.appOf(key)} already defines`,
  }))
}
