import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { GitError } from '../../src/sync/errors.ts'
import type { Repository, RepositoryOptions, Snapshot } from '../../src/sync/port.ts'
import { Fixture, Sandbox } from './fixture.ts'

/** How a suite run reaches the repositories below a folder. */
export interface Reach {
  /** Address of the repository `name` below the folder. */
  url(name: string): string
  close(): Promise<void>
}

export interface Subject {
  readonly title: string
  open(options: RepositoryOptions): Promise<Repository>
  /** Makes the repositories below `root` reachable. */
  reach(root: string): Promise<Reach>
}

/** The GitError that a call ends with. */
export async function failure(run: Promise<unknown>): Promise<GitError> {
  const error = await run.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error instanceof GitError) return error
  throw new Error('expected a GitError', { cause: error })
}

/** A fresh source repository `shop`, reachable as the subject says, for each test. */
export class World {
  readonly #subject: Subject
  sandbox!: Sandbox
  fixture!: Fixture
  #reach!: Reach
  #opened: Repository[] = []

  constructor(subject: Subject) {
    this.#subject = subject
    beforeEach(async () => {
      this.sandbox = new Sandbox()
      this.fixture = new Fixture(join(this.sandbox.path, 'root', 'shop'))
      this.#reach = await subject.reach(join(this.sandbox.path, 'root'))
      this.#opened = []
    })
    afterEach(async () => {
      await Promise.all(this.#opened.map((repository) => repository.close()))
      await this.#reach.close()
      this.sandbox[Symbol.dispose]()
    })
  }

  async open(options: Partial<RepositoryOptions> = {}, name = 'shop'): Promise<Repository> {
    const repository = await this.#subject.open({
      url: this.#reach.url(name),
      revision: 'main',
      storeDir: join(this.sandbox.path, 'state'),
      ...options,
    })
    this.#opened.push(repository)
    return repository
  }
}

export function paths(snapshot: Snapshot): string[] {
  return snapshot.files.map(({ path }) => path)
}

export async function texts(repository: Repository, snapshot: Snapshot): Promise<Record<string, string>> {
  const contents = await repository.read(snapshot.files)
  return Object.fromEntries(snapshot.files.map(({ path, oid }) => [path, Buffer.from(contents.get(oid)!).toString()]))
}
