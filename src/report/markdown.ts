import { renderProblem } from '../manifests/problem.ts'
import { escapedMarkdown } from './escape.ts'
import type { AppStatus } from './status.ts'

/** The sync status report for a comment or a wiki page. Foreign text stands in cells with its markup escaped. */
export function markdownStatus(apps: readonly AppStatus[]): string {
  return apps.map(markdownApp).join('\n\n')
}

function markdownApp(app: AppStatus): string {
  const commit =
    app.commit === '' ? 'nothing applied yet' : `\`${app.commit.slice(0, 7)}\` ${escapedMarkdown(app.subject)}`
  const lines = [`### ${escapedMarkdown(app.name)}: ${app.sync}, ${app.health}`, '', commit]
  if (app.message !== '') lines.push('', escapedMarkdown(app.message))
  if (app.objects.length > 0) {
    lines.push('', '| kind | name | sync | health | ready | message |', '|---|---|---|---|---|---|')
    for (const object of app.objects) {
      const name = object.namespace === '' ? object.name : `${object.namespace}/${object.name}`
      lines.push(
        `| ${[object.kind, name, object.sync, object.health, object.ready, object.message].map(escapedMarkdown).join(' | ')} |`,
      )
    }
  }
  const details = [...app.problems.map(renderProblem), ...app.conflicts, ...app.warnings, ...app.ignored]
  if (details.length > 0) lines.push('', ...details.map((line) => `- ${escapedMarkdown(line)}`))
  return lines.join('\n')
}
