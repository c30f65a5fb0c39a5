import type { Path } from './position.ts'

export const podSecurityLevels = ['privileged', 'baseline', 'restricted'] as const
export type PodSecurity = (typeof podSecurityLevels)[number]

/** Where the checks of one object put what they find. */
export interface Review {
  readonly podSecurity: PodSecurity
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
