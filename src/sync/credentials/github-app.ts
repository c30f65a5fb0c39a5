import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { errorText, oneLine } from '../../base/errors.ts'
import { GitError } from '../errors.ts'
import { type Answer, exchange } from '../http/exchange.ts'
import type { GitHubApp, SyncTimeouts } from '../port.ts'
import { badCredentials, readSecretFile } from './secret.ts'
import type { Trust } from './trust.ts'

const githubURL = 'https://api.github.com'
/** A transfer that begins just before the end of a token must not fail in its middle. */
const sparedMs = 5 * 60_000
const maxAnswerBytes = 1024 * 1024

export interface AppTokenParts {
  readonly timeouts: SyncTimeouts
  readonly signal: AbortSignal
  trust(): Trust | undefined
}

/** Access tokens of one installation of a GitHub App: asked for when needed, kept until shortly before their end. */
export class AppToken {
  readonly #app: GitHubApp
  readonly #parts: AppTokenParts
  #kept: { readonly token: string; readonly until: number } | undefined

  constructor(app: GitHubApp, parts: AppTokenParts) {
    this.#app = app
    this.#parts = parts
  }

  /** Throws BAD_CREDENTIALS, AUTH_REQUIRED, FORBIDDEN, SERVER_ERROR, BAD_ANSWER, and what a connection ends with. */
  async get(deadline: number): Promise<string> {
    if (this.#kept && this.#kept.until - sparedMs > Date.now()) return this.#kept.token
    this.#kept = undefined
    this.#kept = await this.#ask(deadline)
    return this.#kept.token
  }

  /** Whether there was one to forget: a fresh one may be accepted then. */
  forget(): boolean {
    const had = this.#kept !== undefined
    this.#kept = undefined
    return had
  }

  async #ask(deadline: number): Promise<{ readonly token: string; readonly until: number }> {
    const { appId, installationId, privateKeyFile, apiURL = githubURL } = this.#app
    const url = URL.parse(`${apiURL.replace(/\/+$/, '')}/app/installations/${installationId}/access_tokens`)
    if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) {
      throw badCredentials('apiURL', 'GitHub App: expected apiURL to be https://host/path')
    }
    const { timeouts, signal } = this.#parts
    const trust = this.#parts.trust()
    const jwt = appJwt(appId, readKey(privateKeyFile), Math.floor(Date.now() / 1000))
    const answer = await exchange({
      url,
      method: 'POST',
      headers: { accept: 'application/vnd.github+json', authorization: `Bearer ${jwt}` },
      body: new Uint8Array(),
      maxBytes: maxAnswerBytes,
      ...(trust && { trust }),
      ...{ timeouts, deadline, signal },
    })
    if (answer.status !== 201) throw refused(this.#app, url.host, answer)
    return readToken(answer, url.host)
  }
}

function readToken({ body }: Answer, host: string): { readonly token: string; readonly until: number } {
  const { token, expires_at: end } = asObject(body)
  const until = typeof end === 'string' ? Date.parse(end) : Number.NaN
  if (typeof token === 'string' && /^[\w.-]{1,1024}$/.test(token) && Number.isFinite(until)) return { token, until }
  throw new GitError('BAD_ANSWER', host, `${host}: answered without a token for the GitHub App: check apiURL`)
}

function refused({ appId, installationId }: GitHubApp, host: string, { status, body }: Answer): GitError {
  const { message } = asObject(body)
  const said = `${typeof message === 'string' ? `${oneLine(message, 200)}, ` : ''}HTTP ${status}`
  const error = (code: GitError['code'], words: string): GitError =>
    new GitError(code, host, `${host}: ${words} (${said})`)
  if (status === 401) {
    return error('AUTH_REQUIRED', `GitHub App ${appId} is not recognised: check appId, privateKeyFile and the clock`)
  }
  if (status === 404) return error('AUTH_REQUIRED', `GitHub App ${appId} has no installation ${installationId}`)
  if (status === 403) return error('FORBIDDEN', `installation ${installationId} may not have a token: is it suspended?`)
  if (status === 429 || status >= 500) return error('SERVER_ERROR', 'no token for the GitHub App')
  return error('BAD_ANSWER', 'no token for the GitHub App: check apiURL')
}

function asObject(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

function readKey(file: string): KeyObject {
  const pem = readSecretFile(file, 'private key')
  let key: KeyObject
  try {
    key = createPrivateKey(pem)
  } catch (error) {
    throw badCredentials(file, `private key ${file}: expected PEM, as GitHub gives it (${errorText(error, 100)})`)
  }
  if (key.asymmetricKeyType === 'rsa') return key
  throw badCredentials(file, `private key ${file}: expected an RSA key, found ${key.asymmetricKeyType}`)
}

/** What an App proves itself with (RFC 7519, RS256). GitHub takes ten minutes at most; the clocks may differ by one. */
export function appJwt(appId: string, key: KeyObject, nowSeconds: number): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = { iat: nowSeconds - 60, exp: nowSeconds + 9 * 60, iss: appId }
  const signed = `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}`
  return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`
}
