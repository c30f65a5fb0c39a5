import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { oneLine } from '../base/errors.ts'
import { GitError } from './errors.ts'

/** Where a repository is. `display` is safe to print. */
export type Remote =
  | { readonly kind: 'http'; readonly url: string; readonly display: string }
  | { readonly kind: 'local'; readonly path: string; readonly display: string }

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
  if (scheme !== 'http' && scheme !== 'https') {
    throw badUrl(display, `expected https://, http://, file:// or a path, found ${scheme}://`)
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
  if (/^[^/]*@?[^/]+:/.test(url) && !url.startsWith('.')) {
    throw badUrl(display, 'ssh addresses (user@host:path) are not supported: use https://')
  }
  return { kind: 'local', path: resolve(url), display: oneLine(url, 300) }
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
