import { GitError } from './errors.ts'

/** What an error of the file system means for a store; undefined for any other error. */
export function diskProblem(error: unknown): GitError | undefined {
  if (error instanceof GitError || !(error instanceof Error && 'syscall' in error && 'code' in error)) return undefined
  const code = String(error.code)
  const path = 'path' in error ? String(error.path) : 'state directory'
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new GitError('NO_SPACE', path, `${path}: the disk is full (${code})`, { cause: error })
  }
  return new GitError('STORE_DAMAGED', path, `${path}: ${String(error.syscall)} failed (${code})`, { cause: error })
}
