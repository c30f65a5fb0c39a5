import { createHmac } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { afterEach } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { createLog } from '../../src/base/log.ts'
import type { BodyLimits } from '../../src/server/body.ts'
import type { RunningServer } from '../../src/server/listen.ts'
import { hostAndPort, startWebhookServer } from '../../src/server/server.ts'
import { WebhookHandler, type WebhookOptions } from '../../src/server/webhook-handler.ts'

export const secret = 'correct horse'
const variable = 'BERTH_TEST_WEBHOOK_SECRET'

/** A webhook server on a port of its own, and what it did. */
export interface HookWorld {
  readonly address: string
  /** Names of the applications of each wake. */
  readonly woken: string[][]
  readonly log: string[]
  readonly handler: WebhookHandler
}

const opened: { readonly server: RunningServer; readonly handler: WebhookHandler }[] = []
afterEach(async () => {
  for (const { server, handler } of opened.splice(0)) {
    handler.close()
    await server.close()
  }
})

export const followed = [
  { name: 'shop', repoURL: 'https://git.example.com/acme/shop.git', revision: 'main' },
  { name: 'blog', repoURL: 'git@git.example.com:acme/blog.git', revision: 'v1' },
]

export async function hookWorld(
  limits: Partial<BodyLimits> = {},
  options: Partial<WebhookOptions> = {},
): Promise<HookWorld> {
  process.env[variable] = secret
  const woken: string[][] = []
  const log: string[] = []
  const handler = new WebhookHandler({
    secret: { secretFile: undefined, secretEnv: variable },
    followed,
    wake: (applications) => woken.push([...applications]),
    clock: systemClock,
    log: createLog('debug', (line) => log.push(line), systemClock.now),
    limits,
    ...options,
  })
  const server = await startWebhookServer('127.0.0.1:0', handler)
  opened.push({ server, handler })
  return { address: server.address, woken, log, handler }
}

export function signature(body: string | Buffer, key = secret): string {
  return createHmac('sha256', key).update(body).digest('hex')
}

export const push = {
  ref: 'refs/heads/main',
  after: 'a'.repeat(40),
  repository: { clone_url: 'https://git.example.com/acme/shop.git' },
}

/** A push as GitHub posts it, signed. */
export function githubHeaders(body: string | Buffer, event = 'push'): Record<string, string> {
  return {
    'x-github-event': event,
    'x-github-delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958',
    'x-hub-signature-256': `sha256=${signature(body)}`,
    'content-type': 'application/json',
  }
}

/** A whole request as bytes; pairs, so that a header can be there twice. */
export function requestBytes(
  path: string,
  headers: readonly (readonly [string, string])[],
  body: string | Buffer = '',
  method = 'POST',
): Buffer {
  const all = [['host', 'berth.example.com'], ['content-length', String(Buffer.byteLength(body))], ...headers]
  const head = `${method} ${path} HTTP/1.1\r\n${all.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
  return Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from(body)])
}

export interface RawAnswer {
  /** 0: the connection was closed without an answer. */
  readonly status: number
  readonly text: string
}

/** Writes bytes as they are; what was answered until the first whole answer, or the end of the connection. `more` is written bit by bit. */
export function send(
  address: string,
  bytes: Buffer | string,
  more?: () => Buffer | string | undefined,
): Promise<RawAnswer> {
  const { host, port } = hostAndPort(address)
  return new Promise((resolve) => {
    let text = ''
    const socket = connect(port, host)
    const done = () => {
      socket.destroy()
      resolve({ status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0), text })
    }
    const feed = () => {
      const next = socket.destroyed ? undefined : more?.()
      if (next !== undefined) socket.write(next, () => setImmediate(feed))
    }
    socket.on('data', (part: Buffer) => {
      text += part.toString('latin1')
      if (isWhole(text)) done()
    })
    socket.on('error', done)
    socket.on('close', done)
    socket.on('connect', () => {
      socket.write(bytes)
      feed()
    })
  })
}

/** A sender that writes this and then waits. */
export function hold(address: string, bytes: Buffer | string): Promise<Socket> {
  const { host, port } = hostAndPort(address)
  return new Promise((resolve, reject) => {
    const socket = connect(port, host, () => socket.write(bytes, () => resolve(socket)))
    socket.on('error', reject)
  })
}

/** Posts a body with headers; signed as GitHub does unless told. */
export function post(
  address: string,
  provider: string,
  body: string | Buffer,
  headers: Record<string, string> = githubHeaders(body),
): Promise<RawAnswer> {
  return send(address, requestBytes(`/webhooks/${provider}`, Object.entries(headers), body))
}

function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n')
  const length = /\r\ncontent-length: (\d+)/i.exec(text)?.[1]
  return end >= 0 && length !== undefined && text.length >= end + 4 + Number(length)
}
