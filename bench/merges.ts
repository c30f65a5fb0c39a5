// Plans of merges of many pull requests (100 unless told) into a repository of many objects (1,000 unless told, each with three pods that
// run), after the target has moved: CPU time of all threads, and of the longest turn of the event loop. Beside them one plan alone.
// Arguments: number of pull requests, number of objects, and how many of these each pull request changes (3).
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../src/base/clock.ts'
import { silentLog } from '../src/base/log.ts'
import { keepYoungSpaceSmall } from '../src/cli/memory.ts'
import { Engine } from '../src/engine.ts'
import { Journal } from '../src/journal/journal.ts'
import { noCredentials, noRollback } from '../src/manifests/config-delivery.ts'
import { defaultNetwork } from '../src/manifests/config-network.ts'
import { MergePlans } from '../src/merge-plans.ts'
import type { EngineSettings } from '../src/settings.ts'
import { ReadFiles } from '../src/source/read-files.ts'
import { openRepository } from '../src/sync/repository.ts'
import { Fixture } from '../test/sync/fixture.ts'
import { countFrom, quantile } from './support/numbers.ts'
import { allFiles, deployment, fileOf, serverImage, until } from './support/sim-engine.ts'
import { SimRuntime } from './support/sim-runtime.ts'

const times = 3

interface Asked {
  readonly id: string
  readonly head: string
}

