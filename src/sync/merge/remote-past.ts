import { GitError } from '../errors.ts'
import { packOf } from '../http/pack-guard.ts'
import { delimiter, flush, lineOf, packet, readPackets } from '../http/pkt-line.ts'
import { parseCommit } from '../objects/commit.ts'
import type { ObjectReader } from '../objects/reader.ts'
import type { SyncLimits } from '../port.ts'
import type { SmartRemote } from '../smart-remote.ts'
import { fetchedPack } from '../stream/version2.ts'
import type { NewObject } from '../write/draft.ts'
import { inMemory, over } from './over.ts'
import type { Past } from './past.ts'
import { unpack } from './unpack.ts'

const service = 'git-upload-pack'
const listBytes = 16 * 1024 * 1024
/** Of what is asked for beside production, bytes on the wire: commits alone are 200 each. */
const mostBytes = 16 * 1024 * 1024
/** Of commits kept, in memory. */
const keptBytes = 32 * 1024 * 1024
const mostHaves = 64
const restMs = 600_000
/** From servers that can leave out files and folders: least first. */
const filters = ['tree:0', 'blob:none'] as const

/**
 * The history of a remote repository, in memory: commits alone where the server can leave out the rest (partial clone), asked for by
 * protocol 2, on connections of its own, one request at a time.
 */
export class RemotePast implements Past {
  readonly #remote: SmartRemote
  readonly #limits: SyncLimits
  readonly #commits = new Map<string, NewObject>()
  readonly #parents = new Map<string, readonly string[]>()
  #bytes = 0
  /** Files of commits that were brought last. */
  #brought: { readonly of: string; readonly objects: ReadonlyMap<string, NewObject> } | undefined
  /** Undefined: not asked yet. */
  #offers: { readonly filters: readonly string[] } | undefined

  #refusal: { readonly error: GitError; readonly until: number } | undefined

  constructor(remote: SmartRemote, limits: SyncLimits) {
    this.#remote = remote
    this.#limits = limits
  }

  reader(): ObjectReader {
    const commits = inMemory((oid) => this.#commits.get(oid))
    return over(
      commits,
      inMemory((oid) => this.#brought?.objects.get(oid)),
    )
  }

  brought(): readonly NewObject[] {
    return [...(this.#brought?.objects.values() ?? [])]
  }

  folders(): readonly string[] {
    return []
  }

  async deepen(tips: readonly NewObject[], depth: number, deadline: number): Promise<boolean> {
    if (this.#bytes > keptBytes) this.forget()
    // Known beforehand, so that their files are not sent again by a server that cannot leave them out.
    for (const tip of tips) this.#know(tip)
    const filters = await this.#filters(deadline)
    for (;;) {
      const [filter] = filters
      try {
        await this.#deepen(
          tips.map(({ oid }) => oid),
          depth,
          filter,
          deadline,
        )
        return true
      } catch (error) {
        if (filter === undefined || !isFilterRefused(error)) throw error
        filters.shift()
        this.#offers = { filters: [...filters] }
      }
    }
  }

  async #deepen(tips: readonly string[], depth: number, filter: string | undefined, deadline: number): Promise<void> {
    const lines = [
      ...tips.map((oid) => `want ${oid}`),
      ...this.#newest().map((oid) => `have ${oid}`),
      ...this.#cutAt().map((oid) => `shallow ${oid}`),
      `deepen ${depth}`,
      ...(filter === undefined ? [] : [`filter ${filter}`]),
    ]
    for (const object of await this.#fetch(lines, true, deadline)) this.#know(object)
  }

  #know(commit: NewObject): void {
    const { oid, data } = commit
    if (this.#commits.has(oid)) return
    this.#commits.set(oid, commit)
    this.#parents.set(oid, parseCommit(oid, data).parents)
    this.#bytes += data.length
  }

  async bring(oids: readonly string[], have: readonly string[], deadline: number): Promise<void> {
    const of = oids.toSorted().join(' ')
    if (this.#brought?.of === of) return
    await this.#filters(deadline)
    // Their files are all that is known of them: the server must not think that their history is.
    const wanted = oids.map((oid) => `want ${oid}`)
    const lines = [...wanted, ...have.flatMap((one) => [`have ${one}`, `shallow ${one}`]), 'deepen 1']
    const objects = await this.#fetch(lines, false, deadline)
    this.#brought = { of, objects: new Map(objects.map((object) => [object.oid, object])) }
  }

  /** Known commits that are behind no other: the server may think that all behind them is known, up to where it was cut. */
  #newest(): string[] {
    const behind = new Set([...this.#parents.values()].flat())
    return [...this.#parents.keys()].filter((oid) => !behind.has(oid)).slice(-mostHaves)
  }

  /** Known commits of whose parents some are not known. */
  #cutAt(): string[] {
    return [...this.#parents].flatMap(([oid, parents]) => (parents.every((one) => this.#parents.has(one)) ? [] : oid))
  }

  /** What is too large is not received again for a while. */
  async #fetch(lines: readonly string[], commitsOnly: boolean, deadline: number): Promise<NewObject[]> {
    if (this.#refusal && performance.now() < this.#refusal.until) throw this.#refusal.error
    try {
      return await this.#ask(lines, commitsOnly, deadline)
    } catch (error) {
      const isLarge = error instanceof GitError && error.code === 'TOO_LARGE'
      if (isLarge) this.#refusal = { error, until: performance.now() + restMs }
      throw error
    }
  }

  async #ask(lines: readonly string[], commitsOnly: boolean, deadline: number): Promise<NewObject[]> {
    const { host } = this.#remote
    const args = ['no-progress', 'ofs-delta', ...lines, 'done'].map((line) => packet(`${line}\n`)).join('')
    const body = Buffer.from(`${packet('command=fetch\n')}${delimiter}${args}${flush}`)
    const maxBytes = Math.min(mostBytes, this.#limits.packBytes)
    const answer = await this.#remote.exchange({ service, version2: true, body, maxBytes, deadline })
    const pack = packOf(fetchedPack(answer, host), host)
    const { objectBytes, totalBytes } = this.#limits
    return unpack(pack, { objectBytes, totalBytes, commitsOnly, host })
  }

  /** What the server can leave out, least first; throws UNSUPPORTED_REPOSITORY when it only speaks the old protocol. */
  async #filters(deadline: number): Promise<string[]> {
    if (this.#offers) return [...this.#offers.filters]
    const { host } = this.#remote
    const bytes = await this.#remote.advertise({ service, version2: true, maxBytes: listBytes, deadline })
    const lines = readPackets(bytes, host).filter(Buffer.isBuffer).map(lineOf)
    if (!lines.includes('version 2')) {
      throw new GitError('UNSUPPORTED_REPOSITORY', host, `${host}: speaks the old protocol of Git only`)
    }
    const fetch = lines.find((line) => line.startsWith('fetch=')) ?? ''
    this.#offers = { filters: fetch.slice('fetch='.length).split(' ').includes('filter') ? filters : [] }
    return [...this.#offers.filters]
  }

  forget(): void {
    this.#commits.clear()
    this.#parents.clear()
    this.#bytes = 0
    this.#brought = undefined
  }
}

function isFilterRefused(error: unknown): boolean {
  return error instanceof GitError && /filter/.test(error.message)
}
