// A small HTTP/1.1 client that knows exactly what became of each request, which the client of Node.js hides.
import { connect, type Socket } from 'node:net'

export interface Target {
  readonly host: string
  readonly port: number
}

export interface Asked {
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** Value of the Host header. */
  readonly host: string
  /** Says that this is the last request of the connection. */
  readonly last: boolean
  readonly body?: SlowBody
}

/** Sent in pieces, evenly. */
export interface SlowBody {
  readonly bytes: number
  readonly overMs: number
}

export interface Answer {
  readonly status: number
  readonly body: string
}

/** A request without a complete answer. */
export class Unanswered extends Error {
  override readonly name = 'Unanswered'
  /** The connection had served another request before. */
  readonly reused: boolean
  /** Some of the answer had come. */
  readonly begun: boolean

  constructor(message: string, { reused = false, begun = false } = {}) {
    super(message)
    this.reused = reused
    this.begun = begun
  }
}

const connectMs = 10_000
const answerMs = 20_000
const pieces = 20

export class Connection {
  readonly #socket: Socket
  #served = 0
  #ended = false
  #bytes = Buffer.alloc(0)
  #look: () => void = () => {}
  #end: (why: string) => void = () => {}

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (part: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, part])
      this.#look()
    })
    socket.on('end', () => this.#over('closed'))
    socket.on('error', (error: NodeJS.ErrnoException) => this.#over(error.code ?? error.message))
    socket.on('close', () => this.#over('closed'))
  }

  static open({ host, port }: Target): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port, noDelay: true })
      const fail = (why: string) => {
        socket.destroy()
        reject(new Unanswered(`connect: ${why}`))
      }
      const timer = setTimeout(() => fail('time-out'), connectMs)
      const failed = (error: NodeJS.ErrnoException) => {
        clearTimeout(timer)
        fail(error.code ?? error.message)
      }
      socket.once('error', failed)
      socket.once('connect', () => {
        clearTimeout(timer)
        const connection = new Connection(socket)
        socket.off('error', failed)
        resolve(connection)
      })
    })
  }

  /** False: the other side has closed it, or it is not to be used again. */
  get usable(): boolean {
    return !this.#ended
  }

  /** One at a time. Rejects with Unanswered. */
  async ask(asked: Asked): Promise<Answer> {
    const reused = this.#served > 0
    const upload = new AbortController()
    try {
      return await new Promise<Answer>((resolve, reject) => {
        const fail = (why: string) => {
          clearTimeout(timer)
          reject(new Unanswered(why, { reused, begun: this.#bytes.length > 0 }))
        }
        const timer = setTimeout(() => fail('time-out'), answerMs)
        const look = (isOver: boolean) => {
          const answer = readAnswer(this.#bytes, isOver)
          if (!answer) return false
          clearTimeout(timer)
          this.#bytes = this.#bytes.subarray(answer.size)
          if (answer.last || asked.last) this.#ended = true
          resolve(answer)
          return true
        }
        this.#look = () => void look(false)
        this.#end = (why) => {
          if (!look(true)) fail(why)
        }
        this.#socket.write(headOf(asked))
        if (asked.body) void this.#upload(asked.body, upload.signal)
      })
    } finally {
      upload.abort()
      this.#served += 1
      this.#look = () => {}
      this.#end = () => {}
      if (this.#ended) this.close()
    }
  }

  close(): void {
    this.#ended = true
    this.#socket.destroy()
  }

  async #upload({ bytes, overMs }: SlowBody, signal: AbortSignal): Promise<void> {
    const size = Math.ceil(bytes / pieces)
    for (let sent = 0; sent < bytes && !signal.aborted; sent += size) {
      await new Promise((done) => setTimeout(done, overMs / pieces))
      if (!signal.aborted) this.#socket.write(Buffer.alloc(Math.min(size, bytes - sent), 'x'))
    }
  }

  #over(why: string): void {
    if (this.#ended) return
    this.#ended = true
    this.#end(why)
    this.#socket.destroy()
  }
}

function headOf({ method, path, host, last, body }: Asked): string {
  const lines = [`${method} ${path} HTTP/1.1`, `Host: ${host}`]
  if (method === 'POST') lines.push(`Content-Length: ${body?.bytes ?? 0}`)
  if (last) lines.push('Connection: close')
  return `${lines.join('\r\n')}\r\n\r\n`
}

/** Undefined: not complete yet. */
function readAnswer(bytes: Buffer, isOver: boolean): (Answer & { size: number; last: boolean }) | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const head = bytes.toString('latin1', 0, end)
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? 0)
  const length = /^content-length: *(\d+)/im.exec(head)?.[1]
  if (length === undefined && !isOver) return undefined
  const size = length === undefined ? bytes.length : end + 4 + Number(length)
  if (bytes.length < size) return undefined
  const last = length === undefined || head.startsWith('HTTP/1.0') || /^connection: *close/im.test(head)
  return { status, body: bytes.toString('utf8', end + 4, size), size, last }
}
