import type { Gitlab } from '@gitbeaker/rest'
import { type CallOptions, call, jsonOf } from '../outward/call.ts'
import type { ForgeSettings } from '../settings.ts'
import { forgeToken } from './credentials.ts'
import type { AnswerLimits } from './pages.ts'

/** GitLab's client, by our rules of calling. Throws CallError. */
export async function openGitLab(
  settings: ForgeSettings,
  host: string,
  signal: AbortSignal | undefined,
  limits: AnswerLimits = {},
) {
  const { Gitlab } = await import('@gitbeaker/rest')
  const oauthToken = () => forgeToken(settings)
  return new Gitlab({
    host,
    oauthToken,
    requesterFn: (service) => requester(service, { ...limits, caFile: settings.caFile, signal }),
  })
}

type RequesterFn = NonNullable<ConstructorParameters<typeof Gitlab>[0]['requesterFn']>
type Service = Parameters<RequesterFn>[0]
type Requester = ReturnType<RequesterFn>

/**
 * Calls by our own rules in place of the library's, which has no limit of size, repeats at once what was limited by rate, and knows
 * no authorities of a file.
 */
function requester(service: Service, options: CallOptions): Requester {
  const by =
    (method: string) =>
    async (endpoint: string, asked: { body?: unknown; searchParams?: object } = {}) => {
      const url = new URL(`${service.url.replace(/\/+$/, '')}/${endpoint}`)
      for (const [name, value] of Object.entries(asked.searchParams ?? {})) {
        if (value !== undefined) url.searchParams.set(snake(name), String(value))
      }
      const body = asked.body === undefined ? undefined : JSON.stringify(withSnakeKeys(asked.body))
      const headers: Record<string, string> = { ...service.headers, accept: 'application/json' }
      for (const [name, value] of Object.entries(service.authHeaders)) headers[name] = await value()
      if (body !== undefined) headers['content-type'] = 'application/json'
      const answer = await call({ method, url, headers, body }, options)
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
