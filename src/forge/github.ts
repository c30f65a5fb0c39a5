import type { Octokit } from '@octokit/rest'
import { CallError } from '../outward/errors.ts'
import type { ForgeSettings } from '../settings.ts'
import type { ForgeAddress } from './address.ts'
import type { CommitStatus, Deployment, Forge, PullRequest } from './forge.ts'
import { GitHubClient } from './github-client.ts'
import { cut } from './text.ts'

const longestDescription = 140
// Workflows make deployments of a commit and an environment, too: theirs are not ours.
const task = 'deploy:berth'

export function gitHubForge(settings: ForgeSettings, { apiURL, repository }: ForgeAddress): Forge {
  const [owner = '', repo = ''] = repository
  return new GitHub(new GitHubClient(settings, apiURL), { owner, repo })
}

interface Place {
  readonly owner: string
  readonly repo: string
}

class GitHub implements Forge {
  readonly #client: GitHubClient
  readonly #at: Place

  constructor(client: GitHubClient, at: Place) {
    this.#client = client
    this.#at = at
  }

  setStatus({ commit, state, context, description, url }: CommitStatus, signal?: AbortSignal): Promise<void> {
    return this.#client.call(signal, async ({ rest }, request) => {
      await rest.repos.createCommitStatus({
        ...{ ...this.#at, sha: commit, state, context },
        description: cut(description, longestDescription),
        ...(url === undefined ? {} : { target_url: url }),
        ...request,
      })
    })
  }

  openPullRequest({ branch, base, title, body }: PullRequest, signal?: AbortSignal): Promise<{ readonly url: string }> {
    return this.#client.call(signal, async ({ rest }, request) => {
      const at = { ...this.#at, ...request }
      const head = `${this.#at.owner}:${branch}`
      const { data: open } = await rest.pulls.list({ ...at, head, base, state: 'open', per_page: 1 })
      const number = open[0]?.number
      const { data } =
        number === undefined
          ? await rest.pulls.create({ ...at, head: branch, base, title, body })
          : await rest.pulls.update({ ...at, pull_number: number, title, body })
      if (typeof data.html_url !== 'string') throw new CallError('BAD_ANSWER', 'GitHub answers without an address')
      return { url: data.html_url }
    })
  }

  deployment({ commit, environment, state, description, url }: Deployment, signal?: AbortSignal): Promise<void> {
    return this.#client.call(signal, async ({ rest }, request) => {
      const of = { ...this.#at, ...request, environment }
      const { data: made } = await rest.repos.listDeployments({ ...of, sha: commit, task, per_page: 1 })
      const id = made[0]?.id ?? (await this.#newDeployment(rest, of, commit))
      await rest.repos.createDeploymentStatus({
        ...{ ...of, deployment_id: id, state },
        description: cut(description, longestDescription),
        ...(url === undefined ? {} : { log_url: url }),
      })
    })
  }

  async #newDeployment(rest: Octokit['rest'], of: Place & { environment: string }, commit: string): Promise<number> {
    const { data } = await rest.repos.createDeployment({
      ...{ ...of, ref: commit, task },
      // What runs is told here; whether it may run was decided elsewhere.
      ...{ auto_merge: false, required_contexts: [] },
    })
    if (!('id' in data)) throw new CallError('BAD_ANSWER', `GitHub made no deployment: ${data.message ?? ''}`)
    return data.id
  }
}
