import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AppStatus } from '../../src/report/status.ts'
import { ask } from '../../src/server/client.ts'
import { runningEngine } from '../../src/server/state-dir.ts'
import { engineCall, engineJson } from '../support/engine-call.ts'
import { testImages } from '../support/images.ts'
import { patience } from '../support/patience.ts'
import { TestRepository } from './repository.ts'

const program = new URL('../../bin/berth.js', import.meta.url).pathname
const longestCommandMs = 120_000 * patience

export interface Answer {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

interface ListedContainer {
  readonly Id: string
  readonly Names: readonly string[]
  readonly State: string
  readonly Image: string
  readonly Labels: Readonly<Record<string, string>>
  readonly Mounts: readonly { readonly Source: string }[]
}

interface ListedVolume {
  readonly Name: string
  readonly Mountpoint: string
  readonly Labels: Readonly<Record<string, string>> | null
}

/** A repository, a state directory and a Berth of their own on the test engine; `close` removes all three and what they made. */
export class TestBerth {
  readonly dir: string
  readonly repository: TestRepository
  readonly id: string
  readonly socket: string
  /** Mode of the network; `services` needs a node image on the engine. */
  network: 'services' | 'names' = 'names'
  #child: ChildProcess | undefined
  log = ''

  readonly #inside: ((argv: readonly string[]) => string[]) | undefined
  #configuration: string | undefined

  /** `inside`: how to run a command where the engine's containers can be reached, when that is not here. */
  constructor(
    name: string,
    socket = process.env.BERTH_TEST_DOCKER ?? '',
    inside?: (argv: readonly string[]) => string[],
  ) {
    this.#inside = inside
    this.dir = mkdtempSync(join(tmpdir(), `berth-${name}-`))
    this.repository = new TestRepository(join(this.dir, 'repo'))
    this.id = `e2e-${name}-${process.pid}`
    this.socket = socket
  }

