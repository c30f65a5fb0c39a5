import type { HttpCredentials } from '../credentials/http-credentials.ts'
import { GitError } from '../errors.ts'
import type { SyncTimeouts } from '../port.ts'
import type { Asking, SmartRemote } from '../smart-remote.ts'
import { type Answer, exchange } from './exchange.ts'
import { checkRedirect, publicLookup } from './redirect.ts'

const maxRedirects = 5
const protocol2 = { 'git-protocol': 'version=2' }

interface Ask {
  /** Below the repository's address, such as `/git-upload-pack`. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** Makes it a POST. */
  readonly body?: Uint8Array
  /** The content type that Git promises for the answer. */
  readonly expect: string
  readonly maxBytes: number
  readonly deadline: number
}

/** One remote repository over HTTP: redirects remembered, credentials given only to the configured host. */
export class HttpRemote implements SmartRemote {
  readonly #configured: URL
  readonly #credentials: HttpCredentials
  readonly #timeouts: SyncTimeouts
  readonly #signal: AbortSignal
  #base: string

  constructor(url: string, credentials: HttpCredentials, timeouts: SyncTimeouts, signal: AbortSignal) {
    this.#configured = new URL(url)
    this.#credentials = credentials
    this.#timeouts = timeouts
    this.#signal = signal
    this.#base = url
  }

  /** The repository's address after redirects. */
  get base(): string {
    return this.#base
  }

  get host(): string {
    return this.#configured.host
  }

  /** The header to send to `base`; undefined without credentials, or when it is on another host. */
  async authorization(deadline: number): Promise<string | undefined> {
    return this.#trusted(new URL(this.#base)) ? this.#credentials.authorization(deadline) : undefined
  }

  advertise({ service, version2 = false, maxBytes, deadline }: Asking): Promise<Buffer> {
    return this.#ask({
      path: `/info/refs?service=${service}`,
      headers: { accept: '*/*', ...(version2 && protocol2) },
      expect: `application/x-${service}-advertisement`,
      maxBytes,
      deadline,
    })
  }

  exchange({ service, version2 = false, body, maxBytes, deadline }: Asking & { body: Uint8Array }): Promise<Buffer> {
    const expect = `application/x-${service}-result`
    return this.#ask({
      path: `/${service}`,
      headers: { 'content-type': `application/x-${service}-request`, accept: expect, ...(version2 && protocol2) },
      body,
      expect,
      maxBytes,
      deadline,
    })
  }

  /** Asks and gives the body of the answer; anything but a complete Git answer throws. */
  async #ask(ask: Ask): Promise<Buffer> {
    try {
      return await this.#follow(ask)
    } catch (error) {
      this.#base = this.#configured.href.replace(/\/+$/, '')
      throw error
    }
  }

  async #follow(ask: Ask): Promise<Buffer> {
    let renewed = false
    for (let redirects = 0; ; ) {
      const url = new URL(this.#base + ask.path)
      const authorization = await this.authorization(ask.deadline)
      const answer = await this.#send(url, ask, authorization)
      if (answer.status === 401 && authorization !== undefined && !renewed && this.#credentials.renew()) {
        renewed = true
        continue
      }
      const location = answer.status >= 300 && answer.status < 400 ? answer.headers.location : undefined
      if (location === undefined) return this.#checked(answer, ask, url, authorization !== undefined)
      if (redirects++ >= maxRedirects) {
        throw new GitError('REDIRECT_REFUSED', url.host, `${url.host}: more than ${maxRedirects} redirects`)
      }
      this.#base = baseOf(checkRedirect(url, location), ask.path)
    }
  }

  #send(url: URL, ask: Ask, authorization: string | undefined): Promise<Answer> {
    const elsewhere = url.hostname !== this.#configured.hostname
    const trust = this.#credentials.trust()
    return exchange({
      url,
      method: ask.body ? 'POST' : 'GET',
      headers: { ...ask.headers, ...(authorization !== undefined && { authorization }) },
      ...(ask.body && { body: ask.body }),
      ...(elsewhere && { lookup: publicLookup }),
      ...(trust && { trust }),
      maxBytes: ask.maxBytes,
      timeouts: this.#timeouts,
      deadline: ask.deadline,
      signal: this.#signal,
    })
  }

  #trusted(url: URL): boolean {
    const own = this.#configured
    const upgrade = url.protocol === 'https:' && own.protocol === 'http:' && url.hostname === own.hostname
    return (url.host === own.host && url.protocol === own.protocol) || upgrade
  }

  #checked(answer: Answer, ask: Ask, url: URL, authorized: boolean): Buffer {
    const problem = statusProblem(answer.status, authorized)
    if (problem) throw new GitError(problem[0], url.host, `${url.host}: ${problem[1]} (HTTP ${answer.status})`)
    const type = (answer.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase()
    if (type === ask.expect) return answer.body
    if (type === 'text/html') {
      throw new GitError(
        'BAD_ANSWER',
        url.host,
        `${url.host}: answered with a web page instead of Git data (a login page?)`,
      )
    }
    if (type === 'text/plain' && /^[0-9a-f]{40}\t/.test(answer.body.toString('latin1', 0, 41))) {
      throw new GitError('UNSUPPORTED_REPOSITORY', url.host, `${url.host}: serves plain files only ("dumb" HTTP)`)
    }
    throw new GitError('BAD_ANSWER', url.host, `${url.host}: answered with "${type.slice(0, 80)}" instead of Git data`)
  }
}

function baseOf(redirected: URL, path: string): string {
  const href = redirected.href
  if (href.endsWith(path)) return href.slice(0, -path.length).replace(/\/+$/, '')
  const { host } = redirected
  throw new GitError('BAD_ANSWER', host, `${host}: redirected to something that is not a repository (a login page?)`)
}

function statusProblem(status: number, authorized: boolean) {
  if (status === 200) return undefined
  // 203 is how Azure DevOps sends its sign-in page.
  if (status === 401 || status === 203) {
    return authorized
      ? (['AUTH_REQUIRED', 'the credentials were refused: check the secret'] as const)
      : (['AUTH_REQUIRED', 'credentials are needed: name a secret'] as const)
  }
  if (status === 403) return ['FORBIDDEN', 'access is forbidden: check what the credentials may read'] as const
  if (status === 404 || status === 410) {
    return ['NO_SUCH_REPOSITORY', 'no such repository, or no access to it: check the address and credentials'] as const
  }
  if (status === 429 || status === 408) return ['SERVER_ERROR', 'asks to come back later'] as const
  if (status >= 500) return ['SERVER_ERROR', 'the server failed'] as const
  return ['BAD_ANSWER', 'unexpected answer'] as const
}
