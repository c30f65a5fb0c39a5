import fs from 'node:fs'
import { join } from 'node:path'
import type { HttpClient } from 'isomorphic-git'
import { errorText } from '../base/errors.ts'
import { diskProblem } from './disk.ts'
import { GitError } from './errors.ts'
import { checkPack, packOf } from './http/pack-guard.ts'
import { flush, packet } from './http/pkt-line.ts'
import type { SyncLimits } from './port.ts'
import type { SmartRemote } from './smart-remote.ts'
import { type Transfer, type TransferRequest, wholeDepth } from './transfer.ts'

const service = 'git-upload-pack'
// What isomorphic-git is told; whom it is asked of, the remote knows.
const address = 'https://origin.invalid'

// What every server that speaks protocol 2 (git 2.18 and later, and the forges) also offers in the old one.
const capabilities = 'multi_ack_detailed no-done side-band-64k ofs-delta shallow agent=git/2'

/** Loaded at first use: with git at hand, or only local repositories, it is never needed. */
const isomorphicGit = () => import('isomorphic-git')

/** Brings commits with isomorphic-git, whatever carries them. One per store, as isomorphic-git's cache is. */
export class EmbeddedTransfer implements Transfer {
  readonly #remote: SmartRemote
  readonly #limits: SyncLimits
  #cache: { readonly gitDir: string; readonly objects: object } | undefined

  constructor(remote: SmartRemote, limits: SyncLimits) {
    this.#remote = remote
    this.#limits = limits
  }

  async init(gitDir: string): Promise<void> {
    const git = await isomorphicGit()
    await git.init({ fs, gitdir: gitDir, bare: true })
    await git.addRemote({ fs, gitdir: gitDir, remote: 'origin', url: address })
  }

  async bring(request: TransferRequest): Promise<string> {
    const git = await isomorphicGit()
    const { gitDir, ref, oid, have, whole } = request
    const known = new Set(packFiles(gitDir))
    if (this.#cache?.gitDir !== gitDir) this.#cache = { gitDir, objects: {} }
    // isomorphic-git takes a cut answer for the end of the data, so what went wrong below is kept here.
    let problem: unknown
    const http = this.#http(request, (error) => {
      problem ??= error
    })
    try {
      await git.fetch({
        fs,
        http,
        gitdir: gitDir,
        cache: this.#cache.objects,
        url: address,
        remote: 'origin',
        // The only `have` that is sent: the last commit that was checked.
        ref: have ?? 'refs/berth/none',
        remoteRef: ref === 'HEAD' ? oid : ref,
        singleBranch: true,
        tags: false,
        ...(have === undefined && { depth: whole ? wholeDepth : 1 }),
      })
    } catch (error) {
      this.#cache = undefined
      removeOthers(gitDir, known)
      throw problem ?? transferError(error, this.#remote.host)
    }
    if (problem) throw problem
    return oid
  }

  close(): void {
    this.#cache = undefined
  }

  /** What isomorphic-git asks: the list of refs is known already, the pack is received and checked whole. */
  #http({ oid, ref, advertisement, deadline, maxBytes }: TransferRequest, fail: (error: unknown) => void): HttpClient {
    const ask = async (body: Uint8Array): Promise<Buffer> => {
      const answer = await this.#remote.exchange({ service, body, maxBytes, deadline })
      checkPack(packOf(answer, this.#remote.host), this.#limits.objectBytes, this.#remote.host)
      return answer
    }
    return {
      request: async ({ url, method = 'GET', body }) => {
        const answered = (bytes: Buffer, type: string) => ({
          url,
          method,
          statusCode: 200,
          statusMessage: 'OK',
          headers: { 'content-type': `application/x-${service}-${type}` },
          body: once(bytes),
        })
        if (method === 'GET') return answered(advertisement ?? listOf(ref, oid), 'advertisement')
        try {
          return answered(await ask(await collect(body)), 'result')
        } catch (error) {
          fail(error)
          throw error
        }
      },
    }
  }
}

function packFiles(gitDir: string): string[] {
  const folder = join(gitDir, 'objects', 'pack')
  return fs.existsSync(folder) ? fs.readdirSync(folder).map((name) => join(folder, name)) : []
}

/** What did not come whole is of no use, and takes the space that the next attempt needs. */
function removeOthers(gitDir: string, known: ReadonlySet<string>): void {
  for (const path of packFiles(gitDir)) if (!known.has(path)) fs.rmSync(path, { force: true })
}

/** The advertisement that a server of the old protocol would send for one ref; isomorphic-git expects a HEAD in it. */
function listOf(ref: string, oid: string): Buffer {
  const named = ref.startsWith('refs/') ? packet(`${oid} ${ref}\n`) : ''
  const head = packet(`${oid} HEAD\0${capabilities}\n`)
  return Buffer.from(`${packet(`# service=${service}\n`)}${flush}${head}${named}${flush}`)
}

async function* once(bytes: Buffer): AsyncIterableIterator<Uint8Array> {
  yield bytes
}

async function collect(body: AsyncIterable<Uint8Array> | undefined): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body ?? []) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function transferError(error: unknown, host: string): GitError {
  if (error instanceof GitError) return error
  const disk = diskProblem(error)
  if (disk) return disk
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'NotFoundError') {
    return new GitError('NO_SUCH_REVISION', host, `${host}: ${errorText(error, 200)}`, { cause: error })
  }
  return new GitError('BAD_ANSWER', host, `${host}: the pack cannot be read (${errorText(error, 200)})`, {
    cause: error,
  })
}
