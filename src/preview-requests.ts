// Where the pull requests are that previews are made of. Part of the corridor beside engine.ts.
import { awaitingImages, type Registries } from './preview-images.ts'
import { type Previewed, targetBranchOf } from './preview-settings.ts'
import { BranchRequests } from './pulls/branches.ts'
import { KnownTarget } from './pulls/known-target.ts'
import type { PullRequests } from './pulls/pull-requests.ts'
import type { ApplicationSettings } from './settings.ts'
import type { Repository } from './sync/port.ts'

export interface RequestsParts extends Registries {
  /** Of another kind than branches; absent: there are none. */
  readonly pullRequests?: ((application: ApplicationSettings) => PullRequests) | undefined
}

/** `repository`: of production's manifests. */
export function requestsOf(of: Previewed, repository: () => Promise<Repository>, parts: RequestsParts): PullRequests {
  const { provider, branches: pattern, images } = of.previews
  const targetBranch = targetBranchOf(of)
  if (provider === 'branches' || !parts.pullRequests) {
    return awaitingImages(of, new BranchRequests({ repository, pattern, targetBranch }), parts)
  }
  const requests = parts.pullRequests(of)
  return images ? awaitingImages(of, requests, parts) : new KnownTarget({ requests, repository, targetBranch })
}
