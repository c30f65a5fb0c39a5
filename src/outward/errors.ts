/** What the caller should do next: try again by itself, wait for a person, who can mend it where it is, or leave it. */
const next = {
  UNREACHABLE: 'again',
  TIMED_OUT: 'again',
  SERVER_ERROR: 'again',
  RATE_LIMITED: 'again',
  BAD_ANSWER: 'again',
  // A token that is replaced, a right that is given: files are read again at each call.
  AUTH_REQUIRED: 'mend',
  FORBIDDEN: 'mend',
  NOT_FOUND: 'mend',
  BAD_CREDENTIALS: 'mend',
  UNTRUSTED: 'mend',
  TOO_LARGE: 'leave',
  REDIRECTED: 'leave',
  REFUSED: 'leave',
  BAD_SETTINGS: 'leave',
} as const

export type CallErrorCode = keyof typeof next

/** A call to another server that did not work. The message is safe to print: no tokens, and of the address the host alone. */
export class CallError extends Error {
  override readonly name = 'CallError'
  readonly code: CallErrorCode
  /** How long the server wants to be left alone, ms; 0: it said nothing. */
  readonly retryAfterMs: number
  /** Of the answer; 0: there was none. */
  readonly status: number

  constructor(
    code: CallErrorCode,
    message: string,
    { status = 0, retryAfterMs = 0, cause }: { status?: number; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(message, { cause })
    this.code = code
    this.status = status
    this.retryAfterMs = retryAfterMs
  }

  /** It may pass by itself. */
  get retryable(): boolean {
    return next[this.code] === 'again'
  }

  /** It passes once a person has done something about it, without any change of the configuration. */
  get mendable(): boolean {
    return next[this.code] === 'mend'
  }
}

/** The call's own error, which a client library may have wrapped into one of its own. */
export function callErrorIn(error: unknown): CallError | undefined {
  for (let one: unknown = error, depth = 0; one instanceof Error && depth < 8; one = one.cause, depth++) {
    if (one instanceof CallError) return one
  }
  return undefined
}
