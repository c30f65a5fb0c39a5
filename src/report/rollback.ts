// What `berth rollback` has done, or would do.

/** `berth rollback -o json`. Members may be added, never changed. */
export interface RollbackReport {
  readonly app: string
  readonly repo: string
  readonly revision: string
  /** The parent of what is written. */
  readonly onto: string
  /** The commit whose folder comes back; null: a single commit is taken back. */
  readonly to: { readonly oid: string; readonly subject: string } | null
  readonly message: string
  /** From the root of the repository. */
  readonly paths: readonly string[]
  /** Null: nothing was pushed. */
  readonly commit: string | null
  /** Null: the branch that is followed. */
  readonly branch: string | null
  readonly pullRequest: string | null
  readonly pushed: boolean
}

const mostPaths = 20

export function renderRollback(report: RollbackReport): string {
  const { app, repo, revision, onto, to, message, paths, commit, branch, pullRequest } = report
  const what = to ? `roll back to ${to.oid.slice(0, 7)} ${to.subject}`.trimEnd() : 'revert one commit'
  const more = paths.length > mostPaths ? [`    … and ${paths.length - mostPaths} more`] : []
  const where = `${branch ?? revision} of ${repo}`
  return [
    `${app}: ${what}`,
    `  onto    ${onto.slice(0, 7)} of ${revision}`,
    `  changes ${paths.length} ${paths.length === 1 ? 'file' : 'files'}`,
    ...paths.slice(0, mostPaths).map((path) => `    ${path}`),
    ...more,
    '  message',
    ...message
      .trimEnd()
      .split('\n')
      .map((line) => `    ${line}`.trimEnd()),
    commit === null ? `nothing was pushed to ${where}` : `pushed ${commit} to ${where}`,
    ...(pullRequest === null ? [] : [`pull request ${pullRequest}`]),
  ].join('\n')
}
