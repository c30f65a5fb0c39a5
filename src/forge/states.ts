// What an event means to those who look at the commit. Pure.
import { durationText } from '../base/duration.ts'
import { oneLine } from '../base/errors.ts'
import type { AppEvent, AppEventKind } from '../report/event.ts'
import type { CommitStatus, Deployment } from './forge.ts'

export type StatusWords = Pick<CommitStatus, 'state' | 'description'>
export type DeploymentWords = Pick<Deployment, 'state' | 'description'>

type Words<State> = (event: AppEvent) => { readonly state: State; readonly description: string }

const statuses: { readonly [K in AppEventKind]: Words<CommitStatus['state']> | undefined } = {
  applying: () => ({ state: 'pending', description: 'Applying' }),
  synced: (event) => ({ state: 'success', description: `Synced${tookText(event)}, healthy` }),
  degraded: ({ message }) => ({ state: 'failure', description: `Degraded${because(message)}` }),
  refused: ({ message }) => ({ state: 'failure', description: `Refused${because(message)}${andMore(message)}` }),
  held: ({ message }) => ({ state: 'failure', description: `Held${because(message)}` }),
  unreachable: undefined,
  rolledBack: (event) => ({ state: 'failure', description: `Rolled back${byText(event)}${because(event.message)}` }),
  rollbackFailed: ({ message }) => ({
    state: 'failure',
    description: `Failed, and could not be rolled back${because(message)}`,
  }),
}

const deployments: { readonly [K in AppEventKind]: Words<Deployment['state']> | undefined } = {
  applying: () => ({ state: 'in_progress', description: 'Applying' }),
  synced: (event) => ({ state: 'success', description: `Synced${tookText(event)}, healthy` }),
  degraded: ({ message }) => ({ state: 'failure', description: `Degraded${because(message)}` }),
  // Of these nothing was deployed.
  refused: undefined,
  held: undefined,
  unreachable: undefined,
  rolledBack: (event) => ({ state: 'failure', description: `Rolled back${byText(event)}` }),
  rollbackFailed: ({ message }) => ({ state: 'failure', description: `Could not be rolled back${because(message)}` }),
}

/** Undefined: there is nothing to say at the commit, or no commit. */
export function statusWords(event: AppEvent): StatusWords | undefined {
  return event.commit === '' ? undefined : statuses[event.kind]?.(event)
}

/** Undefined: nothing was deployed. */
export function deploymentWords(event: AppEvent): DeploymentWords | undefined {
  return event.commit === '' ? undefined : deployments[event.kind]?.(event)
}

/** Of a commit that was still being applied when the next one came. */
export function supersededWords(by: string): { readonly status: StatusWords; readonly deployment: DeploymentWords } {
  const description = `Superseded by ${by.slice(0, 7)} before everything was there`
  return { status: { state: 'error', description }, deployment: { state: 'inactive', description } }
}

function tookText({ durationMs }: AppEvent): string {
  return durationMs === undefined ? '' : ` in ${durationText(durationMs)}`
}

function byText({ rollback }: AppEvent): string {
  if (rollback === undefined || rollback === '') return ''
  return ` by ${/^[0-9a-f]{40}$/.test(rollback) ? rollback.slice(0, 7) : oneLine(rollback, 200)}`
}

/** The first line: others are details of it. */
function because(message: string): string {
  const [first = ''] = linesOf(message)
  return first === '' ? '' : `: ${oneLine(first)}`
}

/** Of problems, each line is one. */
function andMore(message: string): string {
  const more = linesOf(message).length - 1
  return more > 0 ? ` (and ${more} more)` : ''
}

function linesOf(message: string): string[] {
  return message.split('\n').filter((line) => line.trim() !== '')
}
