// Pull requests that are told of their previews, with a forge and an engine of fakes.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect } from 'vitest'
import { createLog } from '../../src/base/log.ts'
import { Commenting } from '../../src/commenting.ts'
import { noRollback } from '../../src/manifests/config-delivery.ts'
import { CallError } from '../../src/outward/errors.ts'
import type { ListedPreview } from '../../src/preview-reports.ts'
import type { PreviewReport } from '../../src/report/preview-comment.ts'
import type { AppStatus } from '../../src/report/status.ts'
import type { ApplicationSettings, ForgeSettings, PreviewSettings } from '../../src/settings.ts'
import { FakeClock } from '../sim/fake-clock.ts'

export const [one, two] = ['a'.repeat(40), 'b'.repeat(40)]
export const away = new CallError('SERVER_ERROR', 'forge answers 502')

interface State {
  folder: string
  clock: FakeClock
  lines: string[]
  commenting: Commenting
  /** Comments as they are at the forge, by number. */
  comments: Map<number, string>
  /** Each call that worked: `comment 7`, `status aaa pending Is being made`. */
  calls: string[]
  times: number[]
  /** What the next calls come to; none: they work. */
  outcomes: (Error | undefined)[]
  /** Calls about these never work. */
  locked: ReadonlySet<number>
  /** Undefined: the list is not known. */
  listed: Map<string, ListedPreview> | undefined
}

/** Made anew before each test. */
export const at = {} as State

beforeEach(() => {
  Object.assign(at, {
    ...{
      folder: mkdtempSync(join(tmpdir(), 'berth-commenting-')),
      clock: new FakeClock(),
      lines: [],
      calls: [],
      times: [],
    },
    ...{ outcomes: [], locked: new Set(), comments: new Map(), listed: new Map() },
  })
})
afterEach(async () => {
  await closed()
  rmSync(at.folder, { recursive: true, force: true })
})

export const previews = { provider: 'github', comments: true, statuses: true } as PreviewSettings

export function shop(more: Partial<PreviewSettings> | undefined = {}): ApplicationSettings {
  return {
    ...{ name: 'shop', repoURL: 'memory', revision: 'main', path: '', namespace: 'shop', intervalMs: 30_000 },
    ...{ credentials: {} as ApplicationSettings['credentials'], verify: undefined, rollback: noRollback },
    ...{ prune: true, pruneBudget: '25%', selfHeal: true, podSecurity: 'baseline', notes: false },
    ...{ forge: {} as ForgeSettings, previews: more && { ...previews, ...more } },
  }
}

export function start(application = shop(), id = 'production'): void {
  const log = createLog('info', (line) => at.lines.push(line.replace(/^\S+ /, '')), at.clock.now.bind(at.clock))
  at.commenting = new Commenting({
    settings: { id, applications: [application], stateDir: at.folder },
    previews: () => ({
      listed: () => at.listed && [...at.listed.values()],
      report: (_app, id) => at.listed?.get(id)?.report,
    }),
    openForge: () => ({
      comment: async ({ number, text, mark }) => {
        await outcome(number)
        expect(text.startsWith(mark)).toBe(true)
        at.comments.set(number, text)
        did(`comment ${number}`)
      },
      setStatus: async ({ commit, state, description, context, url }) => {
        await outcome(0)
        expect(context).toBe(id === 'production' ? 'berth/preview/shop' : `berth/preview/${id}/shop`)
        did(`status ${commit.slice(0, 3)} ${state} ${description}${url === undefined ? '' : ` ${url}`}`)
      },
    }),
    ...{ clock: at.clock, log },
  })
}

async function outcome(number: number): Promise<void> {
  if (at.locked.has(number)) throw new CallError('FORBIDDEN', 'the conversation is at.locked')
  const error = at.outcomes.shift()
  if (error) throw error
}

function did(what: string): void {
  at.times.push(at.clock.now())
  at.calls.push(what)
}

export async function closed(): Promise<void> {
  const end = at.commenting.close()
  await pass(6_000)
  await end
}

/** What has happened since the last time that this was asked. */
export function news(): string[] {
  return at.calls.splice(0)
}

async function breathe(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((next) => setImmediate(next))
}

export async function pass(ms: number, step = 250): Promise<void> {
  await breathe()
  for (let passed = 0; passed < ms; passed += step) {
    at.clock.advance(step)
    await breathe()
  }
}

const status: AppStatus = {
  ...{ name: 'shop/pr-7', repo: 'r', revision: 'x', path: '', commit: one, subject: '', head: one },
  ...{ sync: 'Synced', health: 'Healthy', stage: 'synced', message: '', problems: [], ignored: [], warnings: [] },
  ...{ conflicts: [], lastSync: null, rollback: null, objects: [] },
}
export const base: PreviewReport = {
  ...{
    app: 'shop',
    engine: 'production',
    id: 'pr-7',
    head: one,
    newest: undefined,
    is: 'awake',
    reason: '',
    ahead: undefined,
    approveLabel: 'ok',
  },
  ...{ untrusted: false, leaving: false, status, isOfHead: true, since: 0, plan: undefined },
  addresses: [{ url: 'http://pr-7.shop.example.com', known: true }],
}
export const making = { status: undefined, isOfHead: false } as const
export const waiting = { is: 'unapproved', reason: 'it comes from a fork', status: undefined, isOfHead: false } as const

/** The pull request is as this says now. */
export function show(number: number, more: Partial<PreviewReport> = {}, ofStatus: Partial<AppStatus> = {}): void {
  const id = `pr-${number}`
  const report = { ...base, id, ...('status' in more ? {} : { status: { ...status, ...ofStatus } }), ...more }
  at.listed?.set(id, { id, number, report })
  at.commenting.changed()
}

export function shut(number: number): void {
  at.listed?.delete(`pr-${number}`)
  at.commenting.changed()
}
