import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { getCACertificates } from 'node:tls'
import type { Trust } from './credentials/trust.ts'
import { GitError } from './errors.ts'

/** Settings under which git never asks, never runs a hook, never tidies up by itself and follows no other protocol. */
const settings = `[core]
	hooksPath = /dev/null
	bigFileThreshold = 16m
	fsmonitor = false
[safe]
	directory = *
[credential]
	helper =
[gc]
	auto = 0
[maintenance]
	auto = false
[fetch]
	unpackLimit = 1
	fsckObjects = false
	recurseSubmodules = false
	writeCommitGraph = false
[http]
	followRedirects = false
[protocol]
	allow = never
[protocol "http"]
	allow = always
[protocol "https"]
	allow = always
[protocol "file"]
	allow = always
`

const authorities = 'authorities.pem'

/** What a git process gets from our own environment: where programs and proxies are. */
const inherited = /^(?:path|tmpdir|(?:https?|all|no)_proxy)$/i

export interface GitRun {
  readonly args: readonly string[]
  /** Configuration that must not show in the argument list: credentials. */
  readonly secretConfig?: Readonly<Record<string, string>>
  /** Absent: that of the system. */
  readonly trust?: Trust | undefined
  readonly deadline: number
  /** Looked at a few times a second while git runs; an error that it gives ends git and is thrown. */
  watch?(): GitError | undefined
}

export interface GitOutput {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const maxOutputBytes = 16 * 1024 * 1024
const watchMs = 250

/** Runs one git binary in a home of its own: no shell, no user or system configuration, no prompt. */
export class NativeGit {
  readonly #binary: string
  readonly #home: string
  readonly #signal: AbortSignal

  /** `signal` ends all that runs. */
  constructor(binary: string, home: string, signal: AbortSignal) {
    this.#signal = signal
    this.#binary = binary
    this.#home = home
  }

  /** A process that answers on its output what it is asked on its input. */
  start(args: readonly string[]): ChildProcessByStdio<Writable, Readable, null> {
    this.#makeHome()
    return spawn(this.#binary, args, {
      env: this.#environment({}, authorities),
      cwd: this.#home,
      stdio: ['pipe', 'pipe', 'ignore'],
    })
  }

  /** Runs git to its end; throws TIMED_OUT at the deadline, and what `watch` gives. */
  run({ args, secretConfig = {}, trust, deadline, watch }: GitRun): Promise<GitOutput> {
    this.#makeHome()
    const child = spawn(this.#binary, args, {
      env: this.#environment(secretConfig, this.#authorities(trust)),
      cwd: this.#home,
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own: git's helpers must end with it.
      detached: true,
    })
    let ended: GitError | undefined
    const end = (error: GitError): void => {
      ended ??= error
      killGroup(child.pid)
    }
    const overdue = (): void => end(new GitError('TIMED_OUT', 'git', 'git did not finish in the time allowed'))
    const abort = (): void => end(new GitError('TIMED_OUT', 'git', 'git: closed before it finished'))
    this.#signal.addEventListener('abort', abort)
    if (this.#signal.aborted) abort()
    const timer = setTimeout(overdue, Math.max(0, deadline - performance.now()))
    const watcher = setInterval(() => {
      const problem = watch?.()
      if (problem) end(problem)
    }, watchMs)
    const stdout = collect(child.stdout)
    const stderr = collect(child.stderr)
    return new Promise((resolve, reject) => {
      const finish = (): void => {
        clearTimeout(timer)
        clearInterval(watcher)
        this.#signal.removeEventListener('abort', abort)
      }
      child.once('error', (cause) => {
        finish()
        reject(new GitError('UNSUPPORTED_REPOSITORY', this.#binary, `${this.#binary}: cannot be started`, { cause }))
      })
      child.once('close', (code) => {
        finish()
        if (ended) reject(ended)
        else resolve({ code, stdout: stdout(), stderr: stderr() })
      })
    })
  }

  /** Each time, as the state directory may be deleted under us. */
  #makeHome(): void {
    const config = join(this.#home, '.gitconfig')
    if (existsSync(config)) return
    mkdirSync(this.#home, { recursive: true, mode: 0o700 })
    writeFileSync(join(this.#home, authorities), getCACertificates('default').join('\n'), { mode: 0o600 })
    writeFileSync(config, settings, { mode: 0o600 })
  }

  /** Name of the file that holds them, in the home. */
  #authorities(trust: Trust | undefined): string {
    if (trust === undefined) return authorities
    const name = `authorities-${trust.id}.pem`
    const file = join(this.#home, name)
    if (existsSync(file)) return name
    writeFileSync(`${file}.new`, trust.certificates.join('\n'), { mode: 0o600 })
    renameSync(`${file}.new`, file)
    return name
  }

  #environment(secretConfig: Readonly<Record<string, string>>, trusted: string): NodeJS.ProcessEnv {
    const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => inherited.test(name)))
    const config = Object.entries(secretConfig).flatMap(([key, value], at) => [
      [`GIT_CONFIG_KEY_${at}`, key],
      [`GIT_CONFIG_VALUE_${at}`, value],
    ])
    return {
      ...own,
      HOME: this.#home,
      XDG_CONFIG_HOME: this.#home,
      GIT_CONFIG_GLOBAL: join(this.#home, '.gitconfig'),
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_COUNT: String(Object.keys(secretConfig).length),
      ...Object.fromEntries(config),
      // The same as our own requests trust, so that git does not fail where the look before it succeeded.
      GIT_SSL_CAINFO: join(this.#home, trusted),
      GIT_TERMINAL_PROMPT: '0',
      GIT_ASKPASS: '',
      GIT_ALLOW_PROTOCOL: 'http:https:file',
      GIT_NO_LAZY_FETCH: '1',
      GIT_OPTIONAL_LOCKS: '0',
      GIT_DEFAULT_HASH: 'sha1',
      GIT_DEFAULT_REF_FORMAT: 'files',
      LC_ALL: 'C',
    }
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended in the meantime.
  }
}

function collect(stream: Readable): () => string {
  const chunks: Buffer[] = []
  let bytes = 0
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes <= maxOutputBytes) chunks.push(chunk)
  })
  return () => Buffer.concat(chunks).toString('utf8')
}
