// An engine of fakes: one host, one clock, one repository. The bindings are made anew before each test.

import { afterEach, beforeEach } from 'vitest'
import { silentLog } from '../../src/base/log.ts'
import { Engine, type EngineParts } from '../../src/engine.ts'
import { Journal } from '../../src/journal/journal.ts'
import { noCredentials, noRollback } from '../../src/manifests/config-delivery.ts'
import { defaultNetwork } from '../../src/manifests/config-network.ts'
import type { AppEvent } from '../../src/report/event.ts'
import type { AppStatus } from '../../src/report/status.ts'
import type { ApplicationSettings, EngineSettings } from '../../src/settings.ts'
import { Dice } from '../sim/dice.ts'
import { FakeClock } from '../sim/fake-clock.ts'
import { FakeRuntime } from '../sim/fake-runtime.ts'
import { FakeRepository } from './fake-repository.ts'

export const intervalMs = 10_000
export const registry = new Map(
  ['app:1', 'app:2', 'never:1', 'done:1', 'pause'].map((image) => [image, `sha256:${image}`]),
)

export const defaults: ApplicationSettings = {
  name: 'shop',
  repoURL: 'memory',
  revision: 'main',
  path: '',
  namespace: 'shop',
  ...{
    credentials: noCredentials,
    verify: undefined,
    rollback: noRollback,
    forge: undefined,
    notes: false,
    previews: undefined,
  },
  intervalMs,
  prune: true,
  pruneBudget: '25%',
  selfHeal: true,
  podSecurity: 'baseline',
}

export let clock: FakeClock
export let runtime: FakeRuntime
export let repository: FakeRepository
/** Of applications that do not read the common one. */
export let repositories: Map<string, FakeRepository>
export let journal: Journal
export let engine: Engine
export let done: string[]
/** What people would have been told. */
export let told: AppEvent[]

beforeEach(() => {
  clock = new FakeClock()
  runtime = new FakeRuntime({ hosts: ['one'], clock, dice: new Dice(1), registry })
  repository = new FakeRepository()
  repositories = new Map()
  journal = Journal.inMemory()
  done = []
  told = []
})
afterEach(() => engine.close())

/** What a process that can be killed has in its own way. */
type Mortals = 'runtime' | 'journal' | 'clock'

export function open(
  settings: Partial<ApplicationSettings> = {},
  others: readonly ApplicationSettings[] = [],
  more: Partial<Pick<EngineParts, 'openPullRequest' | 'pullRequests' | 'openRepository' | Mortals>> = {},
  host: Partial<Pick<EngineSettings, 'previewQuota' | 'network'>> = {},
): Engine {
  // The journal outlives an engine here, as its file does in life.
  const kept = new Proxy(journal, {
    get: (target, name) => {
      if (name === 'close') return () => {}
      const member: unknown = Reflect.get(target, name)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
  engine = new Engine({
    settings: {
      id: 'ours',
      hosts: [{ name: 'one', endpoint: 'unix:///none' }],
      stateDir: '/nowhere',
      pauseImage: 'pause',
      network: { ...defaultNetwork, mode: 'names', zone: 'cluster.local' },
      applications: [{ ...defaults, ...settings }, ...others],
      ...host,
    },
    runtime,
    journal: kept,
    openRepository: async (application) => repositories.get(application.name) ?? repository,
    clock,
    log: silentLog,
    random: () => 0.5,
    tell: (event) => told.push(event),
    ...more,
    onDone: (_app, _key, task, error) => done.push(error === undefined ? task.text : `failed: ${task.text}`),
  })
  return engine
}

/** Lets time pass in small steps, and everything that was begun come to its end in between. */
export async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 250) {
    await breathe()
    clock.advance(250)
  }
  await breathe()
}

export async function breathe(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((next) => setImmediate(next))
}

export function status(): AppStatus {
  const [app] = engine.status()
  if (!app) throw new Error('no application')
  return app
}

/** The state directory was wiped. */
export function forgetJournal(): void {
  journal = Journal.inMemory()
}
