import { renderProblem } from '../manifests/problem.ts'
import type { Task } from '../reconcile/plan/action.ts'
import type { AppStatus } from './status.ts'

/** What a revision would do with one object. */
export interface DiffItem {
  readonly app: string
  /** `namespace/Kind/name`. */
  readonly key: string
  /** What differs, field by field, without Secret values. */
  readonly changes: readonly string[]
  readonly tasks: readonly Task[]
  /** Said when the list of tasks is not the whole story. */
  readonly note: string
}

export const effects: Readonly<Record<Task['effect'], string>> = {
  none: 'nothing is interrupted',
  inPlace: 'in place, nothing restarts',
  restart: 'a container restarts',
  rolling: 'rolling replace, no downtime',
  downtime: 'downtime',
}
const byWeight: readonly Task['effect'][] = ['none', 'inPlace', 'restart', 'rolling', 'downtime']

/** The heaviest effect of some tasks. */
export function effectOf(tasks: readonly Task[]): Task['effect'] {
  return tasks.reduce<Task['effect']>(
    (worst, { effect }) => (byWeight.indexOf(effect) > byWeight.indexOf(worst) ? effect : worst),
    'none',
  )
}

/** `berth diff` for people: per object what differs, and then each step in the order in which it would be done. */
export function renderDiff(apps: readonly AppStatus[], items: readonly DiffItem[]): string {
  const blocks = apps.map((app) => {
    const lines = [
      `${app.name}: ${app.commit === '' ? 'nothing applied' : app.commit.slice(0, 7)}${app.subject === '' ? '' : ` ${app.subject}`}`,
    ]
    if (app.sync === 'Refused')
      lines.push(`  ${app.message}`, ...app.problems.map((problem) => `  ${renderProblem(problem)}`))
    const own = items.filter((item) => item.app === app.name && (item.tasks.length > 0 || item.changes.length > 0))
    if (own.length === 0 && app.sync !== 'Refused') lines.push('  no differences')
    for (const item of own) lines.push('', ...itemLines(item))
    return lines.join('\n')
  })
  return blocks.join('\n\n')
}

function itemLines(item: DiffItem): string[] {
  const head = `  ${described(item.key)}: ${item.tasks.length === 0 ? 'nothing to do' : effects[effectOf(item.tasks)]}`
  const note = item.note === '' ? [] : [`    ${item.note}`]
  return [
    head,
    ...item.changes.map((change) => `    ~ ${change}`),
    ...item.tasks.map((task) => `    ${line(task)}`),
    ...note,
  ]
}

function line(task: Task): string {
  return task.cause === '' ? task.text : `${task.text} (${task.cause})`
}

/** The same for a comment on a pull request. */
export function renderDiffMarkdown(apps: readonly AppStatus[], items: readonly DiffItem[]): string {
  return `\`\`\`text\n${renderDiff(apps, items).replaceAll('```', "'''")}\n\`\`\``
}

function described(key: string): string {
  const [namespace = '', kind = '', name = ''] = key.split('/')
  return `${kind} ${namespace === '' ? name : `${namespace}/${name}`}`
}
