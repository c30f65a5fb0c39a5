import { oneLine } from '../base/errors.ts'

/** Something in a manifest that cannot be run as written. */
export interface Problem {
  /** From the root of the repository, or as the caller named it; empty: the commit as a whole. */
  readonly file: string
  /** Counted from 1; 0: the file as a whole. */
  readonly line: number
  /** Place in the document, `spec.containers[0].image`; empty: the document as a whole. */
  readonly path: string
  /** What was expected and what was found; foreign text inside is already safe to print. */
  readonly message: string
}

/** `apps/web.yaml:14: spec.replicas: expected a whole number from 0, found "three" (string)` */
export function renderProblem({ file, line, path, message }: Problem): string {
  const place = line > 0 ? `${oneLine(file, 200)}:${line}` : oneLine(file, 200)
  return [place, path, message].filter((part) => part !== '').join(': ')
}

/** The first `most` problems in order of file and line, and a last one that counts the rest. */
export function capProblems(problems: readonly Problem[], most = 200): Problem[] {
  const sorted = [...problems].sort(
    (a, b) => compareText(a.file, b.file) || a.line - b.line || compareText(a.path, b.path),
  )
  const rest = sorted.length - most
  if (rest <= 0) return sorted
  const last = sorted[most]!
  return [
    ...sorted.slice(0, most),
    { file: last.file, line: 0, path: '', message: `and ${rest} more problems from here on` },
  ]
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
