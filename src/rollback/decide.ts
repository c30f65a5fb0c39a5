// Whether a failure takes a commit back, and how.
import { backoffMs } from '../base/backoff.ts'
import { trailerNames } from './trailers.ts'

/** A folder of manifests, by its tree id, and a commit that has it. */
export interface FolderAt {
  readonly commit: string
  readonly tree: string
}

export type OnFailure = 'off' | 'revert' | 'pullRequest'

export interface Situation {
  readonly onFailure: OnFailure
  /** What runs and failed. */
  readonly current: FolderAt
  /** It is a rollback itself. */
  readonly isRollback: boolean
  /** The newest state that settled and stayed well for a while; undefined: none is known. */
  readonly healthy: FolderAt | undefined
}

export type AfterFailure =
  | { readonly kind: 'leave'; readonly why: string }
  | { readonly kind: 'restore'; readonly to: FolderAt }

/** What is done about an object that failed. */
export function afterFailure({ onFailure, current, isRollback, healthy }: Situation): AfterFailure {
  if (onFailure === 'off') return { kind: 'leave', why: '' }
  // It was well for long enough: what fails now is not the commit's doing.
  if (healthy?.tree === current.tree) return { kind: 'leave', why: '' }
  if (isRollback) return { kind: 'leave', why: 'it is a rollback itself, and is not taken back' }
  if (!healthy) return { kind: 'leave', why: 'no earlier commit is known to have been healthy' }
  return { kind: 'restore', to: healthy }
}

export interface Pushing {
  readonly onFailure: OnFailure
  /** Heads have to be signed to be applied. */
  readonly verified: boolean
  readonly signs: boolean
  readonly canOpenPullRequests: boolean
}

/** Why the rollback cannot be written to Git, whatever the remote says; empty: it can. */
export function pushFault({ onFailure, verified, signs, canOpenPullRequests }: Pushing): string {
  if (onFailure === 'revert' && verified && !signs) {
    return 'spec.source.verify refuses unsigned commits, so Berth would refuse its own: give spec.rollback.signingKeyFile'
  }
  if (onFailure === 'pullRequest' && !canOpenPullRequests)
    return 'there is no forge to open a pull request at (spec.forge)'
  return ''
}

const firstRetryMs = 5_000
const longestRetryMs = 300_000
/** A person has to do something first. */
const rareRetryMs = 900_000

export function retryInMs(attempts: number, passes: boolean): number {
  return passes ? backoffMs(attempts, firstRetryMs, longestRetryMs) : rareRetryMs
}

/** `berth/rollback-shop-1a2b3c4` */
export function rollbackBranch(app: string, failed: string): string {
  return `berth/rollback-${app}-${failed.slice(0, 7)}`
}

/** Why a head whose folder failed before is not applied. `taken`: the address of a pull request that takes it back, if there is one. */
export function heldText(reason: string, path: string, taken: string | undefined): string {
  const where = path === '' ? 'the repository' : path
  const ways = `waiting for another change of ${where}, or a commit with the trailer "${trailerNames.retry}: yes"`
  return `it failed before (${reason}); ${taken === undefined ? ways : `${taken} takes it back`}`
}
