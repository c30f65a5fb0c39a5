import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { oneLine } from '../base/errors.ts'
import type { Trust } from './credentials/trust.ts'
import { GitError, type GitErrorCode } from './errors.ts'
import type { NativeGit } from './native-git.ts'
import { type Transfer, type TransferRequest, wholeDepth } from './transfer.ts'

/** Where git fetches from, and with which credentials. Asked at each use. */
export interface NativeSource {
  readonly address: string
  readonly authorization: string | undefined
  /** Undefined: that of the system. */
  readonly trust: Trust | undefined
}

export interface NativeTransferParts {
  readonly git: NativeGit
  /** Safe to print. */
  readonly shown: string
  source(deadline: number): Promise<NativeSource>
  readonly idleMs: number
}

const incoming = 'refs/berth/incoming'

/** Brings commits with `git fetch`. Where the remote is, was asked before: git follows no redirect and asks nobody. */
export class NativeTransfer implements Transfer {
  readonly #parts: NativeTransferParts

  constructor(parts: NativeTransferParts) {
    this.#parts = parts
  }

  async init(gitDir: string): Promise<void> {
    const args = ['init', '--quiet', '--bare', '--template=', '--end-of-options', gitDir]
    const { code, stderr } = await this.#parts.git.run({ args, deadline: performance.now() + 30_000 })
    if (code !== 0) throw this.#problem(stderr)
  }

  /** What the id of is known need not be looked up again; unless it is gone by now, as when the branch was rewritten a moment ago. */
  async bring(request: TransferRequest): Promise<string> {
    const { ref, oid, have } = request
    if (have === undefined || ref === oid) return this.#bring(request)
    try {
      return await this.#bring({ ...request, ref: oid })
    } catch (error) {
      if (!(error instanceof GitError && error.code === 'NO_SUCH_REVISION')) throw error
      return this.#bring(request)
    }
  }

  async #bring({ gitDir, ref, have, whole, maxBytes, deadline }: TransferRequest): Promise<string> {
    removeLeftovers(gitDir)
    const packs = new Set(packFiles(gitDir))
    const { address, authorization, trust } = await this.#parts.source(deadline)
    const lowSpeed = { 'http.lowSpeedLimit': '1', 'http.lowSpeedTime': String(Math.ceil(this.#parts.idleMs / 1000)) }
    const { code, stderr } = await this.#parts.git.run({
      args: [
        `--git-dir=${gitDir}`,
        'fetch',
        '--quiet',
        '--no-tags',
        '--no-write-fetch-head',
        '--no-auto-maintenance',
        '--no-show-forced-updates',
        ...(have === undefined ? [`--depth=${whole ? wholeDepth : 1}`] : []),
        '--end-of-options',
        address,
        `+${ref}:${incoming}`,
      ],
      secretConfig: {
        ...lowSpeed,
        ...(authorization !== undefined && { 'http.extraHeader': `Authorization: ${authorization}` }),
      },
      trust,
      deadline,
      watch: () => this.#tooLarge(gitDir, packs, maxBytes),
    })
    if (code !== 0) throw this.#problem(stderr)
    const tooLarge = this.#tooLarge(gitDir, packs, maxBytes)
    if (tooLarge) throw tooLarge
    return readFileSync(join(gitDir, incoming), 'utf8').trim()
  }

  close(): void {
    // Each fetch is a process of its own, and ends with it.
  }

  /** Counts what came beside the packs that were there before, whether git has finished it or not. */
  #tooLarge(gitDir: string, before: ReadonlySet<string>, maxBytes: number): GitError | undefined {
    const came = packFiles(gitDir).filter((path) => !before.has(path))
    const packs = came.filter((path) => /\.pack$|\/tmp_pack/.test(path))
    if (packs.reduce((sum, path) => sum + sizeOf(path), 0) <= maxBytes) return undefined
    for (const path of came) rmSync(path, { force: true })
    const { shown } = this.#parts
    return new GitError('TOO_LARGE', shown, `${shown}: the answer is larger than ${maxBytes} bytes`)
  }

  #problem(stderr: string): GitError {
    const { shown } = this.#parts
    const line = stderr.trim().split('\n').at(-1) ?? ''
    const code = meaningOf(stderr)
    return new GitError(code, shown, `${shown}: git fetch failed: ${oneLine(line, 300)}`)
  }
}

/** The code for what git wrote on its error output; the first match in the table wins. */
export function meaningOf(stderr: string): GitErrorCode {
  return meanings.find(({ words }) => words.test(stderr))?.code ?? 'BAD_ANSWER'
}

const meanings: readonly { readonly words: RegExp; readonly code: GitErrorCode }[] = [
  { words: /No space left on device|Disk quota exceeded/, code: 'NO_SPACE' },
  { words: /couldn't find remote ref|not our ref|unadvertised object|no such remote ref/, code: 'NO_SUCH_REVISION' },
  { words: /Authentication failed|could not read Username|error: 401|HTTP 401/, code: 'AUTH_REQUIRED' },
  { words: /error: 403|HTTP 403/, code: 'FORBIDDEN' },
  { words: /error: 404|HTTP 404|does not appear to be a git repository/, code: 'NO_SUCH_REPOSITORY' },
  { words: /error: (?:5\d\d|429)|HTTP (?:5\d\d|429)/, code: 'SERVER_ERROR' },
  { words: /inflate: data stream|pack is corrupted|pack has (?:bad|junk)|serious inflate/, code: 'BAD_ANSWER' },
  { words: /redirect/i, code: 'REDIRECT_REFUSED' },
  { words: /Could not resolve host|Failed to connect|Connection refused|Couldn't connect/, code: 'UNREACHABLE' },
  { words: /too slow|timed out/i, code: 'TIMED_OUT' },
  { words: /upload-pack: |remote error: /, code: 'SERVER_ERROR' },
  { words: /early EOF|disconnect|RPC failed|hung up|index-pack failed|bad pack|bad line length/, code: 'BAD_ANSWER' },
  {
    words:
      /not a git repository|corrupt|bad object|unable to (?:create|read|write|open)|missing|loose object|bad index/i,
    code: 'STORE_DAMAGED',
  },
]

function packFiles(gitDir: string): string[] {
  const folder = join(gitDir, 'objects', 'pack')
  return names(folder).map((name) => join(folder, name))
}

/** What a killed git leaves: nobody else uses this store, so nothing of it is in use. */
function removeLeftovers(gitDir: string): void {
  const locks = names(gitDir)
    .filter((name) => name.endsWith('.lock'))
    .map((name) => join(gitDir, name))
  const unfinished = packFiles(gitDir).filter((path) => path.includes('/pack/tmp_'))
  for (const path of [...unfinished, ...locks, join(gitDir, `${incoming}.lock`)]) rmSync(path, { force: true })
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
