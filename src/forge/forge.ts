// Where people work on the repository: GitHub, GitLab or Gitea. All methods throw CallError, and nothing else that is expected.
import type { ForgeSettings } from '../settings.ts'
import { forgeAddress } from './address.ts'
import { giteaForge } from './gitea.ts'
import { gitHubForge } from './github.ts'
import { gitLabForge } from './gitlab.ts'

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

export interface Forge {
  /** Doing it twice is the same as once. */
  setStatus(status: CommitStatus, signal?: AbortSignal): Promise<void>
  /** Of a branch that has an open one already, that is answered, with the new title and body. */
  openPullRequest(request: PullRequest, signal?: AbortSignal): Promise<{ readonly url: string }>
  /** Absent: the forge has none. There is one for each commit and environment. */
  deployment?(deployment: Deployment, signal?: AbortSignal): Promise<void>
}

/** Makes no call yet, and loads no client library. Throws BAD_SETTINGS when it does not follow from them where the forge is. */
export function openForge(settings: ForgeSettings, repoURL: string): Forge {
  const address = forgeAddress(settings, repoURL)
  return makers[settings.provider](settings, address)
}

const makers = { github: gitHubForge, gitlab: gitLabForge, gitea: giteaForge } as const
