import { errorText } from '../base/errors.ts'
import { GitError } from '../sync/errors.ts'
import { type Arguments, readArguments, UsageError } from './arguments.ts'
import { diff } from './diff.ts'
import { history } from './history.ts'
import { render } from './render.ts'
import { run } from './run.ts'
import { status } from './status.ts'
import { sync } from './sync.ts'
import { usage } from './usage.ts'
import { validate } from './validate.ts'
import { version } from './version.ts'

const commands: Readonly<Record<string, (args: Arguments) => Promise<number>>> = {
  run,
  sync,
  diff,
  status,
  history,
  validate,
  render,
}

/** One command line; answers the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    const args = readArguments(argv)
    if (args.version) return said(`berth ${version()}`)
    if (args.help || (args.command === '' && argv.length === 0)) return said(usage.trimEnd())
    const command = Object.hasOwn(commands, args.command) ? commands[args.command] : undefined
    if (!command)
      throw new UsageError(args.command === '' ? 'expected a command' : `there is no command "${args.command}"`)
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
