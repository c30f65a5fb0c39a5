import { quoted } from './found.ts'
import { type Path, pathText } from './position.ts'
import type { Problem } from './problem.ts'
import type { Doc } from './read.ts'

export const podSecurityLevels = ['privileged', 'baseline', 'restricted'] as const
export type PodSecurity = (typeof podSecurityLevels)[number]

/** Where the checks of one object put what they find. */
export interface Review {
  readonly podSecurity: PodSecurity
  /** The setting that says so is that of previews. */
  readonly forPreview: boolean
  /** The object cannot be run as written. */
  problem(path: Path, message: string): void
  /** It runs, but something in it has no effect that its author may expect. */
  warn(path: Path, message: string): void
  /** A field without effect on Docker hosts. */
  ignored(path: Path, reason: string): void
}

/** Reports `fault` when there is one. */
export function reportFault(review: Review, path: Path, fault: string | undefined, shown: string): void {
  if (fault !== undefined) review.problem(path, `${fault}, found ${shown}`)
}

/** An object or a field that is accepted and has no effect. */
export interface Ignored {
  readonly file: string
  readonly line: number
  readonly kind: string
  readonly name: string
  /** Empty: the whole object. */
  readonly path: string
  readonly reason: string
}

/** Everything that is found in one or more documents. */
export interface Findings {
  readonly problems: Problem[]
  readonly ignored: Ignored[]
  readonly warnings: Problem[]
}

/** A review of one document that adds to `findings`. */
export function reviewOf(
  document: Doc,
  { podSecurity, forPreview = false }: { readonly podSecurity: PodSecurity; readonly forPreview?: boolean },
  { problems, ignored, warnings }: Findings,
): Review {
  const { file } = document
  const kind = shown(document.kind)
  const name = nameOf(document)
  const place = (path: Path) => ({ file, line: document.at(path), path: pathText(document.written(path)) })
  return {
    podSecurity,
    forPreview,
    problem: (path, message) => problems.push({ ...place(path), message }),
    warn: (path, message) => warnings.push({ ...place(path), message }),
    ignored: (path, reason) => ignored.push({ ...place(path), kind, name, reason }),
  }
}

/** `web` or, where the manifest says it, `shop/web`. */
function nameOf({ value }: Doc): string {
  const { metadata } = value
  if (typeof metadata !== 'object' || metadata === null) return ''
  const { name, namespace } = metadata as { readonly name?: unknown; readonly namespace?: unknown }
  const text = typeof name === 'string' ? name : ''
  return shown(typeof namespace === 'string' ? `${namespace}/${text}` : text)
}

function shown(text: string): string {
  return quoted(text).slice(1, -1)
}
