import { silentLog } from '../base/log.ts'
import { type HistoryEntry, Journal } from '../journal/journal.ts'
import { previewOf } from '../preview/names.ts'
import { historyMarkdown, renderHistory } from '../report/history.ts'
import { makeStateDir } from '../server/state-dir.ts'
import { type Arguments, UsageError } from './arguments.ts'
import { readSettings } from './settings.ts'

/** Commits of an application or a preview, what each did, when, and how it ended; from the journal. */
export async function history(args: Arguments): Promise<number> {
  const settings = await readSettings(args)
  const names = settings.applications.map((application) => application.name)
  const app = args.operands[0] ?? (names.length === 1 ? names[0] : undefined)
  if (app === undefined || !names.includes(previewOf(app)?.app ?? app)) {
    throw new UsageError(
      `history: expected one of the applications ${names.join(', ')}, found ${app === undefined ? 'none' : `"${app}"`}`,
    )
  }
  const entries = read(settings.stateDir, app)
  process.stdout.write(`${format(args, app, entries)}\n`)
  return 0
}

function format({ output }: Arguments, app: string, entries: readonly HistoryEntry[]): string {
  if (output === 'json') return JSON.stringify(entries, null, 2)
  return output === 'markdown' ? historyMarkdown(app, entries) : renderHistory(app, entries)
}

function read(stateDir: string, app: string): HistoryEntry[] {
  makeStateDir(stateDir)
  const journal = Journal.open(stateDir, silentLog)
  try {
    return journal.history(app)
  } finally {
    journal.close()
  }
}
