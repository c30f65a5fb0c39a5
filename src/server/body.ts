import type { IncomingMessage } from 'node:http'

export interface BodyLimits {
  /** Of one body. */
  readonly mostBytes: number
  /** Of all bodies that are being read. */
  readonly mostBytesTogether: number
  readonly mostTogether: number
  /** From the end of the head to the end of the body. */
  readonly deadlineMs: number
}

/**
 * 5 MiB: a forge lists the paths that a push changed, about 100 bytes each, so that a push of 50,000 files still fits. Larger ones, of up
 * to 25 MB, are found by the next poll.
 */
export const usualBodyLimits: BodyLimits = {
  mostBytes: 5 * 1024 * 1024,
  mostBytesTogether: 32 * 1024 * 1024,
  mostTogether: 200,
  deadlineMs: 10_000,
}

/** A body, or the status that says why there is none. `gone`: the sender hung up. */
export type Body = { readonly bytes: Buffer } | { readonly refused: 408 | 413 | 503 } | { readonly gone: true }

/** Reads bodies of requests within limits that hold for all of them together. */
export class BodyReader {
  readonly limits: BodyLimits
  #reading = 0
  #bytes = 0

  constructor(limits: BodyLimits) {
    this.limits = limits
  }

  /** Never rejects. What a refused sender still sends is thrown away. */
  async read(request: IncomingMessage): Promise<Body> {
    if (request.destroyed) return { gone: true }
    if (this.#reading >= this.limits.mostTogether) return { refused: 503 }
    this.#reading++
    const held = { bytes: 0 }
    try {
      return await this.#collect(request, held)
    } finally {
      this.#reading--
      this.#bytes -= held.bytes
    }
  }

  #collect(request: IncomingMessage, held: { bytes: number }): Promise<Body> {
    const { mostBytes, mostBytesTogether, deadlineMs } = this.limits
    const parts: Buffer[] = []
    return new Promise((resolve) => {
      const timer = setTimeout(() => done({ refused: 408 }), deadlineMs)
      const onData = (part: Buffer) => {
        held.bytes += part.length
        this.#bytes += part.length
        if (held.bytes > mostBytes) return done({ refused: 413 })
        if (this.#bytes > mostBytesTogether) return done({ refused: 503 })
        parts.push(part)
      }
      const onEnd = () => done({ bytes: Buffer.concat(parts) })
      const onGone = () => done({ gone: true })
      const done = (body: Body) => {
        clearTimeout(timer)
        request.off('data', onData).off('end', onEnd).off('close', onGone)
        resolve(body)
      }
      request.on('data', onData).on('end', onEnd).on('close', onGone)
      // `close` tells of it as well; an error that nobody hears would end the process.
      request.on('error', () => {})
    })
  }
}
