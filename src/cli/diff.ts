import type { PreviewItem } from '../engine.ts'
import { renderDiff, renderDiffMarkdown } from '../report/diff.ts'
import type { AppStatus } from '../report/status.ts'
import { makeStateDir } from '../server/state-dir.ts'
import type { Arguments } from './arguments.ts'
import { needHost, openEngine, stderrLog } from './open.ts'
import { readSettings } from './settings.ts'

/** What would change, with effects, in the words that `run` then uses; touches nothing. */
export async function diff(args: Arguments): Promise<number> {
  const settings = await readSettings(args)
  makeStateDir(settings.stateDir)
  const engine = openEngine(settings, stderrLog(args.logLevel === 'info' ? 'warn' : args.logLevel))
  try {
    await engine.observe()
    needHost(engine)
    const items = await engine.preview(args.revision)
    const apps = engine.status()
    process.stdout.write(`${format(args, items, apps)}\n`)
    const refused = apps.some((app) => app.sync === 'Refused')
    return refused || items.some((item) => item.tasks.length > 0) ? 1 : 0
  } finally {
    await engine.close()
  }
}

function format(args: Arguments, items: readonly PreviewItem[], apps: readonly AppStatus[]): string {
  if (args.output === 'json') return JSON.stringify({ apps: apps.map((app) => asJson(app, items)) }, null, 2)
  return args.output === 'markdown' ? renderDiffMarkdown(apps, items) : renderDiff(apps, items)
}

function asJson(app: AppStatus, items: readonly PreviewItem[]) {
  const { name, commit, head, sync, message, problems } = app
  const objects = items
    .filter((item) => item.app === name)
    .map(({ key, tasks }) => ({
      key,
      actions: tasks.map(({ host, text, cause, effect }) => ({ host, text, cause, effect })),
    }))
  return { name, commit, head, sync, message, problems, objects }
}
