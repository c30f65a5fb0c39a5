import { sha256 } from '../../base/hash.ts'
import type { Key } from '../../base/key.ts'

/** What HAProxy has to be told of one object: a file of its own, and what of it may change while HAProxy runs. */
export interface HaproxyPart {
  readonly key: Key
  /** Below the state folder. Read in alphabetical order. */
  readonly path: string
  /** The file without its servers: what only a reload can change. */
  readonly frame: string
  readonly binds: readonly Bind[]
  readonly backends: readonly BackendServers[]
  readonly lists: readonly HaproxyList[]
  /** Stick tables of servers. Absent: none. */
  readonly tables?: readonly string[]
  /** Binds that are to be had on another port. Absent: none. */
  readonly redirects?: readonly Redirect[]
}

/** Who calls the port of the address is led to another port of it. */
export interface Redirect extends Bind {
  readonly to: number
}

/** Address and port that a frontend listens on; address `*`: all of the host. */
export interface Bind {
  readonly address: string
  readonly port: number
}

/** In the file its servers stand where the frame has `serversHere(name)`. */
export interface BackendServers {
  readonly name: string
  readonly servers: readonly HaproxyServer[]
  /** What cookies that clients stick to are made with; undefined: there are none. */
  readonly cookieKey?: string | undefined
}

export interface HaproxyServer {
  readonly name: string
  /** The same in every worker, so that what a client sticks to can be handed on. */
  readonly id: number
  readonly address: string
  readonly port: number
  /** As in the file and in `add server`, which takes nothing from `default-server`. */
  readonly keywords: string
}

/** A file of patterns (`acl`) or of patterns and values (`map`), which HAProxy reads at its start and which is kept right by commands. */
export interface HaproxyList {
  readonly kind: 'acl' | 'map'
  /** Below the state folder. */
  readonly path: string
  readonly entries: ReadonlyMap<string, string>
}

export function serversHere(backend: string): string {
  return `  # servers of ${backend}`
}

const texts = new WeakMap<HaproxyPart, string>()

export function fileText(part: HaproxyPart): string {
  let text = texts.get(part)
  if (text === undefined) {
    text = part.backends.reduce((frame, { name, servers }) => {
      const lines = servers.map((server) => `  server ${server.name} ${serverText(server)}`)
      return frame.replace(serversHere(name), () => lines.join('\n') || '  # no servers')
    }, part.frame)
    texts.set(part, text)
  }
  return text
}

const hashes = new WeakMap<HaproxyPart, string>()

/** Of what only a reload can change. */
export function frameHash(part: HaproxyPart): string {
  let hash = hashes.get(part)
  if (hash === undefined) {
    hash = sha256(`${part.path}\n${part.frame}`)
    hashes.set(part, hash)
  }
  return hash
}

/** What follows the name, in the file as in `add server`. */
export function serverText({ address, port, id, keywords }: HaproxyServer): string {
  const host = address.includes(':') ? `[${address}]` : address
  return `${host}:${port} id ${id}${keywords === '' ? '' : ` ${keywords}`}`
}

export function listText({ kind, entries }: HaproxyList): string {
  const lines = [...entries].map(([pattern, value]) => (kind === 'acl' ? pattern : `${pattern} ${value}`))
  return lines.map((line) => `${line}\n`).join('')
}

export function bindText({ address, port }: Bind): string {
  return `${address}:${port}`
}
