import { errorText } from '../base/errors.ts'
import { GitError } from '../sync/errors.ts'
import { type Arguments, readArguments, UsageError } from './arguments.ts'
import { outliveReaders } from './signals.ts'
import { usage } from './usage.ts'
import { version } from './version.ts'

type Command = (args: Arguments) => Promise<number>

/** Loaded when called: checking a file needs neither Git nor Docker, and should not wait for their code. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  run: async () => (await import('./run.ts')).run,
  sync: async () => (await import('./sync.ts')).sync,
  diff: async () => (await import('./diff.ts')).diff,
  status: async () => (await import('./status.ts')).status,
  history: async () => (await import('./history.ts')).history,
  rollback: async () => (await import('./rollback.ts')).rollback,
  preview: async () => (await import('./preview.ts')).preview,
  validate: async () => (await import('./validate.ts')).validate,
  render: async () => (await import('./render.ts')).render,
}

/** Of commands that take any. */
const mostOperands: Readonly<Record<string, number>> = {
  status: 1,
  history: 1,
  rollback: 1,
  preview: 3,
  validate: Number.POSITIVE_INFINITY,
}

/** One command line; answers the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    const args = readArguments(argv)
    if (args.version) return said(`berth ${version()}`)
    if (args.help || args.command === 'help' || argv.length === 0) return said(usage.trimEnd())
    const load = Object.hasOwn(commands, args.command) ? commands[args.command] : undefined
    if (!load)
      throw new UsageError(args.command === '' ? 'expected a command' : `there is no command "${args.command}"`)
    const extra = args.operands[mostOperands[args.command] ?? 0]
    if (extra !== undefined) throw new UsageError(`${args.command}: nothing is expected where "${extra}" stands`)
    outliveReaders()
    const command = await load()
    return await command(args)
  } catch (error) {
    process.stderr.write(`berth: ${advised(error)}\n`)
    return 2
  }
}

function said(text: string): number {
  process.stdout.write(`${text}\n`)
  return 0
}

/** What went wrong, and what to do next. */
function advised(error: unknown): string {
  if (error instanceof UsageError) return `${error.message}\nrun "berth --help" for commands and flags`
  if (error instanceof GitError) return `${errorText(error)} (${error.code})`
  if (error instanceof Error && process.env.BERTH_DEBUG) return error.stack ?? error.message
  return errorText(error, 2000)
}
