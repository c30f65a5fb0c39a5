import { isIP } from 'node:net'
import type { Client, ConnectConfig, ParsedKey, PublicKeyAuthMethod, ServerHostKeyAlgorithm } from 'ssh2'
import { errorText } from '../../base/errors.ts'
import { GitError } from '../errors.ts'
import type { SshIdentity, SyncTimeouts } from '../port.ts'
import type { Talk } from '../stream/remote.ts'
import type { SshRemoteAddress } from '../url.ts'
import { Pinned } from './host-key.ts'
import { readIdentity } from './identity.ts'
import { fingerprint } from './known-hosts.ts'
import { type Command, Line } from './line.ts'

/** Loaded at first use: most repositories are reached by https. */
const ssh2 = () => import('ssh2').then((loaded) => loaded.default)

/** Longer than people let pass between two looks. */
const idleMs = 5 * 60_000
const keepaliveMs = 10_000
const unansweredKeepalives = 2

export interface SshConnectionParts {
  readonly address: SshRemoteAddress
  readonly timeouts: SyncTimeouts
  /** Aborted when the repository is closed. */
  readonly signal: AbortSignal
}

/** The connection to one server as one user: made when it is needed, used again, closed when nothing needs it for long. */
export class SshConnection {
  readonly host: string
  readonly #parts: SshConnectionParts
  #line: Promise<Line> | undefined

  constructor(parts: SshConnectionParts) {
    const { user, host, port } = parts.address
    this.#parts = parts
    const name = isIP(host) === 6 ? `[${host}]` : host
    this.host = `${user}@${name}${port === 22 ? '' : `:${port}`}`
    parts.signal.addEventListener('abort', () => void this.#end())
  }

  /** Throws HOST_KEY, AUTH_REQUIRED, BAD_CREDENTIALS, UNREACHABLE, TIMED_OUT, BAD_ANSWER. */
  async run(identity: SshIdentity, command: Command, deadline: number): Promise<Talk> {
    const { timeouts } = this.#parts
    const left = (ms: number): number => Math.max(0, Math.min(ms, deadline - performance.now()))
    const before = this.#line
    const kept = await before?.catch(() => undefined)
    if (kept && !kept.ended) {
      try {
        return await kept.run(command, left(timeouts.connectMs))
      } catch {
        // It was cut while nobody looked: a fresh one tells what is wrong, if anything is.
        kept.end()
      }
    }
    // Of several at a time, one connects for all.
    if (this.#line === before) this.#line = this.#connect(identity, left(timeouts.connectMs))
    return (await this.#line!).run(command, left(timeouts.idleMs))
  }

  async #end(): Promise<void> {
    const line = await this.#line?.catch(() => undefined)
    line?.end()
  }

  async #connect(identity: SshIdentity, withinMs: number): Promise<Line> {
    const { address, signal } = this.#parts
    const { Client, utils } = await ssh2()
    // Both at each connection, so that files may change.
    const pinned = new Pinned(address, identity.knownHostsFile, this.host)
    const key = readIdentity(identity, (data, passphrase) => utils.parseKey(data, passphrase))
    const client = new Client()
    const attempt = new Attempt(this.host, pinned, key, identity.keyFile)
    try {
      await attempt.run(client, address, withinMs, signal)
    } catch (error) {
      client.destroy()
      throw error
    }
    return new Line(client, this.host, idleMs)
  }
}

/** From the first packet to the moment when the server knows who we are. */
class Attempt {
  readonly #shown: string
  readonly #pinned: Pinned
  readonly #key: ParsedKey
  readonly #keyFile: string
  /** Why we hung up. */
  #refusal: GitError | undefined

  constructor(shown: string, pinned: Pinned, key: ParsedKey, keyFile: string) {
    this.#shown = shown
    this.#pinned = pinned
    this.#key = key
    this.#keyFile = keyFile
  }

  run(client: Client, address: SshRemoteAddress, withinMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', aborted)
        client.off('error', fail).off('close', closed).off('ready', ready)
        // What comes after the end, or before somebody else listens, must not end the process.
        client.on('error', () => undefined)
      }
      const fail = (error: unknown): void => {
        stop()
        reject(this.#problem(error))
      }
      const timedOut = (words: string) => () => fail(new GitError('TIMED_OUT', this.#shown, `${this.#shown}: ${words}`))
      const closed = (): void => fail(new Error('connection closed'))
      const ready = (): void => {
        stop()
        resolve()
      }
      const aborted = timedOut('closed before it answered')
      const timer = setTimeout(timedOut(`no connection within ${withinMs} ms`), withinMs)
      signal.addEventListener('abort', aborted)
      if (signal.aborted) return aborted()
      client.once('error', fail)
      client.once('close', closed)
      client.once('ready', ready)
      try {
        client.connect(this.#config(address))
      } catch (error) {
        fail(error)
      }
    })
  }

  #config({ user, host, port }: SshRemoteAddress): ConnectConfig {
    const publicKey: PublicKeyAuthMethod = { type: 'publickey', username: user, key: this.#key }
    return {
      host,
      port,
      username: user,
      authHandler: [publicKey],
      algorithms: { serverHostKey: [...this.#pinned.algorithms] as ServerHostKeyAlgorithm[] },
      hostVerifier: (blob: Buffer) => {
        this.#refusal = this.#pinned.judge(blob)
        return this.#refusal === undefined
      },
      // Ours is the one that counts.
      readyTimeout: 0,
      keepaliveInterval: keepaliveMs,
      keepaliveCountMax: unansweredKeepalives,
    }
  }

  #problem(error: unknown): GitError {
    if (this.#refusal) return this.#refusal
    if (error instanceof GitError) return error
    const shown = this.#shown
    const said = errorText(error, 200)
    const level = error instanceof Error && 'level' in error ? error.level : undefined
    if (/no matching host key format/.test(said)) return this.#pinned.nothingInCommon
    if (level === 'client-authentication') {
      const key = `${this.#key.type} ${fingerprint(this.#key.getPublicSSH())}`
      const words = `the key ${this.#keyFile} (${key}) was refused: give its public part access`
      return new GitError('AUTH_REQUIRED', shown, `${shown}: ${words}`)
    }
    const code = level === 'handshake' || level === 'protocol' ? 'BAD_ANSWER' : 'UNREACHABLE'
    return new GitError(code, shown, `${shown}: no ssh connection (${said})`, { cause: error })
  }
}
