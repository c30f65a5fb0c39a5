/** What the caller should do next: `retry` later by itself, or wait for a person or a new commit. */
const retry = {
  UNREACHABLE: true,
  TIMED_OUT: true,
  SERVER_ERROR: true,
  BAD_ANSWER: true,
  AUTH_REQUIRED: true,
  FORBIDDEN: true,
  NO_SUCH_REPOSITORY: true,
  NO_SUCH_REVISION: true,
  NO_SUCH_PATH: true,
  EMPTY_REPOSITORY: true,
  UNSUPPORTED_REPOSITORY: false,
  REDIRECT_REFUSED: false,
  BAD_URL: false,
  BAD_REVISION: false,
  LINK: false,
  SUBMODULE: false,
  LFS_POINTER: false,
  TOO_LARGE: false,
  TOO_MANY: false,
  TOO_DEEP: false,
  BAD_NAME: false,
  STORE_DAMAGED: true,
  NO_SPACE: true,
  HOST_KEY: false,
  BAD_CREDENTIALS: true,
  CONFLICT: false,
  PUSH_REFUSED: false,
  READ_ONLY: false,
  RACE_LOST: true,
} as const

export type GitErrorCode = keyof typeof retry

/** Codes that speak of one commit's content: that commit is refused, the repository is fine. */
const ofContent: ReadonlySet<GitErrorCode> = new Set([
  'LINK',
  'SUBMODULE',
  'LFS_POINTER',
  'TOO_LARGE',
  'TOO_MANY',
  'TOO_DEEP',
  'BAD_NAME',
])

/** `subject` is the path, ref or host that it is about; never holds credentials. */
export class GitError extends Error {
  override readonly name = 'GitError'
  readonly code: GitErrorCode
  readonly subject: string

  constructor(code: GitErrorCode, subject: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.subject = subject
  }

  get retryable(): boolean {
    return retry[this.code]
  }

  get refusesCommit(): boolean {
    return ofContent.has(this.code)
  }
}
