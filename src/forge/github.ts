import { createPrivateKey } from 'node:crypto'
import type { Octokit } from '@octokit/rest'
import { fetchJsonBy } from '../outward/call.ts'
import { CallError, callErrorIn } from '../outward/errors.ts'
import type { ForgeSettings, GitHubAppSettings } from '../settings.ts'
import type { ForgeAddress } from './address.ts'
import { forgeToken, textOf } from './credentials.ts'
import type { CommitStatus, Deployment, Forge, PullRequest } from './forge.ts'
import { cut } from './text.ts'

const longestDescription = 140
// Workflows make deployments of a commit and an environment, too: theirs are not ours.
const task = 'deploy:berth'
const silent = { debug() {}, info() {}, warn() {}, error() {} }

export function gitHubForge(settings: ForgeSettings, { apiURL, repository }: ForgeAddress): Forge {
  const [owner = '', repo = ''] = repository
  return new GitHub(settings, apiURL, { owner, repo })
}

interface Place {
  readonly owner: string
  readonly repo: string
}

type Work<T> = (octokit: Octokit, request: { readonly request: { readonly signal?: AbortSignal } }) => Promise<T>

class GitHub implements Forge {
  readonly #settings: ForgeSettings
  readonly #apiURL: string
  readonly #at: Place
  /** An app's client keeps its token of an hour, as long as its key is the same. */
  #client: { readonly key: string; readonly octokit: Octokit } | undefined

  constructor(settings: ForgeSettings, apiURL: string, at: Place) {
    this.#settings = settings
    this.#apiURL = apiURL
    this.#at = at
  }

  setStatus({ commit, state, context, description, url }: CommitStatus, signal?: AbortSignal): Promise<void> {
    return this.#call(signal, async ({ rest }, request) => {
      await rest.repos.createCommitStatus({
        ...{ ...this.#at, sha: commit, state, context },
        description: cut(description, longestDescription),
        ...(url === undefined ? {} : { target_url: url }),
        ...request,
      })
    })
  }

  openPullRequest({ branch, base, title, body }: PullRequest, signal?: AbortSignal): Promise<{ readonly url: string }> {
    return this.#call(signal, async ({ rest }, request) => {
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
    return this.#call(signal, async ({ rest }, request) => {
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

  /** The library wraps errors into its own. */
  async #call<T>(signal: AbortSignal | undefined, work: Work<T>): Promise<T> {
    try {
      return await work(await this.#open(), { request: signal ? { signal } : {} })
    } catch (error) {
      throw callErrorIn(error) ?? error
    }
  }

  async #open(): Promise<Octokit> {
    const { githubApp } = this.#settings
    const key = githubApp ? await textOf(githubApp.privateKeyFile) : ''
    if (this.#client?.key !== key) this.#client = { key, octokit: await this.#newClient(githubApp, key) }
    return this.#client.octokit
  }

  async #newClient(app: GitHubAppSettings | undefined, privateKey: string): Promise<Octokit> {
    const { Octokit } = await import('@octokit/rest')
    const fetch = fetchJsonBy(async () => ({
      caFile: this.#settings.caFile,
      ...(app ? {} : { headers: { authorization: `Bearer ${await forgeToken(this.#settings)}` } }),
    }))
    const options = { baseUrl: this.#apiURL, userAgent: 'berth', log: silent, request: { fetch } }
    if (!app) return new Octokit(options)
    const { createAppAuth } = await import('@octokit/auth-app')
    const { appId, installationId } = app
    const auth = { appId, installationId, privateKey: signingKey(app, privateKey) }
    return new Octokit({ ...options, authStrategy: createAppAuth, auth })
  }
}

/** GitHub gives out keys in an older format than the library takes. */
function signingKey({ privateKeyFile }: GitHubAppSettings, text: string): string {
  try {
    return createPrivateKey(text).export({ type: 'pkcs8', format: 'pem' }).toString()
  } catch (cause) {
    throw new CallError('BAD_CREDENTIALS', `expected a private key (PEM) in ${privateKeyFile}`, { cause })
  }
}
