import type { Problem } from '../manifests/problem.ts'
import type { Health, ObjectStatus } from '../reconcile/plan/action.ts'

export type Stage = 'fetching' | 'reading' | 'comparing' | 'applying' | 'settling' | 'synced'
export type SyncState = 'Synced' | 'OutOfSync' | 'Refused' | 'Unknown'

/** What the engine knows of one application; `appStatus` turns it into the report. */
export interface AppFacts {
  readonly name: string
  readonly repo: string
  readonly revision: string
  readonly path: string
  /** Commit whose objects are wanted; empty before the first good one. */
  readonly commit: string
  readonly subject: string
  /** Newest commit seen; empty before the first fetch. */
  readonly head: string
  /** What the engine is doing for this application right now. */
  readonly stage: 'fetching' | 'reading' | 'comparing' | 'idle'
  /** Somebody asked for a look at the repository that has not ended yet. */
  readonly asked?: boolean
  /** Why the head could not be fetched or read; empty when it could. */
  readonly error: string
  /** Why the head is not applied: problems of its content, or a prune that nobody approved. */
  readonly refusal:
    | { readonly commit: string; readonly summary: string; readonly problems: readonly Problem[] }
    | undefined
  readonly objects: readonly ObjectStatus[]
  /** Objects wanted but not looked at yet. */
  readonly unseen: number
  readonly ignored: readonly string[]
  readonly warnings: readonly string[]
  readonly conflicts: readonly string[]
  readonly lastSync: LastSync | undefined
  /** What runs was gone back to from a commit that failed; absent or undefined: it was not. */
  readonly rollback?: RollbackFacts | undefined
}

/** A pull request and its preview, in `berth status -o json` and `berth preview`. Texts are foreign: escape before showing. */
export interface PreviewRow {
  /** `pr-12` */
  readonly id: string
  /** `queued`: comes as soon as another one goes. `unapproved`: waits for somebody who may write. `none`: it has no preview.
   * `ending`: it goes once its hooks have been run. */
  readonly is: 'awake' | 'asleep' | 'queued' | 'unapproved' | 'none' | 'ending'
  /** Why it is not awake, or not at `newest`; empty when it is. */
  readonly reason: string
  /** Of a queued one: how many come before it; absent: not known. */
  readonly ahead?: number
  /** Null: it is a branch, or not known to be open. */
  readonly number: number | null
  readonly namespace: string
  readonly branch: string
  /** Commit that the preview is of, or is to be of. */
  readonly head: string
  /** A newer one, which cannot have a preview yet; absent: `head` is the newest. */
  readonly newest?: string | undefined
  /** Images of the manifests, without tag -> what runs in their place, with digests. Absent: these run themselves, or nothing yet. */
  readonly images?: Readonly<Record<string, string>>
  /** What the newest commit waits for; absent: nothing. */
  readonly waits?: string
  /** Since when it waits, ISO time; absent: it does not. */
  readonly waitsSince?: string
  readonly title: string
  readonly author: string
  readonly url: string
  /** ISO time; null: there is none. */
  readonly since: string | null
  /** What production would do if it were merged; absent: not known, or there is no preview. */
  readonly merge?: PreviewMerge | undefined
}

export interface PreviewMerge {
  /** Head of the target branch that it was worked out for. */
  readonly base: string
  /** That branch has moved since: it is being worked out anew. */
  readonly stale: boolean
  /** Production would refuse it. */
  readonly refused: boolean
  /** The heaviest of all actions: `rolling replace, no downtime`. */
  readonly effect: string
  /** In the words of `berth diff`. */
  readonly actions: readonly string[]
  /** It cannot be merged: files that both sides have changed; absent: it can. */
  readonly conflicts?: readonly string[]
  /** Why it is not known what the merge would be; absent: it is. */
  readonly unknown?: string
  /** Not of the merge, but of a release of the images that the pull request has. Absent: of the merge. */
  readonly ofImages?: boolean
}

/** Of an application that is a preview. */
export interface PreviewMark {
  /** The application that it is a preview of. */
  readonly of: string
  readonly id: string
  readonly is: PreviewRow['is']
  readonly reason: string
}

export interface RollbackFacts {
  /** Full ids. */
  readonly failed: string
  readonly restored: string
  /** The commit that says so in Git. */
  readonly commit: string | undefined
  /** The address of the pull request that would. */
  readonly pullRequest: string | undefined
  /** `Deployment web: CrashLoopBackOff: …` */
  readonly reason: string
  /** Why Git does not say so yet; empty: it does, or nothing keeps it from it. */
  readonly trouble: string
}

export interface LastSync {
  readonly commit: string
  readonly startedAt: number
  readonly finishedAt: number | undefined
}

/** One application in `berth status -o json`. Members may be added, never changed. */
export interface AppStatus {
  readonly name: string
  readonly repo: string
  readonly revision: string
  readonly path: string
  readonly commit: string
  readonly subject: string
  readonly head: string
  readonly sync: SyncState
  readonly health: Health
  readonly stage: Stage
  readonly message: string
  readonly objects: readonly Omit<ObjectStatus, 'failed'>[]
  readonly problems: readonly Problem[]
  readonly ignored: readonly string[]
  readonly warnings: readonly string[]
  readonly conflicts: readonly string[]
  readonly lastSync: {
    readonly commit: string
    readonly startedAt: string
    readonly finishedAt: string | null
    readonly durationMs: number | null
  } | null
  /** Only of previews. */
  readonly preview?: PreviewMark
  /** Only of applications that have previews: all open pull requests, and previews that are there. */
  readonly previews?: readonly PreviewRow[]
  readonly rollback: {
    readonly failed: string
    readonly restored: string
    readonly commit: string | null
    readonly pullRequest: string | null
    readonly reason: string
  } | null
}

