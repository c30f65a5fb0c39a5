/** What the caller should do next: try again by itself, or leave it to a person. */
const retry = {
  UNREACHABLE: true,
  TIMED_OUT: true,
  SERVER_ERROR: true,
  RATE_LIMITED: true,
  // A token that is replaced, or a right that is given, mends these; files are read again at each call.
  AUTH_REQUIRED: true,
  FORBIDDEN: true,
  NOT_FOUND: true,
  BAD_CREDENTIALS: true,
  UNTRUSTED: true,
  BAD_ANSWER: true,
  TOO_LARGE: false,
  REDIRECTED: false,
  REFUSED: false,
  BAD_SETTINGS: false,
} as const

export type CallErrorCode = keyof typeof retry

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

  get retryable(): boolean {
    return retry[this.code]
  }
}

/** The call's own error, which a client library may have wrapped into one of its own. */
export function callErrorIn(error: unknown): CallError | undefined {
  for (let one: unknown = error, depth = 0; one instanceof Error && depth < 8; one = one.cause, depth++) {
    if (one instanceof CallError) return one
  }
  return undefined
}
