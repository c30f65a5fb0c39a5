import { errorText, oneLine } from '../base/errors.ts'
import type { Answer, Series } from './measure.ts'

export interface PrometheusOptions {
  /** `http://localhost:9090`, perhaps with a path in front of the API, or `user:password@`. */
  readonly url: string
  /** For one query with its answer. */
  readonly timeoutMs?: number
  /** Answers that are longer are refused. */
  readonly longestBytes?: number
}

/** Asks a Prometheus for values of now. What goes wrong is an answer, too. */
export class Prometheus {
  readonly #options: Required<PrometheusOptions>

  constructor(options: PrometheusOptions) {
    this.#options = { timeoutMs: 5_000, longestBytes: 4 * 2 ** 20, ...options }
  }

  /** `signal` ends it early. */
  async query(promql: string, signal: AbortSignal): Promise<Answer> {
    const { url, timeoutMs } = this.#options
    const timeout = AbortSignal.timeout(timeoutMs)
    try {
      const { target, headers } = requestOf(url, promql)
      const response = await fetch(target, { headers, redirect: 'manual', signal: AbortSignal.any([signal, timeout]) })
      const text = await this.#read(response)
      if (response.status >= 300 && response.status < 400) {
        const place = oneLine(response.headers.get('location') ?? 'an unknown place', 200)
        return refused(`Prometheus sends on to ${place}: give its own address in the configuration`)
      }
      return answerOf(response.status, text)
    } catch (error) {
      if (timeout.aborted) return refused(`Prometheus did not answer within ${timeoutMs / 1000} s`)
      return refused(`Prometheus cannot be asked: ${causeText(error)}`)
    }
  }

  async #read(response: Response): Promise<string> {
    const { longestBytes } = this.#options
    const chunks: Uint8Array[] = []
    let size = 0
    for await (const chunk of response.body ?? []) {
      size += chunk.byteLength
      // Leaving the loop ends the transfer.
      if (size > longestBytes) throw new RangeError(`its answer is longer than ${longestBytes} bytes`)
      chunks.push(chunk)
    }
    return Buffer.concat(chunks).toString('utf8')
  }
}

function requestOf(url: string, promql: string): { target: URL; headers: Record<string, string> } {
  const base = new URL(url)
  const { username, password } = base
  const target = new URL('api/v1/query', base.href.replace(/([?#].*)?$/, '').replace(/\/*$/, '/'))
  target.username = ''
  target.password = ''
  target.searchParams.set('query', promql)
  const login = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')
  return { target, headers: username === '' ? {} : { authorization: `Basic ${login}` } }
}

function answerOf(status: number, text: string): Answer {
  const body = parsed(text)
  if (!isRecord(body)) return refused(`expected JSON from Prometheus, found status ${status}: ${oneLine(text, 100)}`)
  if (body.status !== 'success') {
    return refused(`Prometheus refuses the query: ${oneLine(String(body.error ?? `status ${status}`), 300)}`)
  }
  const series = isRecord(body.data) ? seriesOf(body.data) : undefined
  return series ? { ok: true, series } : refused('expected a vector or a scalar from Prometheus')
}

/** Of an instant vector, or of a scalar. */
function seriesOf({ resultType, result }: Readonly<Record<string, unknown>>): Series[] | undefined {
  if (!Array.isArray(result)) return undefined
  if (resultType === 'scalar') return [{ labels: {}, value: numberIn(result) }]
  if (resultType !== 'vector') return undefined
  return result.filter(isRecord).map(({ metric, value }) => ({ labels: labelsOf(metric), value: numberIn(value) }))
}

/** Values come as `[seconds, "text"]`. */
function numberIn(pair: unknown): number {
  const text: unknown = Array.isArray(pair) ? pair[1] : undefined
  return typeof text === 'string' && text !== '' ? Number(text.replace(/Inf$/, 'Infinity')) : Number.NaN
}

function labelsOf(metric: unknown): Record<string, string> {
  return isRecord(metric) ? Object.fromEntries(Object.entries(metric).map(([name, text]) => [name, String(text)])) : {}
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function refused(message: string): Answer {
  return { ok: false, message }
}

/** `fetch failed` says nothing; its cause does. */
function causeText(error: unknown): string {
  return errorText(error instanceof Error && error.cause !== undefined ? error.cause : error, 200)
}
