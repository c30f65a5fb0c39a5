import { errorText } from '../base/errors.ts'
import type { Engine, Outcome } from '../engine.ts'
import { type AppStatus, allGood } from '../report/status.ts'
import { ask } from '../server/client.ts'
import { leaveStateDir, takeStateDir } from '../server/state-dir.ts'
import type { EngineSettings } from '../settings.ts'
import { type Arguments, durationMs, UsageError } from './arguments.ts'
import { needHost, openEngine, openTelling, stderrLog } from './open.ts'
import { formatStatus, LiveBlock } from './print.ts'
import { readSettings } from './settings.ts'
import { signalled } from './signals.ts'

const defaultTimeoutMs = 5 * 60_000
const redrawMs = 200

/** One convergence to the head commit, with progress. */
export async function sync(args: Arguments): Promise<number> {
  const settings = await readSettings(args)
  const timeoutMs = args.timeout === undefined ? defaultTimeoutMs : durationMs('--timeout', args.timeout)
  const other = takeStateDir(settings.stateDir, settings.id)
  if (other && other.address === '')
    throw new UsageError(`an engine (process ${other.pid}) is just starting; try again in a moment`)
  if (other) return followOther(args, other.address, timeoutMs)
  try {
    return await converge(args, settings, timeoutMs)
  } finally {
    leaveStateDir(settings.stateDir)
  }
}

async function converge(args: Arguments, settings: EngineSettings, timeoutMs: number): Promise<number> {
  const progress = new Progress(args)
  const log = stderrLog(args.logLevel === 'info' ? 'warn' : args.logLevel)
  const telling = openTelling(settings, log)
  const engine = openEngine(settings, log, {
    tell: telling.tell,
    onDone: (app, _key, task, error) =>
      progress.line(app, error === undefined ? task.text : `${task.text}: failed: ${errorText(error)}`),
  })
  try {
    let stopping = false
    const stopped = signalled().finally(() => {
      stopping = true
    })
    const tick = (): boolean => {
      progress.draw(engine.status())
      return !stopping
    }
    const outcome = await Promise.race([stopped, reached(engine, timeoutMs, tick)])
    if (outcome === 'SIGINT' || outcome === 'SIGTERM') {
      process.stderr.write('berth: stopped; what was begun stays as it is, and the next sync goes on from there\n')
      return outcome === 'SIGINT' ? 130 : 143
    }
    progress.end(engine.status(), outcome === 'working' ? `not there after ${timeoutMs / 1_000} s` : '')
    if (outcome === 'unreachable') return 2
    return outcome === 'synced' && allGood(engine.status()) ? 0 : 1
  } finally {
    await engine.close()
    await telling.close()
  }
}

async function reached(engine: Engine, timeoutMs: number, tick: () => boolean): Promise<Outcome> {
  await engine.start()
  needHost(engine)
  return ended(engine, timeoutMs, tick)
}

/** Ends when every application has an outcome, the time is over, or `tick` answers false. */
async function ended(engine: Engine, timeoutMs: number, tick: () => boolean): Promise<Outcome> {
  const until = Date.now() + timeoutMs
  for (;;) {
    const wanted = tick()
    const outcome = engine.outcome()
    if (!wanted || outcome !== 'working' || Date.now() >= until) return outcome
    await new Promise((done) => setTimeout(done, redrawMs / 4))
  }
}

/** An engine already runs on this state directory: it does the work, this command wakes it and watches. */
async function followOther(args: Arguments, address: string, timeoutMs: number): Promise<number> {
  const progress = new Progress(args)
  await ask(address, 'POST', '/sync')
  const until = Date.now() + timeoutMs
  for (;;) {
    await new Promise((done) => setTimeout(done, redrawMs))
    const { apps } = JSON.parse(await ask(address, 'GET', '/status')) as { apps: AppStatus[] }
    progress.draw(apps)
    const working = apps.some(
      (app) =>
        (app.commit !== '' && ['fetching', 'reading', 'comparing'].includes(app.stage)) ||
        (app.stage !== 'synced' && app.sync !== 'Refused' && app.health !== 'Degraded'),
    )
    if (working && Date.now() < until) continue
    progress.end(apps, working ? `not there after ${timeoutMs / 1_000} s` : '')
    return allGood(apps) ? 0 : 1
  }
}

/** On a terminal the report is redrawn in place; elsewhere each thing done is one line and the report comes last. */
class Progress {
  readonly #args: Arguments
  readonly #live: boolean
  readonly #block = new LiveBlock()
  #drawnAt = 0

  constructor(args: Arguments) {
    this.#args = args
    this.#live = process.stdout.isTTY === true && args.output === 'text'
  }

  line(app: string, text: string): void {
    if (!this.#live) process.stderr.write(app === '' ? `${text}\n` : `${app}: ${text}\n`)
  }

  draw(apps: readonly AppStatus[]): void {
    if (!this.#live || Date.now() - this.#drawnAt < redrawMs) return
    this.#drawnAt = Date.now()
    this.#block.show(formatStatus(apps, 'text'))
  }

  end(apps: readonly AppStatus[], note: string): void {
    const report = formatStatus(apps, this.#args.output)
    if (this.#live) this.#block.show(report)
    else process.stdout.write(`${report}\n`)
    if (note !== '') process.stderr.write(`berth: ${note}\n`)
  }
}