export async function run(args: readonly string[]): Promise<void> {
  const branches = countFrom(args, 100)
  const objects = countFrom(args.slice(1), 1_000)
  const changes = countFrom(args.slice(2), 3)
  // As `berth run` does.
  keepYoungSpaceSmall()
  const folder = mkdtempSync(join(tmpdir(), 'berth-bench-merges-'))
  const work = new Work(join(folder, 'work'), objects)
  const asked = Array.from({ length: branches }, (_, at) => work.branch(at, changes))
  const settings = settingsOf(folder, work.url)
  const production = await Production.start(settings)
  try {
    const many: Taken[] = []
    const one: Taken[] = []
    for (let time = 1; time <= times; time++) {
      await production.follow(work.move(time))
      one.push(await production.plan(asked.slice(0, 1)))
      console.log(`one plan: ${told(one.at(-1)!)}`)
      await production.follow(work.move(time + times))
      many.push(await production.plan(asked))
      console.log(`${branches} plans: ${told(many.at(-1)!)}`)
    }
    const [cpuMs, alone] = [many, one].map((taken) =>
      quantile(
        taken.map(({ cpuMs }) => cpuMs),
        0.5,
      ),
    )
    const stall = Math.max(...many.map(({ stallMs }) => stallMs)).toFixed(0)
    const ratio = (cpuMs! / alone!).toFixed(1)
    const seconds = (cpuMs! / 1000).toFixed(1)
    console.log(
      `merges: ${ratio} times the CPU time of one plan for ${branches}: ${seconds} s (target 30 s), longest turn ${stall} ms (target 50 ms)`,
    )
  } finally {
    await production.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Taken {
  readonly ms: number
  readonly cpuMs: number
  /** CPU time of the longest turn of the event loop: a busy machine stops it for longer. */
  readonly stallMs: number
}

function told({ ms, cpuMs, stallMs }: Taken): string {
  const seconds = (value: number) => `${(value / 1000).toFixed(2)} s`
  return `${seconds(cpuMs)} of CPU time, ${seconds(ms)}, longest turn ${stallMs.toFixed(0)} ms`
}

/** Answers, when it is called, the CPU time (ms) of the longest turn of the event loop since. */
function watchTurns(): () => number {
  let longest = 0
  let last = cpuOfThread()
  const timer = setInterval(() => {
    const now = cpuOfThread()
    longest = Math.max(longest, now - last)
    last = now
  }, 1)
  return () => {
    clearInterval(timer)
    return longest
  }
}

function cpuOfThread(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

/** Somebody who pushes. */
class Work {
  readonly #fixture: Fixture
  readonly #objects: number

  constructor(path: string, objects: number) {
    this.#fixture = new Fixture(path)
    this.#objects = objects
    this.#fixture.commit(allFiles(objects))
    this.#fixture.git('branch', 'first')
    this.#fixture.git('repack', '-a', '-d', '-q')
  }

  get url(): string {
    return this.#fixture.path
  }

  /** A branch that is behind from the beginning, with some other objects changed each. */
  branch(at: number, changes: number): Asked {
    this.#fixture.git('checkout', '-q', '-f', '--detach', 'first')
    const files = Array.from({ length: Math.min(changes, this.#objects - 1) }, (_, change) => {
      const number = 1 + ((at * changes + change) % (this.#objects - 1))
      return [fileOf(number), deployment(number, at + 2)]
    })
    return { id: `b${at}`, head: this.#fixture.commit(Object.fromEntries(files)) }
  }

  /** The target moves on. */
  move(time: number): string {
    this.#fixture.git('checkout', '-q', '-f', 'main')
    return this.#fixture.commit({ [fileOf(0)]: deployment(0, 1_000 + time) })
  }
}

/** What runs, without Docker. */
class Production {
  readonly #settings: EngineSettings
  readonly #runtime = new SimRuntime(serverImage)
  readonly #journal = Journal.inMemory()
  readonly #files = new ReadFiles()
  readonly #engine: Engine

  static async start(settings: EngineSettings): Promise<Production> {
    const production = new Production(settings)
    await production.#engine.start()
    await production.#rests()
    return production
  }

  private constructor(settings: EngineSettings) {
    this.#settings = settings
    this.#engine = new Engine({
      ...{ settings, runtime: this.#runtime, journal: this.#journal, files: this.#files },
      openRepository: () => this.#open(),
      ...{ clock: systemClock, log: silentLog, random: () => 0.5 },
    })
  }

  async follow(commit: string): Promise<void> {
    this.#engine.syncNow()
    await until(() => this.#engine.status()[0]?.commit === commit)
    await this.#rests()
  }

  /** All of them, of an engine that has planned nothing yet. */
  async plan(asked: readonly Asked[]): Promise<Taken> {
    const repository = await this.#open()
    const plans = new MergePlans({
      ...{ engine: this.#settings, settings: this.#settings.applications[0]! },
      ...{ runtime: this.#runtime, journal: this.#journal, clock: systemClock, log: silentLog },
      ...{ files: this.#files, repository: async () => repository },
      shadow: (parts) => new Engine(parts),
      onChange: () => {},
      lane: { run: (work) => work() },
      accepted: () => this.#engine.status()[0]!.commit,
      live: () => '',
      isBusy: () => false,
    })
    globalThis.gc?.()
    const longest = watchTurns()
    const [began, cpu] = [performance.now(), process.cpuUsage()]
    plans.want(asked)
    await until(() => asked.every((one) => plans.of(one) !== undefined))
    const [ms, { user, system }] = [performance.now() - began, process.cpuUsage(cpu)]
    const stallMs = longest()
    const found = asked.map((one) => plans.of(one)!)
    await plans.close()
    await repository.close()
    for (const { unknown, conflicts, items } of found) {
      const planned = items.filter(({ tasks }) => tasks.length > 0).length
      if (unknown !== undefined || conflicts !== undefined || planned === 0) throw new Error('expected a plan')
    }
    return { ms, cpuMs: (user + system) / 1000, stallMs }
  }

  async close(): Promise<void> {
    await this.#engine.close()
  }

  #open() {
    const { repoURL, revision } = this.#settings.applications[0]!
    const storeDir = join(this.#settings.stateDir, 'store')
    return openRepository({ url: repoURL, revision, storeDir, backend: 'embedded' })
  }

  #rests(): Promise<void> {
    return until(() => this.#engine.quiet && this.#engine.outcome() === 'synced')
  }
}

function settingsOf(stateDir: string, repoURL: string): EngineSettings {
  const application = {
    ...{ name: 'bench', repoURL, revision: 'main', path: '', namespace: 'default', credentials: noCredentials },
    ...{ verify: undefined, rollback: noRollback, forge: undefined, notes: false, previews: undefined },
    ...{ intervalMs: 3_600_000, prune: true, pruneBudget: '25%', selfHeal: true, podSecurity: 'baseline' as const },
  }
  return {
    ...{ id: 'bench', hosts: [], stateDir, pauseImage: 'pause', applications: [application] },
    network: { ...defaultNetwork, mode: 'names', zone: 'cluster.local' },
  }
}