const worse: readonly Health[] = ['Healthy', 'Suspended', 'Progressing', 'Missing', 'Degraded']

/** Most statuses stay the same from one report to the next. */
const shown = new WeakMap<ObjectStatus, AppStatus['objects'][number]>()

function shownOf(status: ObjectStatus): AppStatus['objects'][number] {
  const known = shown.get(status)
  if (known) return known
  const { failed: _, ...rest } = status
  shown.set(status, rest)
  return rest
}

/** The worst of its objects; an application without a good commit is Missing. */
export function worstHealth(objects: readonly Pick<ObjectStatus, 'health'>[]): Health {
  return objects.reduce<Health>(
    (worst, { health }) => (health !== worst && worse.indexOf(health) > worse.indexOf(worst) ? health : worst),
    'Healthy',
  )
}

export function appStatus(facts: AppFacts): AppStatus {
  const health = facts.commit === '' ? 'Missing' : worstHealth(facts.objects)
  const outOfSync = facts.objects.filter((object) => object.sync === 'OutOfSync').length
  return {
    name: facts.name,
    repo: facts.repo,
    revision: facts.revision,
    path: facts.path,
    commit: facts.commit,
    subject: facts.subject,
    head: facts.head,
    sync: syncOf(facts, outOfSync),
    health,
    stage: stageOf(facts, health, outOfSync),
    message: messageOf(facts, health, outOfSync),
    objects: facts.objects.map(shownOf),
    problems: facts.refusal?.problems ?? [],
    ignored: facts.ignored,
    warnings: facts.warnings,
    conflicts: facts.conflicts,
    lastSync: lastSyncOf(facts.lastSync),
    rollback: rollbackOf(facts.rollback),
  }
}

/**
 * What `berth status` answers with its exit code. What Git itself suspends is as it should be; previews are their pull requests' business,
 * and count where nothing else is asked for.
 */
export function allGood(all: readonly AppStatus[]): boolean {
  const production = all.filter(({ preview }) => !preview)
  const apps = production.length > 0 ? production : all
  const isWell = ({ health }: AppStatus): boolean => health === 'Healthy' || health === 'Suspended'
  return apps.length > 0 && apps.every((app) => app.sync === 'Synced' && isWell(app) && app.conflicts.length === 0)
}

function syncOf(facts: AppFacts, outOfSync: number): SyncState {
  if (facts.refusal) return 'Refused'
  if (facts.error !== '' || facts.commit === '') return 'Unknown'
  return outOfSync > 0 || facts.unseen > 0 || facts.head !== facts.commit ? 'OutOfSync' : 'Synced'
}

function stageOf(facts: AppFacts, health: Health, outOfSync: number): Stage {
  if (facts.stage !== 'idle' && facts.commit === '') return facts.stage
  if (facts.asked && facts.stage === 'idle') return 'fetching'
  if (facts.stage === 'reading' || facts.stage === 'comparing') return facts.stage
  if (facts.commit === '') return facts.refusal ? 'reading' : 'fetching'
  if (outOfSync > 0 || facts.unseen > 0) return 'applying'
  return health === 'Healthy' || health === 'Suspended' ? 'synced' : 'settling'
}

function messageOf(facts: AppFacts, health: Health, outOfSync: number): string {
  const { rollback } = facts
  if (rollback && facts.refusal?.commit === rollback.failed) return rollbackText(rollback)
  if (facts.refusal) {
    const running = facts.commit === '' ? 'what runs stays as it is' : `${facts.commit.slice(0, 7)} keeps running`
    return `${facts.refusal.commit.slice(0, 7)} is not applied: ${facts.refusal.summary}; ${running}`
  }
  if (facts.error !== '') return facts.error
  if (facts.commit === '') return 'waiting for the first commit'
  const broken = facts.objects.find((object) => object.health === health && object.message !== '')
  if (health !== 'Healthy' && broken) return `${broken.kind} ${broken.name}: ${broken.message}`
  if (outOfSync > 0) return `${outOfSync} of ${facts.objects.length} objects differ from Git`
  return rollback ? rollbackText(rollback) : ''
}

/** `1a2b3c4 failed: Deployment web: …; rolled back to 9f8e7d6 by 5c4b3a2`. */
function rollbackText({ failed, restored, commit, pullRequest, reason, trouble }: RollbackFacts): string {
  const what = `${failed.slice(0, 7)} failed: ${reason}; rolled back to ${restored.slice(0, 7)}`
  if (commit !== undefined) return `${what} by ${commit.slice(0, 7)}`
  if (pullRequest !== undefined) return `${what} on the hosts, and in Git once ${pullRequest} is merged`
  return trouble === ''
    ? `${what} on the hosts, in Git in a moment`
    : `${what} on the hosts, but not in Git: ${trouble}`
}

function rollbackOf(rollback: RollbackFacts | undefined): AppStatus['rollback'] {
  if (!rollback) return null
  const { failed, restored, commit = null, pullRequest = null, reason } = rollback
  return { failed, restored, commit, pullRequest, reason }
}

function lastSyncOf(last: LastSync | undefined): AppStatus['lastSync'] {
  if (!last) return null
  return {
    commit: last.commit,
    startedAt: new Date(last.startedAt).toISOString(),
    finishedAt: last.finishedAt === undefined ? null : new Date(last.finishedAt).toISOString(),
    durationMs: last.finishedAt === undefined ? null : last.finishedAt - last.startedAt,
  }
}
