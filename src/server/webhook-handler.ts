import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../base/clock.ts'
import { errorText } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { type BodyLimits, BodyReader, usualBodyLimits } from './body.ts'
import { claimsOf, signaturesHold, tokensHold } from './proof.ts'
import { type Refusal, Refusals } from './refusals.ts'
import { readSecret, type SecretPlace } from './secret.ts'
import { Wakes } from './wakes.ts'
import { type Provider, providers, readEvent } from './webhooks/events.ts'
import { readJson } from './webhooks/json.ts'
import { type Followed, type Woken, whoWakes } from './webhooks/match.ts'

export interface WebhookOptions {
  readonly secret: SecretPlace
  readonly followed: readonly Followed[]
  /** Has these applications look at their repositories; returns at once. */
  readonly wake: (applications: readonly string[]) => void
  /** Who waits for images of registries; absent: nobody. */
  readonly images?: ImageWaits | undefined
  readonly clock: Clock
  readonly log: Log
  readonly limits?: Partial<BodyLimits>
}

/** What waits for images until a registry has them. */
export interface ImageWaits {
  /** What of it waits for one of these, which are hints; quick. */
  waitingFor(pushed: readonly string[]): readonly WaitingImage[]
  /** Has these asked for at once; names as in `waitingFor`. */
  ask(images: readonly string[]): void
}

export interface WaitingImage {
  readonly image: string
  readonly applications: readonly string[]
}

/** What is answered, and who looks because of it: `looking` at its repository, others for `images`; `applications` are both. */
type Answer =
  | (Woken & { readonly status: 202; readonly looking: readonly string[]; readonly images: readonly string[] })
  | Pick<Refusal, 'status' | 'reason'>

const prefix = '/webhooks/'
/** How long a refused sender may go on sending before the connection is cut; cut at once, it would not read the answer. */
const lingerMs = 2_000

const eventHeaders: Readonly<Record<Provider, readonly string[]>> = {
  github: ['x-github-event'],
  gitea: ['x-gitea-event', 'x-forgejo-event', 'x-gogs-event'],
  gitlab: [],
  registry: [],
  generic: [],
}

/**
 * Answers `POST /webhooks/PROVIDER`. Nothing is done in the request but checks, cheapest first: size, proof, content. What it is
 * good for is one wake of the applications that follow the repository, or wait for the image; what really changed, these tell.
 */
export class WebhookHandler {
  readonly #options: WebhookOptions
  readonly #bodies: BodyReader
  readonly #refusals: Refusals
  readonly #wakes: Wakes
  readonly #imageWakes: Wakes

  constructor(options: WebhookOptions) {
    this.#options = options
    this.#bodies = new BodyReader({ ...usualBodyLimits, ...options.limits })
    this.#refusals = new Refusals(options.log, options.clock)
    this.#wakes = new Wakes(options)
    this.#imageWakes = new Wakes({ clock: options.clock, wake: (images) => options.images?.ask(images) })
  }

  /** Whether a request is for this handler. */
  takes({ url = '' }: IncomingMessage): boolean {
    return url.startsWith(prefix)
  }

