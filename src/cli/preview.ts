import { previewsAsData, renderPreviews, renderPreviewsMarkdown } from '../report/previews.ts'
import type { AppStatus } from '../report/status.ts'
import { ask } from '../server/client.ts'
import { runningEngine } from '../server/state-dir.ts'
import { type Arguments, UsageError } from './arguments.ts'
import { readSettings } from './settings.ts'

const verbs = ['open', 'sleep', 'wake', 'delete'] as const

/** Lists previews, or asks the running engine to do something about one. Exit code 1: it is not done. */
export async function preview(args: Arguments): Promise<number> {
  const [verb = 'list', app, id] = args.operands
  const known = verbs.find((one) => one === verb)
  if (known === undefined && verb !== 'list') {
    throw new UsageError(`preview: expected list, ${verbs.join(', ')}, found "${verb}"`)
  }
  if (known !== undefined && (app === undefined || id === undefined)) {
    throw new UsageError(`preview ${known}: expected an application and an id`)
  }
  const { stateDir } = await readSettings(args)
  const { address = '' } = runningEngine(stateDir) ?? {}
  if (address === '') throw new Error('no engine runs here: previews are made by berth run')
  if (known === undefined || app === undefined || id === undefined) return list(args, address, app, id)
  const query = new URLSearchParams({ app, id })
  const answer: { done: boolean; text: string } = JSON.parse(await ask(address, 'POST', `/previews/${known}?${query}`))
  process.stdout.write(`${args.output === 'json' ? JSON.stringify(answer) : answer.text}\n`)
  return answer.done ? 0 : 1
}

async function list(
  { output }: Arguments,
  address: string,
  app: string | undefined,
  id: string | undefined,
): Promise<number> {
  const { apps } = JSON.parse(await ask(address, 'GET', '/status')) as { apps: AppStatus[] }
  if (app !== undefined && !apps.some(({ name, preview }) => name === app && !preview)) {
    throw new UsageError(`there is no application "${app}"`)
  }
  const wanted = apps
    .filter(({ name, preview }) => app === undefined || (preview?.of ?? name) === app)
    .map((one) =>
      one.previews ? { ...one, previews: one.previews.filter((row) => id === undefined || row.id === id) } : one,
    )
  if (app !== undefined && id !== undefined && wanted.every(({ previews = [] }) => previews.length === 0)) {
    process.stderr.write(`there is no open pull request ${id} of ${app}\n`)
    return 1
  }
  process.stdout.write(`${await formatted(wanted, output, address, id)}\n`)
  return 0
}

/** Of one alone, Markdown is what the pull request is told. */
async function formatted(
  apps: readonly AppStatus[],
  output: Arguments['output'],
  address: string,
  id: string | undefined,
): Promise<string> {
  const [app] = apps
  if (output === 'markdown' && app && id !== undefined) {
    return ask(address, 'GET', `/previews/comment?${new URLSearchParams({ app: app.name, id })}`)
  }
  if (output === 'markdown') return renderPreviewsMarkdown(apps)
  if (output === 'text') return renderPreviews(apps)
  return JSON.stringify({ previews: previewsAsData(apps) }, null, 2)
}
