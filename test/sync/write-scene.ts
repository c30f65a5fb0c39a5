import { appendFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, vi } from 'vitest'
import type { Repository, RepositoryOptions, WriteRequest } from '../../src/sync/port.ts'
import { openRepository } from '../../src/sync/repository.ts'
import { environment, Fixture, Sandbox } from './fixture.ts'
import { type GitServer, startGitServer } from './git-server.ts'

// Each test starts dozens of processes, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 })

export type Transport = 'http' | 'file'
export type Backend = 'embedded' | 'native'

/** Between them they have every part: both readers, both kinds of store, both kinds of push. */
export const ways: readonly { readonly backend: Backend; readonly transport: Transport }[] = [
  { backend: 'embedded', transport: 'http' },
  { backend: 'native', transport: 'file' },
]

export const otherWays: typeof ways = [
  { backend: 'native', transport: 'http' },
  { backend: 'embedded', transport: 'file' },
]

export const author = { name: 'Berth', email: 'berth@example.com' }
export const at = Date.UTC(2030, 0, 2, 3, 4, 5)

/** A bare repository on a server, and somebody who works with it; made anew for each test. */
export class Scene {
  sandbox!: Sandbox
  server!: GitServer
  /** A work tree of somebody else. */
  work!: Fixture
  #opened: Repository[] = []
  readonly #backend: Backend
  readonly #transport: Transport

  constructor(backend: Backend, transport: Transport) {
    this.#backend = backend
    this.#transport = transport
    beforeEach(async () => {
      this.sandbox = new Sandbox()
      this.work = new Fixture(join(this.sandbox.path, 'work'))
      this.work.git('init', '-q', '--bare', '-b', 'main', this.bare)
      const settings = '[http]\n\treceivepack = true\n[uploadpack]\n\tallowAnySHA1InWant = true\n'
      appendFileSync(join(this.bare, 'config'), settings)
      // One folder of objects for both, so that a push is only the move of a ref.
      rmSync(join(this.work.path, '.git/objects'), { recursive: true })
      symlinkSync(join(this.bare, 'objects'), join(this.work.path, '.git/objects'))
      this.server = await startGitServer(join(this.sandbox.path, 'root'))
      this.#opened = []
    })
    afterEach(async () => {
      await Promise.all(this.#opened.map((repository) => repository.close()))
      await this.server.close()
      this.sandbox[Symbol.dispose]()
    })
  }

  /** That of its git commands. */
  readonly environment = environment

  get bare(): string {
    return join(this.sandbox.path, 'root', 'shop.git')
  }

  get url(): string {
    return this.#transport === 'http' ? `${this.server.origin}/shop.git` : pathToFileURL(this.bare).href
  }

  /** Runs git in the bare repository. */
  git(...args: string[]): string {
    return this.work.git(`--git-dir=${this.bare}`, ...args)
  }

  async open(options: Partial<RepositoryOptions> = {}): Promise<Repository> {
    const storeDir = join(this.sandbox.path, 'state')
    const repository = await openRepository({
      url: this.url,
      revision: 'main',
      storeDir,
      backend: this.#backend,
      ...options,
    })
    this.#opened.push(repository)
    return repository
  }

  /** Somebody commits these files and pushes; the commit's id. */
  push(files: Readonly<Record<string, string | Uint8Array>>, message = 'Change'): string {
    const oid = this.work.commit(files, message)
    this.git('update-ref', 'refs/heads/main', oid)
    return oid
  }

  /** Somebody takes what is on the server. */
  pull(): void {
    this.work.git('reset', '-q', '--hard', this.head())
  }

  head(ref = 'main'): string {
    return this.git('rev-parse', ref)
  }

  /** Paths, modes and ids. */
  list(revision: string): string[] {
    return this.git('ls-tree', '-r', revision).split('\n')
  }

  /** Somebody else is moving that ref, and never ends; the lock's path. */
  lock(ref: string): string {
    const path = join(this.bare, `${ref}.lock`)
    writeFileSync(path, '')
    return path
  }

  /** An executable hook of the repository. */
  hook(name: string, script: string): void {
    mkdirSync(join(this.bare, 'hooks'), { recursive: true })
    writeFileSync(join(this.bare, 'hooks', name), script, { mode: 0o755 })
  }
}

export function restore(path: string, to: string, more: Partial<WriteRequest> = {}): WriteRequest {
  return { change: { kind: 'restore', path, to }, message: `Restore ${path}`, author, at, ...more }
}

export function revert(commit: string, more: Partial<WriteRequest> = {}): WriteRequest {
  return { change: { kind: 'revert', commit }, message: `Revert ${commit.slice(0, 7)}`, author, at, ...more }
}
