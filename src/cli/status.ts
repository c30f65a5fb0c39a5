import { setTimeout as sleep } from 'node:timers/promises'
import { silentLog } from '../base/log.ts'
import { type AppStatus, allGood } from '../report/status.ts'
import { ask } from '../server/client.ts'
import { makeStateDir, runningEngine } from '../server/state-dir.ts'
import type { EngineSettings } from '../settings.ts'
import { type Arguments, UsageError } from './arguments.ts'
import { formatStatus, LiveBlock } from './print.ts'
import { readSettings } from './settings.ts'

const watchMs = 1_000

/** The sync status report: from the running engine, or, without one, from Git and Docker themselves. */
export async function status(args: Arguments): Promise<number> {
  const settings = await readSettings(args)
  const only = args.operands[0]
  const look = async (): Promise<AppStatus[]> => pick(await statusNow(settings), only)
  if (!args.watch) {
    const apps = await look()
    process.stdout.write(`${formatStatus(apps, args.output)}\n`)
    return allGood(apps) ? 0 : 1
  }
  const block = new LiveBlock()
  while (process.stdout.writable) {
    block.show(formatStatus(await look(), args.output))
    await sleep(watchMs)
  }
  return 0
}

export async function statusNow(settings: EngineSettings): Promise<AppStatus[]> {
  const running = runningEngine(settings.stateDir)
  if (running && running.address !== '')
    return (JSON.parse(await ask(running.address, 'GET', '/status')) as { apps: AppStatus[] }).apps
  // A running engine has just been asked in vain: only now are Git and Docker needed.
  const { needHost, openEngine } = await import('./open.ts')
  makeStateDir(settings.stateDir)
  const engine = openEngine(settings, silentLog)
  try {
    await engine.observe()
    needHost(engine)
    await engine.preview()
    return engine.status()
  } finally {
    await engine.close()
  }
}

function pick(apps: readonly AppStatus[], only: string | undefined): AppStatus[] {
  const picked = apps.filter((app) => only === undefined || app.name === only)
  if (picked.length === 0 && only !== undefined) {
    throw new UsageError(`there is no application "${only}"; found ${apps.map((app) => app.name).join(', ') || 'none'}`)
  }
  return picked
}
