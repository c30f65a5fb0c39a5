import { CallError } from '../outward/errors.ts'
import type { ForgeSettings } from '../settings.ts'
import type { ForgeAddress } from './address.ts'
import type { CommitStatus, Forge, PullRequest } from './forge.ts'
import { openGitLab } from './gitlab-client.ts'
import { cut } from './text.ts'

const longestDescription = 255

const states = { pending: 'pending', success: 'success', failure: 'failed', error: 'canceled' } as const

export function gitLabForge(settings: ForgeSettings, { apiURL, repository }: ForgeAddress): Forge {
  const project = repository.join('/')
  const client = (signal: AbortSignal | undefined) => openGitLab(settings, apiURL, signal)
  return {
    setStatus: async ({ commit, state, context, description, url }: CommitStatus, signal) => {
      const { Commits } = await client(signal)
      const more = { context, description: cut(description, longestDescription) }
      const target = url === undefined ? {} : { targetUrl: url }
      await Commits.editStatus(project, commit, states[state], { ...more, ...target }).catch(unlessThereAlready)
    },
    openPullRequest: async ({ branch, base, title, body }: PullRequest, signal) => {
      const { MergeRequests } = await client(signal)
      const search = { projectId: project, sourceBranch: branch, targetBranch: base, state: 'opened' } as const
      const open = await MergeRequests.all({ ...search, perPage: 100, page: 1 })
      // A fork may have a branch of the same name.
      const there = open.find((one) => one.source_project_id === one.target_project_id)
      const request = there
        ? await MergeRequests.edit(project, there.iid, { title, description: body })
        : await MergeRequests.create(project, branch, base, title, { description: body, removeSourceBranch: true })
      return { url: request.web_url }
    },
  }
}

/** Whoever sets the state that a status has already is refused; nothing is wrong then. */
function unlessThereAlready(error: unknown): void {
  if (error instanceof CallError && /cannot transition status/i.test(error.message)) return
  throw error
}