  /** From now on commands get a configuration file, in which the host has these labels; `network` and `more` (of the Application): as in the file. */
  configure(
    labels: Readonly<Record<string, string>>,
    network: Readonly<Record<string, unknown>> = {},
    more: Readonly<Record<string, unknown>> = {},
  ): void {
    const { dir, id, socket, repository } = this
    this.#configuration = join(dir, 'berth.yaml')
    const hosts = [{ name: 'local', endpoint: socket, labels }]
    const engine = { apiVersion: 'berth.dev/v1', kind: 'Engine', metadata: { name: id }, spec: { hosts, network } }
    const source = { repoURL: repository.dir, path: 'app' }
    const spec = { source, destination: { namespace: 'shop' }, ...more }
    const application = { apiVersion: 'berth.dev/v1', kind: 'Application', metadata: { name: 'app' }, spec }
    writeFileSync(this.#configuration, [engine, application].map((one) => JSON.stringify(one)).join('\n---\n'))
  }

  get #flags(): string[] {
    const { dir, id, socket } = this
    const common = ['--pause-image', testImages.pause, '--network', this.network]
    if (this.#configuration !== undefined)
      return ['-c', this.#configuration, '--state-dir', join(dir, 'state'), ...common]
    const places = [
      '--repo',
      this.repository.dir,
      '--path',
      'app',
      '--namespace',
      'shop',
      '--state-dir',
      join(dir, 'state'),
    ]
    return [...places, '--engine', id, '--host', socket, ...common]
  }

  #argv(command: string, ...more: readonly string[]): string[] {
    const argv = [process.execPath, program, command, ...this.#flags, ...more]
    return this.#inside?.(argv) ?? argv
  }

  /** Starts `berth run`, polling often. */
  start(...more: string[]): void {
    const [file = '', ...argv] = this.#argv('run', '--interval', '300ms', ...more)
    const child = spawn(file, argv, { stdio: ['ignore', 'ignore', 'pipe'] })
    child.stderr?.on('data', (part: Buffer) => {
      this.log += part.toString()
    })
    this.#child = child
  }

  /** Ends it, and waits until it is gone; answers its exit code, or null when a signal ended it. One that stays is killed, and fails. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const child = this.#child
    this.#child = undefined
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null
    const gone = new Promise<number | null>((done, fail) => {
      const timer = setTimeout(() => {
        child.kill('SIGKILL')
        fail(new Error(`berth did not end within ${longestCommandMs} ms of ${signal}\n${this.log.slice(-2_000)}`))
      }, longestCommandMs)
      child.once('exit', (code) => {
        clearTimeout(timer)
        done(code)
      })
    })
    child.kill(signal)
    return gone
  }

  /** Runs one command to its end; one that has none for too long is killed, and fails. */
  command(command: string, ...more: string[]): Promise<Answer> {
    return new Promise((done, fail) => {
      const [file = '', ...argv] = this.#argv(command, ...more)
      const child = spawn(file, argv, { stdio: ['ignore', 'pipe', 'pipe'] })
      let stdout = ''
      let stderr = ''
      child.stdout.on('data', (part: Buffer) => {
        stdout += part.toString()
      })
      child.stderr.on('data', (part: Buffer) => {
        stderr += part.toString()
      })
      const timer = setTimeout(() => {
        child.kill('SIGKILL')
        // What runs it elsewhere may keep the pipes open.
        child.stdout.destroy()
        child.stderr.destroy()
        fail(new Error(`berth ${command} did not end within ${longestCommandMs} ms\n${stdout}\n${stderr}`))
      }, longestCommandMs)
      child.once('error', (error) => {
        clearTimeout(timer)
        fail(error)
      })
      child.once('close', (code) => {
        clearTimeout(timer)
        done({ code: code ?? -1, stdout, stderr })
      })
    })
  }

  /** From the running engine's server, else by the command. */
  async status(): Promise<AppStatus> {
    const address = await this.#address()
    const text =
      address === undefined ? (await this.command('status', '-o', 'json')).stdout : await ask(address, 'GET', '/status')
    const app = (JSON.parse(text) as { apps: AppStatus[] }).apps[0]
    if (!app) throw new Error(`no application in ${text}`)
    return app
  }

  /** Of the server of the engine, which may still begin; undefined: none runs that is reached from here. */
  async #address(): Promise<string | undefined> {
    for (const end = Date.now() + longestCommandMs; this.#inside === undefined; ) {
      const address = runningEngine(join(this.dir, 'state'))?.address ?? ''
      if (address !== '') return address
      const isRunning = this.#child?.exitCode === null && this.#child.signalCode === null
      if (!isRunning || Date.now() > end) return undefined
      await new Promise((done) => setTimeout(done, 20))
    }
    return undefined
  }

  /** Waits until the report satisfies, proofs longer; a time-out tells the last report and the log. */
  async until(
    what: string,
    holds: (app: AppStatus) => boolean | Promise<boolean>,
    timeoutMs = 120_000,
  ): Promise<AppStatus> {
    const end = Date.now() + timeoutMs * patience
    let last: AppStatus | undefined
    let trouble = ''
    while (Date.now() < end) {
      try {
        last = await this.status()
        if (await holds(last)) return last
      } catch (error) {
        trouble = String(error)
      }
      await new Promise((done) => setTimeout(done, 50))
    }
    throw new Error(
      `waited ${timeoutMs * patience} ms for: ${what}\n${JSON.stringify(last, null, 2)}\n${trouble}\n${this.log.slice(-6_000)}`,
    )
  }

  /** Synced to `commit` and healthy. */
  synced(commit: string, timeoutMs?: number): Promise<AppStatus> {
    return this.until(
      `${commit} synced`,
      (app) => app.commit === commit && app.sync === 'Synced' && app.health === 'Healthy',
      timeoutMs,
    )
  }

  /** All containers of this installation. */
  containers(filter: Readonly<Record<string, string>> = {}): Promise<ListedContainer[]> {
    const label = Object.entries({ 'berth.dev/engine': this.id, ...filter }).map(([key, value]) => `${key}=${value}`)
    return engineJson(
      this.socket,
      'GET',
      `/containers/json?all=true&filters=${encodeURIComponent(JSON.stringify({ label }))}`,
    ) as Promise<ListedContainer[]>
  }

  /** Names of pods whose sandbox is there, sorted. */
  async pods(): Promise<string[]> {
    const names = (await this.containers()).map((container) => container.Labels['berth.dev/pod'] ?? '')
    return [...new Set(names)].sort()
  }

  /** All volumes of this installation. */
  async volumes(): Promise<ListedVolume[]> {
    const filters = encodeURIComponent(JSON.stringify({ label: [`berth.dev/engine=${this.id}`] }))
    const listed = await engineJson<{ Volumes: ListedVolume[] | null }>(
      this.socket,
      'GET',
      `/volumes?filters=${filters}`,
    )
    return listed.Volumes ?? []
  }

  /** Runs a command in the running container of a pod; what it printed, and how it ended. */
  async exec(pod: string, container: string, ...command: string[]): Promise<{ code: number; output: string }> {
    const [found] = (await this.containers({ 'berth.dev/pod': pod, 'berth.dev/container': container })).filter(
      ({ State }) => State === 'running',
    )
    if (!found) throw new Error(`container ${container} of pod ${pod} does not run`)
    const made = await engineJson<{ Id: string }>(this.socket, 'POST', `/containers/${found.Id}/exec`, {
      ...{ AttachStdout: true, AttachStderr: true, Tty: true, Cmd: command },
    })
    const answer = await engineCall(this.socket, 'POST', `/exec/${made.Id}/start`, { Detach: false, Tty: true })
    const { ExitCode } = await engineJson<{ ExitCode: number }>(this.socket, 'GET', `/exec/${made.Id}/json`)
    return { code: ExitCode, output: answer.text.replaceAll('\r', '') }
  }

  async close(): Promise<void> {
    await this.stop('SIGKILL')
    // Calls that were under way at the kill may still end in a container.
    for (let found = await this.containers(); found.length > 0; found = await this.containers()) {
      for (const { Id } of found) await engineCall(this.socket, 'DELETE', `/containers/${Id}?force=true`)
    }
    const label = JSON.stringify({ label: [`berth.dev/engine=${this.id}`] })
    const networks = await engineJson<{ Id: string }[]>(
      this.socket,
      'GET',
      `/networks?filters=${encodeURIComponent(label)}`,
    )
    for (const { Id } of networks) await engineCall(this.socket, 'DELETE', `/networks/${Id}`)
    for (const { Name } of await this.volumes()) await engineCall(this.socket, 'DELETE', `/volumes/${Name}`)
    rmSync(this.dir, { recursive: true, force: true })
  }
}

export interface DeploymentOptions {
  readonly name?: string
  readonly replicas?: number
  readonly image?: string
  readonly env?: Readonly<Record<string, string>>
  readonly strategy?: string
  readonly more?: string
  readonly ready?: string
}

/** A Deployment of the test server with a readiness probe. */
export function deployment(options: DeploymentOptions = {}): string {
  const {
    name = 'web',
    replicas = 3,
    image = testImages.one,
    env = {},
    strategy = '',
    more = '',
    ready = '/ready',
  } = options
  const variables = Object.entries(env).map(
    ([key, value]) => `            - { name: ${key}, value: ${JSON.stringify(value)} }`,
  )
  return `apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name} }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: ${name} } }
${strategy}
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      terminationGracePeriodSeconds: 5
      containers:
        - name: main
          image: ${image}
          ports: [{ containerPort: 8080 }]
          readinessProbe: { httpGet: { path: ${ready}, port: 8080 }, periodSeconds: 1 }
${variables.length > 0 ? `          env:\n${variables.join('\n')}` : ''}
${more}
`
}
