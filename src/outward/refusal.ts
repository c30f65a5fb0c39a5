// What an answer that is not 2xx means.
import { oneLine } from '../base/errors.ts'
import { CallError, type CallErrorCode } from './errors.ts'

export interface RefusalFacts {
  readonly host: string
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Taken out of whatever the server says. */
  readonly secrets: readonly string[]
  /** ms. */
  readonly now: number
}

const longestPauseMs = 3_600_000
const secondaryLimitMs = 60_000

export function refusal(facts: RefusalFacts): CallError {
  const { host, status, headers, now } = facts
  if (status >= 300 && status < 400) {
    const place = URL.parse(headers.get('location') ?? '', `https://${host}`)?.host ?? 'an unknown place'
    const where = place === host ? 'has it under another name now' : `sends on to ${oneLine(place, 100)}`
    const text = `${host} ${where} (${status}); redirects are not followed: give the address as it is now`
    return new CallError('REDIRECTED', text, { status })
  }
  const said = saidIn(facts)
  const limited = isRateLimit(facts, said)
  const code = limited ? 'RATE_LIMITED' : (codes[status] ?? (status >= 500 ? 'SERVER_ERROR' : 'REFUSED'))
  const retryAfterMs = limited || status >= 500 ? pauseMs(facts, limited ? secondaryLimitMs : 0, now) : 0
  const text = `${host} answers ${status}${said === '' ? '' : `: ${said}`}${next[code] ?? ''}`
  return new CallError(code, text, { status, retryAfterMs })
}

const codes: Readonly<Record<number, CallErrorCode>> = {
  401: 'AUTH_REQUIRED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  408: 'SERVER_ERROR',
  410: 'NOT_FOUND',
  429: 'RATE_LIMITED',
}

const next: Partial<Record<CallErrorCode, string>> = {
  AUTH_REQUIRED: '; check the token',
  FORBIDDEN: '; the token lacks this right',
  NOT_FOUND: '; check the address and what the token may see',
}

/** GitHub answers 403 when there were too many calls, too. */
function isRateLimit({ status, headers }: RefusalFacts, said: string): boolean {
  if (status === 429) return true
  const spent = headers.get('x-ratelimit-remaining') === '0' || headers.has('retry-after')
  return status === 403 && (spent || /rate limit/i.test(said))
}

/** Of the header that is there: seconds, a date, or a time in seconds since 1970; Matrix says it in the body. */
function pauseMs({ headers, text }: RefusalFacts, otherwise: number, now: number): number {
  // By the server's own clock, as ours may be another.
  const there = Date.parse(headers.get('date') ?? '') || now
  const after = headers.get('retry-after')
  const reset = headers.get('x-ratelimit-reset') ?? headers.get('ratelimit-reset')
  const inBody = Number(/"retry_after_ms"\s*:\s*(\d{1,12})/.exec(text.slice(0, 4096))?.[1])
  const pauses = [
    after === null ? Number.NaN : /^\d+$/.test(after) ? Number(after) * 1000 : Date.parse(after) - there,
    inBody,
    reset === null ? Number.NaN : Number(reset) * 1000 - there,
  ]
  const pause = pauses.find((ms) => Number.isFinite(ms)) ?? otherwise
  return Math.min(Math.max(pause, 0), longestPauseMs)
}

/** The server's own words. */
function saidIn({ text, secrets }: RefusalFacts): string {
  const words = wordsIn(parsed(text)) || (/^\s*[<{[]/.test(text) ? '' : text)
  return oneLine(
    secrets.reduce((plain, secret) => plain.replaceAll(secret, '***'), words),
    300,
  )
}

function wordsIn(body: unknown): string {
  if (typeof body === 'string') return body
  if (Array.isArray(body)) return body.slice(0, 5).map(wordsIn).filter(Boolean).join(', ')
  if (typeof body !== 'object' || body === null) return ''
  const { message, error, errors, error_description: description, ...rest } = body as Record<string, unknown>
  const parts = [message, error, description, errors].map(wordsIn).filter(Boolean)
  if (parts.length > 0) return [...new Set(parts)].join(': ')
  // GitHub's `errors` say a resource, a field and a code; GitLab's `message` a list for each field.
  return Object.entries(rest)
    .filter(([name]) => name !== 'documentation_url')
    .slice(0, 5)
    .map(([name, value]) => [name, wordsIn(value)])
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
