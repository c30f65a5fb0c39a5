import type { PullRequest as GiteaPullRequest } from 'gitea-js'
import { CallError } from '../outward/errors.ts'
import type { ForgeSettings } from '../settings.ts'
import type { ForgeAddress } from './address.ts'
import type { CommitStatus, Forge, PullRequest } from './forge.ts'
import { by, openGitea } from './gitea-client.ts'
import { cut } from './text.ts'

const longestDescription = 255
const pageSize = 50
const mostPages = 20

/** Gitea and Forgejo. */
export function giteaForge(settings: ForgeSettings, { apiURL, repository }: ForgeAddress): Forge {
  const [owner = '', repo = ''] = repository
  const open = () => openGitea(settings, apiURL)
  return {
    setStatus: async ({ commit, state, context, description, url }: CommitStatus, signal) => {
      const { repos } = await open()
      const status = {
        ...{ state, context, description: cut(description, longestDescription) },
        ...(url === undefined ? {} : { target_url: url }),
      }
      await repos.repoCreateStatus(owner, repo, commit, status, by(signal))
    },
    openPullRequest: async ({ branch, base, title, body }: PullRequest, signal) => {
      const { repos } = await open()
      const page = (number: number) =>
        repos.repoListPullRequests(owner, repo, { state: 'open', page: number, limit: pageSize }, by(signal))
      const there = await find(
        async (number) => (await page(number)).data ?? [],
        ({ head, base: into }) => head?.ref === branch && into?.ref === base && head?.repo_id === into?.repo_id,
      )
      const { data } =
        there?.number === undefined
          ? await repos.repoCreatePullRequest(owner, repo, { head: branch, base, title, body }, by(signal))
          : await repos.repoEditPullRequest(owner, repo, there.number, { title, body }, by(signal))
      if (typeof data?.html_url !== 'string') throw new CallError('BAD_ANSWER', 'the forge answers without an address')
      return { url: data.html_url }
    },
  }
}

/** Gitea cannot be asked for the open pull request of a branch. */
async function find(
  page: (number: number) => Promise<readonly GiteaPullRequest[]>,
  wanted: (request: GiteaPullRequest) => boolean,
): Promise<GiteaPullRequest | undefined> {
  for (let number = 1; number <= mostPages; number++) {
    const requests = await page(number)
    const found = requests.find(wanted)
    // Servers may give out fewer than were asked for: only an empty page is the end.
    if (found || requests.length === 0) return found
  }
  return undefined
}