  /** Answers the request. Never throws. */
  handle(request: IncomingMessage, response: ServerResponse): void {
    this.#answer(request)
      .catch((error: unknown): Answer => {
        this.#options.log.error('a webhook could not be answered', { reason: errorText(error) })
        return { status: 500, reason: 'internal error' }
      })
      .then((answer) => this.#send(answer, request, response))
      .catch((error: unknown) => this.#options.log.debug('an answer was not sent', { reason: errorText(error) }))
  }

  /** Tells of a request that was refused before it came here, for one because it was no HTTP. */
  refused(refusal: Refusal): void {
    this.#refusals.note(refusal)
  }

  /** What was gathered and not passed on is forgotten. */
  close(): void {
    this.#wakes.close()
    this.#imageWakes.close()
  }

  /** Undefined: the sender hung up. */
  async #answer(request: IncomingMessage): Promise<Answer | undefined> {
    const provider = providerOf(request)
    if (!provider) return { status: 404, reason: `expected one of ${providers.map((one) => prefix + one).join(', ')}` }
    const early = this.#headFault(request)
    if (early) return early
    const claims = claimsOf(provider, request.headersDistinct, queryOf(request))
    if (!claims) return { status: 401, reason: 'no valid signature' }
    const secret = await readSecret(this.#options.secret)
    if (!secret) return { status: 503, reason: 'the secret of the webhooks cannot be read' }
    // A token is checked before the body is read, a signature as soon as it is.
    if (!tokensHold(claims, secret)) return { status: 401, reason: 'no valid signature' }
    const body = await this.#bodies.read(request)
    if ('gone' in body) return undefined
    if ('refused' in body) return { status: body.refused, reason: bodyFaults[body.refused] }
    if (!signaturesHold(claims, secret, body.bytes)) return { status: 401, reason: 'no valid signature' }
    return this.#read(provider, request, body.bytes)
  }

  #headFault({ method, headers }: IncomingMessage): Answer | undefined {
    if (method !== 'POST') return { status: 405, reason: 'expected POST' }
    const encoding = headers['content-encoding'] ?? 'identity'
    if (encoding.toLowerCase() !== 'identity') return { status: 415, reason: 'expected a body that is not compressed' }
    const length = Number(headers['content-length'] ?? 0)
    return length > this.#bodies.limits.mostBytes ? { status: 413, reason: bodyFaults[413] } : undefined
  }

  #read(provider: Provider, { headersDistinct, headers }: IncomingMessage, bytes: Buffer): Answer {
    const names = eventHeaders[provider].map((header) => headersDistinct[header]?.[0])
    const name = names.find((one) => one !== undefined) ?? ''
    const event = readEvent(provider, name, readJson(bytes, headers['content-type'] ?? ''))
    if (!event) return { status: 400, reason: 'expected a JSON object' }
    const woken = whoWakes(event, this.#options.followed)
    const waiting = event.images.length === 0 ? [] : (this.#options.images?.waitingFor(event.images) ?? [])
    const images = waiting.map(({ image }) => image)
    const applications = [...new Set([...woken.applications, ...waiting.flatMap((one) => one.applications)])]
    return {
      status: 202,
      applications,
      reason: images.length > 0 ? '' : woken.reason,
      images,
      looking: woken.applications,
    }
  }

  #send(answer: Answer | undefined, request: IncomingMessage, response: ServerResponse): void {
    if (!answer || response.destroyed) return
    const accepted = 'applications' in answer
    const shown = accepted ? { applications: answer.applications, reason: answer.reason } : { reason: answer.reason }
    const text = `${JSON.stringify(shown)}\n`
    response.writeHead(answer.status, {
      'content-length': Buffer.byteLength(text),
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...(answer.status === 405 && { allow: 'POST' }),
      ...(answer.status === 503 && { 'retry-after': '2' }),
    })
    response.end(text)
    if (!request.complete) endSoon(request)
    if (accepted) {
      this.#wakes.ask(answer.looking)
      this.#imageWakes.ask(answer.images)
    } else this.refused({ ...answer, from: request.socket.remoteAddress, path: pathOf(request) })
  }
}

const bodyFaults = {
  408: 'the body did not come in time',
  413: 'the body is too large',
  503: 'too many bodies at once',
} as const

function providerOf(request: IncomingMessage): Provider | undefined {
  return providers.find((provider) => pathOf(request) === prefix + provider)
}

/** Without what may be a secret. */
function pathOf({ url = '' }: IncomingMessage): string {
  return url.replace(/\?.*$/s, '')
}

function queryOf({ url = '' }: IncomingMessage): URLSearchParams {
  return new URLSearchParams(url.slice(url.indexOf('?') + 1 || url.length))
}

function endSoon(request: IncomingMessage): void {
  request.resume()
  const timer = setTimeout(() => request.socket.destroy(), lingerMs)
  request.once('close', () => clearTimeout(timer))
}
