import type { ChildProcessByStdio } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import type { NativeGit } from './native-git.ts'
import { checkId, damaged, type GitObject, isObjectType, type ObjectInfo, type ObjectReader } from './objects/reader.ts'

const idleMs = 20_000

/** Reads objects through long-lived `git cat-file` processes, which end when nobody asks for a while. */
export class CatFileReader implements ObjectReader {
  readonly #git: NativeGit
  readonly #gitDir: string
  readonly #contents: CatFile
  readonly #headers: CatFile

  constructor(git: NativeGit, gitDir: string) {
    this.#git = git
    this.#gitDir = gitDir
    const start = (mode: string) => git.start([`--git-dir=${gitDir}`, 'cat-file', mode])
    this.#contents = new CatFile(() => start('--batch'), true)
    this.#headers = new CatFile(() => start('--batch-check'), false)
  }

  sizes(oids: readonly string[]): Promise<(ObjectInfo | undefined)[]> {
    return this.#headers.ask(oids, 0)
  }

  async objects(oids: readonly string[], maxBytes: number): Promise<(GitObject | undefined)[]> {
    const found = await this.#contents.ask(oids, maxBytes)
    for (const [at, oid] of oids.entries()) if (found[at]) checkId(oid, found[at])
    return found
  }

  async startingWith(prefix: string): Promise<string[]> {
    const args = [`--git-dir=${this.#gitDir}`, 'rev-parse', `--disambiguate=${prefix}`]
    const { stdout } = await this.#git.run({ args, deadline: performance.now() + 30_000 })
    return stdout.split('\n').filter((line) => /^[0-9a-f]{40}$/.test(line))
  }

  close(): void {
    this.#contents.end()
    this.#headers.end()
  }
}

interface Asked {
  readonly oids: readonly string[]
  readonly maxBytes: number
  readonly answers: (GitObject | undefined)[]
  readonly resolve: (answers: (GitObject | undefined)[]) => void
  readonly reject: (error: Error) => void
}

interface Body {
  readonly type: GitObject['type']
  readonly size: number
  readonly chunks: Buffer[] | undefined
  /** Bytes still to come, with the line end after the content. */
  left: number
}

/** One `cat-file` process: questions in, answers out in the same order. */
class CatFile {
  readonly #start: () => ChildProcessByStdio<Writable, Readable, null>
  readonly #withContent: boolean
  readonly #asked: Asked[] = []
  #child: ChildProcessByStdio<Writable, Readable, null> | undefined
  #line = Buffer.alloc(0)
  #body: Body | undefined
  #idle: NodeJS.Timeout | undefined

  constructor(start: () => ChildProcessByStdio<Writable, Readable, null>, withContent: boolean) {
    this.#start = start
    this.#withContent = withContent
  }

  ask(oids: readonly string[], maxBytes: number): Promise<(GitObject | undefined)[]> {
    if (oids.length === 0) return Promise.resolve([])
    clearTimeout(this.#idle)
    this.#child ??= this.#launch()
    const { stdin } = this.#child
    return new Promise((resolve, reject) => {
      this.#asked.push({ oids, maxBytes, answers: [], resolve, reject })
      stdin.write(`${oids.join('\n')}\n`)
    })
  }

  end(): void {
    clearTimeout(this.#idle)
    const child = this.#child
    this.#child = undefined
    child?.kill()
    this.#fail('it was closed')
  }

  #launch(): ChildProcessByStdio<Writable, Readable, null> {
    const child = this.#start()
    this.#line = Buffer.alloc(0)
    this.#body = undefined
    const gone = (reason: string): void => {
      if (this.#child !== child) return
      this.#child = undefined
      this.#fail(reason)
    }
    child.stdin.on('error', () => gone('git stopped reading'))
    child.on('error', (error) => gone(error.message))
    child.on('exit', (code, signal) => gone(`git ended (${code ?? signal})`))
    child.stdout.on('data', (chunk: Buffer) => {
      if (this.#child === child) this.#take(chunk)
    })
    return child
  }

  #fail(reason: string): void {
    for (const { reject } of this.#asked.splice(0)) reject(damaged('git cat-file', `objects cannot be read: ${reason}`))
  }

  #take(chunk: Buffer): void {
    let rest = chunk
    while (rest.length > 0) {
      if (this.#body) {
        rest = this.#takeBody(this.#body, rest)
        continue
      }
      const end = rest.indexOf(0x0a)
      if (end < 0) {
        this.#line = Buffer.concat([this.#line, rest])
        return
      }
      const line = Buffer.concat([this.#line, rest.subarray(0, end)]).toString('latin1')
      this.#line = Buffer.alloc(0)
      rest = rest.subarray(end + 1)
      this.#takeHeader(line)
    }
  }

  #takeHeader(line: string): void {
    const [, type, size] = line.split(' ')
    if (!isObjectType(type) || size === undefined) {
      this.#answer(undefined)
      return
    }
    const info = { type, size: Number(size) }
    if (!this.#withContent) {
      this.#answer({ ...info, data: undefined })
      return
    }
    const kept = info.size <= this.#asked[0]!.maxBytes
    this.#body = { ...info, chunks: kept ? [] : undefined, left: info.size + 1 }
  }

  #takeBody(body: Body, bytes: Buffer): Buffer {
    const taken = bytes.subarray(0, body.left)
    body.left -= taken.length
    body.chunks?.push(taken)
    if (body.left === 0) {
      this.#body = undefined
      const data = body.chunks && Buffer.concat(body.chunks).subarray(0, body.size)
      this.#answer({ type: body.type, size: body.size, data })
    }
    return bytes.subarray(taken.length)
  }

  #answer(found: GitObject | undefined): void {
    const asked = this.#asked[0]
    if (!asked) return
    asked.answers.push(found)
    if (asked.answers.length < asked.oids.length) return
    this.#asked.shift()
    asked.resolve(asked.answers)
    if (this.#asked.length === 0) this.#idle = setTimeout(() => this.end(), idleMs).unref()
  }
}
