// Where people work on the repository: GitHub, GitLab or Gitea. All methods throw CallError, and nothing else that is expected.
import type { ForgeSettings } from '../settings.ts'
import { forgeAddress } from './address.ts'
import { giteaForge } from './gitea.ts'
import { giteaPulls } from './gitea-pulls.ts'
import { gitHubForge } from './github.ts'
import { gitHubPulls } from './github-pulls.ts'
import { gitLabForge } from './gitlab.ts'
import { gitLabPulls } from './gitlab-pulls.ts'

export interface CommitStatus {
  /** Full id. */
  readonly commit: string
  readonly state: 'pending' | 'success' | 'failure' | 'error'
  /** Each context has one status at a commit, the last that was set: `berth/shop`. */
  readonly context: string
  /** One line; cut to what the forge takes. */
  readonly description: string
  /** Absent: no link. */
  readonly url?: string | undefined
}

export interface PullRequest {
  readonly branch: string
  /** Branch that it is to be merged into. */
  readonly base: string
  readonly title: string
  /** Markdown. */
  readonly body: string
}

export interface Deployment {
  /** Full id. */
  readonly commit: string
  readonly environment: string
  readonly state: 'in_progress' | 'success' | 'failure' | 'inactive'
  readonly description: string
  /** Absent: no link. */
  readonly url?: string | undefined
}

/** A pull request that is open now. Texts are foreign. */
export interface ListedPullRequest {
  readonly number: number
  readonly title: string
  readonly branch: string
  /** Branch that it is to be merged into. */
  readonly base: string
  /** Full id of its newest commit. */
  readonly head: string
  /** Login. */
  readonly author: string
  readonly draft: boolean
  readonly labels: readonly string[]
  /** Its branch is in another repository, or in none any more. */
  readonly fork: boolean
  readonly url: string
  /** Moves with each comment and label; as the forge writes it. */
  readonly updatedAt?: string | undefined
}

/** Somebody has said that a pull request may run. Whether he may say so is another question. */
export interface SaidApproval {
  /** Of the event or comment: tells one from another. */
  readonly id: string
  /** Login. */
  readonly by: string
  /** Hex digits of the commit that was named, at least 7; undefined: none was. */
  readonly commit: string | undefined
}

export interface PullRequestComment {
  readonly number: number
  /** By which it is found again: in its first line. Comments of others with the same mark are left alone. */
  readonly mark: string
  /** One with this mark becomes ours where there is none with `mark`. */
  readonly olderMark?: string
  /** Markdown that begins with the mark. */
  readonly text: string
}

export interface Forge {
  /** Doing it twice is the same as once. */
  setStatus(status: CommitStatus, signal?: AbortSignal): Promise<void>
  /** Of a branch that has an open one already, that is answered, with the new title and body. */
  openPullRequest(request: PullRequest, signal?: AbortSignal): Promise<{ readonly url: string }>
  /** Absent: the forge has none. There is one for each commit and environment. */
  deployment?(deployment: Deployment, signal?: AbortSignal): Promise<void>
}

/** What previews ask of a forge. */
export interface ForgePullRequests {
  /** All that are open, of all pages: a list that may be cut is an error. */
  pullRequests(signal?: AbortSignal): Promise<readonly ListedPullRequest[]>
  /** Whether this login may push to the repository, as the forge says now. */
  mayWrite(login: string, signal?: AbortSignal): Promise<boolean>
  /**
   * The label as it is there now, and comments whose first line is `/berth approve`, with or without a commit; none that was edited.
   * `label` undefined: it is not there, so nobody is asked for it. Throws TOO_LARGE where somebody has flooded this one.
   */
  approvals(number: number, label: string | undefined, signal?: AbortSignal): Promise<readonly SaidApproval[]>
  /** Writes the one comment of this mark that is ours, in place of what it said before. */
  comment(comment: PullRequestComment, signal?: AbortSignal): Promise<void>
}

/** Makes no call yet, and loads no client library. Throws BAD_SETTINGS when it does not follow from them where the forge is. */
export function openForge(settings: ForgeSettings, repoURL: string): Forge {
  const address = forgeAddress(settings, repoURL)
  return makers[settings.provider](settings, address)
}

/** As `openForge`. What it remembers is of one repository: keep it. */
export function openForgePullRequests(settings: ForgeSettings, repoURL: string): ForgePullRequests {
  return pullMakers[settings.provider](settings, forgeAddress(settings, repoURL))
}

const pullMakers = { github: gitHubPulls, gitlab: gitLabPulls, gitea: giteaPulls } as const
const makers = { github: gitHubForge, gitlab: gitLabForge, gitea: giteaForge } as const
