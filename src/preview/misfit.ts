import type { PullRequest } from './pull-request.ts'

/** Which pull requests previews are for. */
export interface Wished {
  /** Undefined: any. */
  readonly targetBranch: string | undefined
  readonly drafts: boolean
  /** All of these must be there. */
  readonly labels: readonly string[]
}

/** Why no preview is wished for this one, whoever made it; empty: it fits. */
export function misfit(
  { targetBranch, draft, labels, merged }: Pick<PullRequest, 'targetBranch' | 'draft' | 'labels' | 'merged'>,
  wished: Wished,
): string {
  const { targetBranch: target = targetBranch } = wished
  if (targetBranch !== target) return `it is for ${targetBranch}, not ${target}`
  if (merged !== undefined) return merged
  if (draft && !wished.drafts) return 'it is a draft'
  const missing = wished.labels.filter((label) => !labels.includes(label))
  return missing.length > 0 ? `without the label ${missing.join(', ')}` : ''
}
