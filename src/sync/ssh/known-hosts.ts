import { createHash, createHmac } from 'node:crypto'

/** A public key as it goes over the wire: its type is inside, too. */
export interface HostKey {
  readonly type: string
  readonly blob: Buffer
}

/** What a known_hosts file says of one server. */
export interface KnownHost {
  readonly keys: readonly HostKey[]
  readonly revoked: readonly HostKey[]
  /** A certificate authority is named for it. */
  readonly authority: boolean
}

interface Line {
  readonly marker: string
  readonly hosts: string
  readonly key: HostKey
}

/** As sshd(8) describes the file: lines that cannot be read count for nothing. */
export function knownHost(text: string, host: string, port: number): KnownHost {
  const lines = text.split('\n').flatMap((line) => readLine(line) ?? [])
  const about = (name: string): Line[] => lines.filter(({ hosts }) => isAbout(hosts, name))
  const exact = about(port === 22 ? host : `[${host}]:${port}`)
  const keysOf = (found: readonly Line[], marker: string) =>
    found.filter((line) => line.marker === marker).map(({ key }) => key)
  // As ssh does: a server on another port may be known by its name alone.
  const named = port === 22 ? [] : about(host)
  const own = keysOf(exact, '')
  const found = [...exact, ...named]
  return {
    keys: own.length > 0 ? own : keysOf(named, ''),
    revoked: keysOf(found, '@revoked'),
    authority: found.some(({ marker }) => marker === '@cert-authority'),
  }
}

/** `SHA256:…`, as ssh-keygen prints it. */
export function fingerprint(blob: Buffer): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`
}

/** The type that a key of the wire names itself. */
export function typeOf(blob: Buffer): string {
  const length = blob.length >= 4 ? blob.readUInt32BE(0) : 0
  return blob.toString('latin1', 4, 4 + Math.min(length, 64))
}

function readLine(line: string): Line | undefined {
  const [, marker = '', hosts = '', type = '', base64 = ''] =
    /^\s*(?:(@[\w-]+)\s+)?([^\s#@]\S*)\s+([\w@.-]+)\s+([A-Za-z0-9+/]+={0,2})(?:\s|$)/.exec(line) ?? []
  const blob = Buffer.from(base64, 'base64')
  return type !== '' && typeOf(blob) === type ? { marker, hosts, key: { type, blob } } : undefined
}

function isAbout(hosts: string, name: string): boolean {
  if (hosts.startsWith('|')) return isHashOf(hosts, name)
  const patterns = hosts.split(',')
  const matching = patterns.filter((pattern) => matches(pattern.replace(/^!/, ''), name))
  return matching.length > 0 && !matching.some((pattern) => pattern.startsWith('!'))
}

function isHashOf(hosts: string, name: string): boolean {
  const [, salt, hash] = /^\|1\|([A-Za-z0-9+/=]+)\|([A-Za-z0-9+/=]+)$/.exec(hosts) ?? []
  if (salt === undefined || hash === undefined) return false
  return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash
}

/** `*` and `?`, in any case; step by step, so that no pattern can take long. */
function matches(pattern: string, name: string): boolean {
  const wanted = pattern.toLowerCase()
  const found = name.toLowerCase()
  let star = -1
  let after = 0
  let at = 0
  for (let read = 0; read < found.length; ) {
    if (wanted[at] === '*') {
      star = at++
      after = read
    } else if (at < wanted.length && (wanted[at] === '?' || wanted[at] === found[read])) {
      at++
      read++
    } else if (star >= 0) {
      at = star + 1
      read = ++after
    } else return false
  }
  return /^\**$/.test(wanted.slice(at))
}
