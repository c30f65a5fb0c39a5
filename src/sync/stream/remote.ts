import type { Duplex } from 'node:stream'
import type { GitError } from '../errors.ts'
import { cut, flush, packet } from '../http/pkt-line.ts'
import type { SyncTimeouts } from '../port.ts'
import type { Asking, Service, SmartRemote } from '../smart-remote.ts'
import { type Heard, hear, untilFlush } from './hearing.ts'
import { refusal } from './refusal.ts'
import { fetchCommand, fetchedPack } from './version2.ts'

/** A service of the server that runs for us, and is talked to over a stream of its own. */
export interface Talk {
  readonly stream: Duplex
  /** Once the stream has ended: why it did not serve; undefined: as far as it knows, it did. */
  problem(): GitError | undefined
}

export interface StreamRemoteParts {
  /** Safe to print. */
  readonly host: string
  readonly timeouts: SyncTimeouts
  readonly signal: AbortSignal
  /** Starts a service. */
  dial(service: Service, version2: boolean, deadline: number): Promise<Talk>
}

const maxListBytes = 64 * 1024 * 1024
const goodbyeMs = 5_000

/** A remote that keeps a conversation: its list of refs comes first, then what was asked for. Each request starts the service anew. */
export class StreamRemote implements SmartRemote {
  readonly #parts: StreamRemoteParts

  constructor(parts: StreamRemoteParts) {
    this.#parts = parts
  }

  get host(): string {
    return this.#parts.host
  }

  async advertise(asking: Asking): Promise<Buffer> {
    const talk = await this.#dial(asking, asking.version2)
    try {
      const list = await this.#untilFlush(talk, asking, asking.maxBytes)
      talk.stream.write(flush)
      return speaksVersion2(list) ? list : Buffer.concat([banner(asking.service), list])
    } finally {
      hangUp(talk)
    }
  }

  /** What is fetched is asked for by protocol 2 where the server knows it: in the old one it gives nothing but the heads of its refs. */
  async exchange(asking: Asking & { readonly body: Uint8Array }): Promise<Buffer> {
    const { service, version2 = false, body } = asking
    const talk = await this.#dial(asking, service === 'git-upload-pack')
    try {
      const isVersion2 = speaksVersion2(await this.#untilFlush(talk, asking, maxListBytes))
      const isTranslated = isVersion2 && !version2
      talk.stream.write(isTranslated ? fetchCommand(Buffer.from(body), this.host) : body)
      const answer = isVersion2
        ? await this.#untilFlush(talk, asking, asking.maxBytes)
        : await this.#untilEnd(talk, asking)
      // A server of protocol 2 waits for another command.
      if (isVersion2) talk.stream.write(flush)
      return isTranslated ? fetchedPack(answer, this.host) : answer
    } finally {
      hangUp(talk)
    }
  }

  async #dial({ service, deadline }: Asking, version2 = false): Promise<Talk> {
    const talk = await this.#parts.dial(service, version2, deadline)
    // Said by `problem`, or seen as a cut answer.
    talk.stream.on('error', () => undefined)
    return talk
  }

  async #untilFlush(talk: Talk, asking: Asking, maxBytes: number): Promise<Buffer> {
    const { host } = this.#parts
    const { bytes, ended } = await this.#hear(talk, asking, maxBytes, untilFlush(host))
    if (ended) throw saidError(bytes, host) ?? talk.problem() ?? cut(host)
    return bytes
  }

  async #untilEnd(talk: Talk, asking: Asking): Promise<Buffer> {
    const { bytes } = await this.#hear(talk, asking, asking.maxBytes, () => false)
    const problem = saidError(bytes, this.host) ?? talk.problem()
    if (problem) throw problem
    return bytes
  }

  #hear(talk: Talk, { deadline }: Asking, maxBytes: number, enough: (chunk: Buffer) => boolean): Promise<Heard> {
    const { host, timeouts, signal } = this.#parts
    return hear(talk.stream, { host, maxBytes, idleMs: timeouts.idleMs, deadline, signal }, enough)
  }
}

/** A server that says in a packet why it does not go on. */
function saidError(bytes: Buffer, host: string): GitError | undefined {
  const said = /^[0-9a-f]{4}ERR ([^\0]*)/i.exec(bytes.toString('utf8', 0, 1000))?.[1]
  return said === undefined ? undefined : refusal(said, host)
}

function speaksVersion2(list: Buffer): boolean {
  return /^[0-9a-f]{4}version 2\n/i.test(list.toString('latin1', 0, 14))
}

/** In front of a list over HTTP, and so expected in front of any. */
function banner(service: Service): Buffer {
  return Buffer.from(`${packet(`# service=${service}\n`)}${flush}`)
}

/** Lets the server end by itself; a stream that it does not close is closed for it. */
function hangUp({ stream }: Talk): void {
  if (stream.closed || stream.destroyed) return
  const timer = setTimeout(() => stream.destroy(), goodbyeMs)
  timer.unref()
  stream.once('close', () => clearTimeout(timer))
  stream.end()
  stream.resume()
}
