import type { DocumentVerdict, FolderVerdict } from './check.ts'
import { type Source, sources } from './folders.ts'
import type { NotRendered } from './render.ts'

const titles: Readonly<Record<Source, string>> = {
  manifests: 'manifests as they are',
  kustomization: 'rendered by kubectl kustomize',
  chart: 'rendered by helm template',
}

/** How much is accepted, by level: a table for each source that has something, and one of all when there are several. */
export function tables(verdicts: readonly FolderVerdict[]): string[] {
  const groups = sources
    .map((source) => ({ title: titles[source], own: verdicts.filter(({ folder }) => folder.source === source) }))
    .filter(({ own }) => own.length > 0)
  const all = groups.length > 1 ? [...groups, { title: 'all', own: verdicts }] : groups
  return all.flatMap(({ title, own }, index) => [...(index > 0 ? [''] : []), ...table(title, own)])
}

function table(title: string, verdicts: readonly FolderVerdict[]): string[] {
  const documents = verdicts.flatMap((verdict) => verdict.documents)
  const levels = Array.from({ length: 8 }, (_one, level) =>
    row(
      `L${level}`,
      documents.filter((document) => document.level === level),
      verdicts.filter((verdict) => verdict.level === level),
    ),
  )
  return [title, 'level   documents accepted          folders accepted', ...levels, row('all', documents, verdicts)]
}

type Judged = readonly { readonly problem: string }[]

function row(name: string, documents: Judged, folders: Judged): string {
  return `${name.padEnd(8)}${shareOf(documents).padEnd(28)}${shareOf(folders)}`
}

function shareOf(verdicts: Judged): string {
  const good = verdicts.length - verdicts.filter(isRefused).length
  const share = verdicts.length === 0 ? '' : ` (${Math.floor((100 * good) / verdicts.length)} %)`
  return `${good} of ${verdicts.length}${share}`
}

/** Every document that is refused, and why, by level. */
export function refusals(verdicts: readonly FolderVerdict[]): string[] {
  const refused = verdicts.flatMap(({ documents }) => documents.filter(isRefused))
  const lines = refused.toSorted((a, b) => a.level - b.level).map((one) => `  L${one.level} ${describe(one)}`)
  return [`${refused.length} documents are refused:`, ...lines]
}

/** Every folder that is refused although each of its documents is well, and why. */
export function conflicts(verdicts: readonly FolderVerdict[]): string[] {
  const refused = verdicts.filter((verdict) => isRefused(verdict) && !verdict.documents.some(isRefused))
  const lines = refused.toSorted((a, b) => a.level - b.level).map(({ level, problem }) => `  L${level} ${problem}`)
  return [`${refused.length} folders are refused for documents that do not go together:`, ...lines]
}

function isRefused({ problem }: Judged[number]): boolean {
  return problem !== ''
}

function describe({ title, problem }: DocumentVerdict): string {
  return problem.startsWith(title.split(':')[0] ?? '') ? problem : `${title}: ${problem}`
}

/** Every chart and kustomization without manifests, and why. */
export function leftOut(all: readonly NotRendered[]): string[] {
  const lines = all.map(({ project, why }) => `  ${project.source} ${project.path}: ${why}`)
  return [`${all.length} charts and kustomizations are not rendered:`, ...lines.toSorted()]
}
