import { createPrivateKey } from 'node:crypto'
import type { Octokit } from '@octokit/rest'
import { fetchJsonBy } from '../outward/call.ts'
import { CallError, callErrorIn } from '../outward/errors.ts'
import type { ForgeSettings, GitHubAppSettings } from '../settings.ts'
import { forgeToken, textOf } from './credentials.ts'
import type { AnswerLimits } from './pages.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {} }

type Work<T> = (octokit: Octokit, request: { readonly request: { readonly signal?: AbortSignal } }) => Promise<T>

/** GitHub's own client, by our rules of calling. */
export class GitHubClient {
  readonly #settings: ForgeSettings
  readonly #apiURL: string
  readonly #limits: AnswerLimits
  /** An app's client keeps its token of an hour, as long as its key is the same. */
  #client: { readonly key: string; readonly octokit: Octokit } | undefined

  constructor(settings: ForgeSettings, apiURL: string, limits: AnswerLimits = {}) {
    this.#settings = settings
    this.#apiURL = apiURL
    this.#limits = limits
  }

  get isApp(): boolean {
    return this.#settings.githubApp !== undefined
  }

  /** The library wraps errors into its own: what is thrown is a CallError all the same. */
  async call<T>(signal: AbortSignal | undefined, work: Work<T>): Promise<T> {
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
      ...{ ...this.#limits, caFile: this.#settings.caFile },
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
