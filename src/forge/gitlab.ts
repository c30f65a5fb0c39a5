import type { Gitlab } from '@gitbeaker/rest'
import { call, jsonOf } from '../outward/call.ts'
import { CallError } from '../outward/errors.ts'
import type { ForgeSettings } from '../settings.ts'
import type { ForgeAddress } from './address.ts'
import { forgeToken } from './credentials.ts'
import type { CommitStatus, Forge, PullRequest } from './forge.ts'
import { cut } from './text.ts'

const longestDescription = 255

const states = { pending: 'pending', success: 'success', failure: 'failed', error: 'canceled' } as const

export function gitLabForge(settings: ForgeSettings, { apiURL, repository }: ForgeAddress): Forge {
  const project = repository.join('/')
  const client = (signal: AbortSignal | undefined) => openClient(settings, apiURL, signal)
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

async function openClient(settings: ForgeSettings, host: string, signal: AbortSignal | undefined) {
  const { Gitlab } = await import('@gitbeaker/rest')
  const oauthToken = () => forgeToken(settings)
  return new Gitlab({ host, oauthToken, requesterFn: (service) => requester(service, settings.caFile, signal) })
}

type RequesterFn = NonNullable<ConstructorParameters<typeof Gitlab>[0]['requesterFn']>
type Service = Parameters<RequesterFn>[0]
type Requester = ReturnType<RequesterFn>

/**
 * Calls by our own rules in place of the library's, which has no limit of size, repeats at once what was limited by rate, and knows
 * no authorities of a file.
 */
function requester(service: Service, caFile: string | undefined, signal: AbortSignal | undefined): Requester {
  const by =
    (method: string) =>
    async (endpoint: string, options: { body?: unknown; searchParams?: object } = {}) => {
      const url = new URL(`${service.url.replace(/\/+$/, '')}/${endpoint}`)
      for (const [name, value] of Object.entries(options.searchParams ?? {})) {
        if (value !== undefined) url.searchParams.set(snake(name), String(value))
      }
      const body = options.body === undefined ? undefined : JSON.stringify(withSnakeKeys(options.body))
      const headers: Record<string, string> = { ...service.headers, accept: 'application/json' }
      for (const [name, value] of Object.entries(service.authHeaders)) headers[name] = await value()
      if (body !== undefined) headers['content-type'] = 'application/json'
      const answer = await call({ method, url, headers, body }, { caFile, signal })
      return { body: jsonOf(url, answer), headers: Object.fromEntries(answer.headers), status: answer.status }
    }
  const methods = { get: by('GET'), post: by('POST'), put: by('PUT'), patch: by('PATCH'), delete: by('DELETE') }
  return methods as Requester
}

function withSnakeKeys(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [snake(name), member]))
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
