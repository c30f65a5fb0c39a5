/** What two addresses of one repository have in common. */
interface Place {
  /** Lower case, without what is only there for a firewall; empty for a path on this machine. */
  readonly host: string
  readonly path: string
  readonly kind: 'web' | 'ssh' | 'git' | 'file'
  /** Empty when it is the usual one. */
  readonly port: string
}

const longest = 2_048
const usualPorts: Readonly<Record<string, string>> = { http: '80', https: '443', ssh: '22', git: '9418' }
const kinds: Readonly<Record<string, Place['kind']>> = {
  http: 'web',
  https: 'web',
  ssh: 'ssh',
  git: 'git',
  file: 'file',
}

/**
 * Whether two addresses are of one repository: https, ssh and `user@host:path` of the same host and path are. Forges do not tell
 * upper from lower case, so neither do we: at worst a repository is asked once too often.
 */
export function sameRepository(a: string, b: string): boolean {
  const [one, other] = [placeOf(a), placeOf(b)]
  if (!one || !other || one.path === '') return false
  // The same forge has one port for https and another for ssh.
  const samePort = one.kind !== other.kind || one.port === other.port
  return one.host === other.host && one.path === other.path && samePort
}

/** Whether an address is of a repository of this full name, `owner/name`, wherever that is. */
export function isNamed(address: string, fullName: string): boolean {
  const place = placeOf(address)
  return place !== undefined && `/${place.path}`.endsWith(`/${pathOf(fullName)}`)
}

function placeOf(address: string): Place | undefined {
  if (address.length > longest) return undefined
  const scheme = /^(?:git\+)?([a-z]+):\/\//i.exec(address)?.[1]?.toLowerCase()
  if (scheme !== undefined) return placeOfUrl(scheme, address)
  const short = /^(?:[^@/]+@)?(\[[^\]]+\]|[^:/[\]]+):(.*)$/s.exec(address)
  if (short) return { host: hostOf(short[1] ?? ''), path: pathOf(short[2] ?? ''), kind: 'ssh', port: '' }
  return address.startsWith('/') ? { host: '', path: pathOf(address), kind: 'file', port: '' } : undefined
}

function placeOfUrl(scheme: string, address: string): Place | undefined {
  const kind = kinds[scheme]
  const url = URL.parse(address)
  if (!kind || !url) return undefined
  const port = url.port === usualPorts[scheme] ? '' : url.port
  // ssh.github.com:443 and altssh.gitlab.com:443 are for networks that let nothing else out.
  if (kind === 'ssh' && port === '443') {
    return { host: hostOf(url.hostname).replace(/^(?:alt)?ssh\./, ''), path: pathOf(url.pathname), kind, port: '' }
  }
  return { host: hostOf(url.hostname), path: pathOf(url.pathname), kind, port }
}

function hostOf(host: string): string {
  return host.toLowerCase().replace(/\.$/, '')
}

function pathOf(path: string): string {
  const plain = path.replace(/[?#].*$/s, '').replace(/%7e/gi, '~')
  const ends = /^\/+|\/+$/g
  return plain
    .replace(ends, '')
    .replace(/\.git$/i, '')
    .replace(ends, '')
    .toLowerCase()
}
