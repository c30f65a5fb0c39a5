/** Whether it is worth trying again without anything having changed. */
const retry = {
  NAME_TAKEN: false,
  NO_SUCH_IMAGE: true,
  NO_SUCH_CONTAINER: true,
  NO_SUCH_NETWORK: true,
  PORT_TAKEN: true,
  SUBNET_TAKEN: true,
  NO_SUCH_VOLUME: true,
  VOLUME_IN_USE: true,
  VOLUME_REFUSED: true,
  START_FAILED: true,
  REFUSED: false,
  HOST_UNREACHABLE: true,
  ENGINE_ERROR: true,
} as const

export type RuntimeErrorCode = keyof typeof retry

/** A host's engine did not do what it was asked. `subject` names the container, network or image. */
export class RuntimeError extends Error {
  override readonly name = 'RuntimeError'
  readonly code: RuntimeErrorCode
  readonly subject: string

  constructor(code: RuntimeErrorCode, subject: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.subject = subject
  }

  get retryable(): boolean {
    return retry[this.code]
  }
}
