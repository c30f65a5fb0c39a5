import type { Readable } from 'node:stream'
import { GitError } from '../errors.ts'
import { cut } from '../http/pkt-line.ts'

export interface HearingLimits {
  readonly host: string
  readonly maxBytes: number
  /** Without a byte. */
  readonly idleMs: number
  /** On the clock of `performance.now()`. */
  readonly deadline: number
  /** Aborted when the repository is closed. */
  readonly signal: AbortSignal
}

/** What a stream said until something was reached: all of it, and whether that was its end. */
export interface Heard {
  readonly bytes: Buffer
  readonly ended: boolean
}

/**
 * Reads a stream until `enough` says so or it ends; throws TIMED_OUT and TOO_LARGE, and leaves the stream as it is. What its errors mean, the
 * caller knows: they count as its end.
 */
export function hear(stream: Readable, limits: HearingLimits, enough: (chunk: Buffer) => boolean): Promise<Heard> {
  const { host, maxBytes, idleMs, deadline, signal } = limits
  const chunks: Buffer[] = []
  let bytes = 0
  return new Promise((resolve, reject) => {
    const timedOut = (words: string) => () => fail(new GitError('TIMED_OUT', host, `${host}: ${words}`))
    const total = setTimeout(
      timedOut('no complete answer in the time allowed'),
      Math.max(0, deadline - performance.now()),
    )
    const idle = setTimeout(timedOut(`nothing received for ${idleMs} ms`), idleMs)
    const aborted = timedOut('closed before the answer came')
    const stop = (): void => {
      clearTimeout(total)
      clearTimeout(idle)
      signal.removeEventListener('abort', aborted)
      stream.off('data', take).off('close', end).pause()
    }
    const fail = (error: unknown): void => {
      stop()
      reject(error)
    }
    const finish = (ended: boolean): void => {
      stop()
      resolve({ bytes: Buffer.concat(chunks), ended })
    }
    const end = (): void => finish(true)
    const take = (chunk: Buffer): void => {
      idle.refresh()
      bytes += chunk.length
      if (bytes > maxBytes) {
        fail(new GitError('TOO_LARGE', host, `${host}: the answer is larger than ${maxBytes} bytes`))
        return
      }
      chunks.push(chunk)
      try {
        if (enough(chunk)) finish(false)
      } catch (error) {
        fail(error)
      }
    }
    signal.addEventListener('abort', aborted)
    if (signal.aborted) return aborted()
    if (stream.closed) return end()
    stream.on('close', end).on('data', take).resume()
  })
}

/** Says after which chunk a list of packets is whole: a flush ends it. Throws BAD_ANSWER when it is no such list. */
export function untilFlush(host: string): (chunk: Buffer) => boolean {
  let rest: Buffer = Buffer.alloc(0)
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let at = 0
    while (rest.length - at >= 4) {
      const prefix = rest.toString('latin1', at, at + 4)
      const length = /^[0-9a-f]{4}$/i.test(prefix) ? Number.parseInt(prefix, 16) : -1
      if (length === 0) return true
      if (length === -1 || length === 3) throw cut(host)
      if (rest.length - at < length) break
      at += Math.max(length, 4)
    }
    rest = rest.subarray(at)
    return false
  }
}
