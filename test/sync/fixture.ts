import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { deflateSync } from 'node:zlib'

export const environment = {
  PATH: process.env.PATH,
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.com',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.com',
}

/** A work tree that tests commit to. */
export class Fixture {
  readonly path: string

  constructor(path: string, ...options: string[]) {
    this.path = path
    mkdirSync(path, { recursive: true })
    this.git('init', '-q', '-b', 'main', ...options, '.')
    this.git('config', 'uploadpack.allowFilter', 'true')
  }

  git(...args: string[]): string {
    return execFileSync('git', args, { cwd: this.path, env: environment, encoding: 'utf8', maxBuffer: 2 ** 28 }).trim()
  }

  /** Runs git with this on its input. */
  feed(input: string, ...args: string[]): void {
    execFileSync('git', args, { cwd: this.path, env: environment, input, stdio: ['pipe', 'ignore', 'inherit'] })
  }

  write(path: string, content: string | Uint8Array): void {
    mkdirSync(dirname(join(this.path, path)), { recursive: true })
    writeFileSync(join(this.path, path), content)
  }

  /** Writes the files and commits all there is; the new commit's id. */
  commit(files: Readonly<Record<string, string | Uint8Array>>, message = 'Change'): string {
    for (const [path, content] of Object.entries(files)) this.write(path, content)
    this.git('add', '-A')
    this.git('commit', '-q', '--allow-empty', '-m', message)
    return this.head()
  }

  head(ref = 'HEAD'): string {
    return this.git('rev-parse', ref)
  }

  /** Writes a loose object, whatever git thinks of it; its id. */
  object(type: 'blob' | 'tree' | 'commit', content: string | Uint8Array): string {
    const bytes = Buffer.from(content)
    const whole = Buffer.concat([Buffer.from(`${type} ${bytes.length}\0`), bytes])
    const oid = createHash('sha1').update(whole).digest('hex')
    this.write(`.git/objects/${oid.slice(0, 2)}/${oid.slice(2)}`, deflateSync(whole, { level: 1 }))
    return oid
  }

  blob(content: string | Uint8Array): string {
    return this.object('blob', content)
  }

  /** A tree of raw entries. */
  tree(entries: readonly { readonly mode: string; readonly name: string | Buffer; readonly oid: string }[]): string {
    const raw = entries.map(({ mode, name, oid }) =>
      Buffer.concat([Buffer.from(`${mode} `), Buffer.from(name), Buffer.of(0), Buffer.from(oid, 'hex')]),
    )
    return this.object('tree', Buffer.concat(raw))
  }

  /** A commit of a tree, made the head of main. */
  commitTree(tree: string, ...parents: string[]): string {
    const oid = this.git('commit-tree', tree, '-m', 'Tree', ...parents.flatMap((parent) => ['-p', parent]))
    this.git('update-ref', 'refs/heads/main', oid)
    return oid
  }
}

/** A folder that is gone after the test. */
export class Sandbox implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'berth-sync-'))

  folder(name: string): string {
    const path = join(this.path, name)
    mkdirSync(path, { recursive: true })
    return path
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}
