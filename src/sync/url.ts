import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { oneLine } from '../base/errors.ts'
import { GitError } from './errors.ts'

/** Where a repository is. `display` is safe to print. */
export type Remote =
  | { readonly kind: 'http'; readonly url: string; readonly display: string }
  | SshRemoteAddress
  | DaemonAddress
  | { readonly kind: 'local'; readonly path: string; readonly display: string }

export interface SshRemoteAddress {
  readonly kind: 'ssh'
  /** As shown: it holds no secrets. */
  readonly url: string
  readonly user: string
  /** Name or address, without brackets. */
  readonly host: string
  readonly port: number
  /** As the server is asked for it; without a slash in front it is below the user's home. */
  readonly path: string
  readonly display: string
}

/** git://: read by anyone, written by nobody. */
export interface DaemonAddress {
  readonly kind: 'git'
  readonly url: string
  readonly host: string
  readonly port: number
  readonly path: string
  readonly display: string
}

/** What to look for at the remote: one commit, or the first of these refs that exists. */
export type Revision =
  | { readonly kind: 'commit'; readonly oid: string }
  | { readonly kind: 'ref'; readonly refs: readonly string[] }

/** A URL without what may be a secret: credentials, query. */
export function displayUrl(url: string): string {
  const masked = url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/]*@/i, '$1***@').replace(/([?#]).*$/s, '$1***')
  return oneLine(masked, 300)
}

/** Reads a repository address; throws BAD_URL. A relative path is taken from the working directory. */
export function parseRemote(url: string): Remote {
  const display = displayUrl(url)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
  if (url === '' || url.length > 4096 || /[\u0000-\u001f\u007f]/.test(url)) {
    throw badUrl(display, 'expected an address without control characters')
  }
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1]?.toLowerCase()
  if (scheme === undefined) return localRemote(url, display)
  if (scheme === 'file') return fileRemote(url, display)
  if (scheme === 'ssh') return sshRemote(url, display)
  if (scheme === 'git') return daemonRemote(url, display)
  if (scheme !== 'http' && scheme !== 'https') {
    throw badUrl(display, `expected https://, http://, ssh://, git://, file:// or a path, found ${scheme}://`)
  }
  const parsed = URL.parse(url)
  if (!parsed) throw badUrl(display, 'this is not a valid URL')
  if (parsed.username || parsed.password) {
    throw badUrl(display, 'credentials do not belong in the address: put them in a secret file')
  }
  if (parsed.search || parsed.hash) throw badUrl(display, 'expected no ? or # part')
  const plain = parsed.href.replace(/\/+$/, '')
  return { kind: 'http', url: plain, display: plain }
}

function localRemote(url: string, display: string): Remote {
  if (/^[a-z][a-z0-9+.-]*::/i.test(url)) throw badUrl(display, 'transport helpers (name::address) are not used')
  if (/^[^/]*@?[^/]+:/.test(url) && !url.startsWith('.')) return scpRemote(url, display)
  return { kind: 'local', path: resolve(url), display: oneLine(url, 300) }
}

/** `ssh://user@host[:port]/path`; `/~user/path` is below a home, as with ssh's own git. */
function sshRemote(url: string, display: string): Remote {
  const { user, password, host, port, path } = partsOf(url, display)
  if (user === '') throw badUrl(display, 'expected a user, as in ssh://git@host/path')
  if (password) throw badUrl(display, 'a password does not belong in the address: ssh is spoken with keys')
  return sshAddress(display, { user, host, port: port ?? 22, path: path.replace(/^\/~/, '~') })
}

/** `user@host:path`, the short form: a path without a slash in front is below the user's home. */
function scpRemote(url: string, display: string): Remote {
  const [, user = '', name = '', path = ''] = /^([^@/:]+)@(\[[^\]/]+\]|[^@:/[\]]+):(.*)$/s.exec(url) ?? []
  if (user === '')
    throw badUrl(display, 'expected user@host:path, ssh://, https:// or a path (./ in front of one with a colon)')
  return sshAddress(display, { user, host: name.replace(/^\[|\]$/g, '').toLowerCase(), port: 22, path })
}

