import { diskProblem } from './disk.ts'
import { GitError, type GitErrorCode } from './errors.ts'
import type { FileContents } from './files.ts'
import type {
  Branch,
  Commit,
  Credentials,
  FileRef,
  Head,
  Merged,
  Repository,
  Signature,
  SyncLimits,
  SyncTimeouts,
  WriteRequest,
  WriteResult,
} from './port.ts'
import type { FolderState } from './snapshots.ts'
import type { Remote, Revision } from './url.ts'

/** Everything that a session on the worker's side is made from. */
export interface SessionOptions {
  readonly remote: Remote
  /** Folder of this session alone. */
  readonly folder: string
  readonly credentials: Credentials
  /** Path of the git binary; undefined for the embedded backend. */
  readonly git: string | undefined
  readonly limits: SyncLimits
  readonly timeouts: SyncTimeouts
}

export type Call =
  | { readonly kind: 'open'; readonly options: SessionOptions }
  | { readonly kind: 'fetch'; readonly revision: Revision }
  | { readonly kind: 'head'; readonly revision: Revision }
  | { readonly kind: 'branches'; readonly prefix: string }
  | { readonly kind: 'snapshot'; readonly oid: string; readonly path: string; readonly since: string | undefined }
  | { readonly kind: 'read'; readonly files: readonly FileRef[] }
  | { readonly kind: 'commit'; readonly oid: string }
  | { readonly kind: 'between'; readonly from: string | undefined; readonly to: string; readonly limit: number }
  | { readonly kind: 'resolve'; readonly revision: string }
  | { readonly kind: 'signature'; readonly oid: string; readonly keys: readonly string[] }
  | { readonly kind: 'merge'; readonly onto: string; readonly head: string }
  | { readonly kind: 'contains'; readonly onto: string; readonly head: string }
  | { readonly kind: 'treeOf'; readonly oid: string; readonly path: string }
  | { readonly kind: 'write'; readonly revision: Revision; readonly request: WriteRequest }
  | {
      readonly kind: 'note'
      readonly oid: string
      readonly text: string
      readonly author: WriteRequest['author']
      readonly at: number
    }
  | { readonly kind: 'close' }

export interface Results {
  readonly open: { readonly backend: Repository['backend'] }
  readonly fetch: Head
  readonly head: Head | undefined
  readonly branches: readonly Branch[]
  readonly snapshot: FolderState
  readonly read: FileContents
  readonly commit: Commit
  readonly between: Commit[]
  readonly resolve: string
  readonly signature: Signature
  readonly merge: Merged
  readonly contains: boolean | undefined
  readonly treeOf: string | undefined
  readonly write: WriteResult
  readonly note: undefined
  readonly close: undefined
}

export type Result = Results[keyof Results]

/** To the worker: `session` tells repositories apart, `id` the calls. */
export interface Question {
  readonly id: number
  readonly session: number
  readonly call: Call
}

export type Reply =
  | { readonly id: number; readonly result: Result }
  | { readonly id: number; readonly problem: Problem }

/** An error on its way between threads. */
export interface Problem {
  readonly code: GitErrorCode | undefined
  readonly subject: string
  readonly message: string
  readonly stack: string | undefined
}

export function toProblem(thrown: unknown): Problem {
  const error = diskProblem(thrown) ?? thrown
  if (error instanceof GitError) {
    const { code, subject, message, stack } = error
    return { code, subject, message, stack }
  }
  const found = error instanceof Error ? error : new Error(String(error))
  return { code: undefined, subject: '', message: found.message, stack: found.stack }
}

export function fromProblem({ code, subject, message, stack }: Problem): Error {
  const error = code === undefined ? new Error(message) : new GitError(code, subject, message)
  if (stack !== undefined) error.stack = stack
  return error
}