function sshAddress(display: string, parts: Omit<SshRemoteAddress, 'kind' | 'url' | 'display'>): Remote {
  const { user, host, port, path } = parts
  if (!/^\w[\w.-]*$/.test(user)) throw badUrl(display, 'expected a user of letters, digits, . _ and -')
  expectPlace(display, host, path)
  const slash = path.startsWith('/') ? '' : '/'
  const isShort = slash !== '' && !path.startsWith('~')
  const at = `${user}@${inBrackets(host)}`
  const url = isShort ? `${at}:${path}` : `ssh://${at}${port === 22 ? '' : `:${port}`}${slash}${path}`
  return { kind: 'ssh', ...parts, url, display: oneLine(url, 300) }
}

function daemonRemote(url: string, display: string): Remote {
  const { user, password, host, port = 9418, path } = partsOf(url, display)
  if (user || password) throw badUrl(display, 'git:// knows no users: use https:// or ssh://')
  expectPlace(display, host, path)
  const plain = `git://${inBrackets(host)}${port === 9418 ? '' : `:${port}`}${path}`
  return { kind: 'git', url: plain, host, port, path, display: oneLine(plain, 300) }
}

interface Parts {
  readonly user: string
  readonly password: boolean
  readonly host: string
  readonly port: number | undefined
  readonly path: string
}

function partsOf(url: string, display: string): Parts {
  const parsed = URL.parse(url)
  if (!parsed) throw badUrl(display, 'this is not a valid URL')
  if (parsed.search || parsed.hash) throw badUrl(display, 'expected no ? or # part')
  try {
    return {
      user: decodeURIComponent(parsed.username),
      password: parsed.password !== '',
      host: decodeURIComponent(parsed.hostname)
        .replace(/^\[|\]$/g, '')
        .toLowerCase(),
      port: parsed.port === '' ? undefined : Number(parsed.port),
      path: decodeURIComponent(parsed.pathname),
    }
  } catch (cause) {
    throw badUrl(display, 'this is not a valid URL', cause)
  }
}

function expectPlace(display: string, host: string, path: string): void {
  if (!isHost(host)) throw badUrl(display, 'expected a host name or an address')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
  if (path === '' || path === '/' || path.startsWith('-') || /[\u0000-\u001f\u007f]/.test(path)) {
    throw badUrl(display, 'expected the path of a repository after the host')
  }
}

function isHost(host: string): boolean {
  return isIP(host) !== 0 || /^[a-z0-9_]([a-z0-9_.-]{0,252})$/i.test(host)
}

function inBrackets(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host
}

function fileRemote(url: string, display: string): Remote {
  try {
    const parsed = new URL(url)
    if (parsed.username || parsed.password || parsed.search || parsed.hash) throw new TypeError('parts')
    return { kind: 'local', path: fileURLToPath(parsed), display }
  } catch (cause) {
    throw badUrl(display, 'expected file:///absolute/path', cause)
  }
}

function badUrl(display: string, problem: string, cause?: unknown): GitError {
  return new GitError('BAD_URL', display, `repository ${display}: ${problem}`, { cause })
}

// Git's own rules (git check-ref-format), and no character that a shell would read.
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
const refused = /[\u0000-\u0020\u007f~^:?*[\]\\;|&$`'"<>(){}!]|\.\.|\/\/|\/\.|\.lock(?:\/|$)|^[-./@]|[./]$/

/** Reads a branch, tag, full ref or full commit id; throws BAD_REVISION. A branch wins over a tag of the same name. */
export function parseRevision(revision: string): Revision {
  if (/^[0-9a-f]{40}$/.test(revision)) return { kind: 'commit', oid: revision }
  if (revision === 'HEAD') return { kind: 'ref', refs: ['HEAD'] }
  if (revision === '' || Buffer.byteLength(revision) > 255 || refused.test(revision)) {
    const shown = oneLine(revision, 80)
    throw new GitError('BAD_REVISION', shown, `revision "${shown}": expected a branch, a tag or a full commit id`)
  }
  if (revision.startsWith('refs/')) return { kind: 'ref', refs: [revision] }
  return { kind: 'ref', refs: [`refs/heads/${revision}`, `refs/tags/${revision}`] }
}
