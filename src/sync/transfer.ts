/** One commit to bring into a store. */
export interface TransferRequest {
  readonly gitDir: string
  /** Full name at the remote, or HEAD, or the commit id itself. */
  readonly ref: string
  /** The object that the ref names there. */
  readonly oid: string
  /** An own ref of the store whose commit the remote need not send again; without one the history is cut at depth 1. */
  readonly have: string | undefined
  /** Without `have`: all of the history, which makes a shallow store a full one. */
  readonly whole?: boolean
  /** The list of refs as received, from servers of the old protocol. */
  readonly advertisement: Buffer | undefined
  readonly maxBytes: number
  /** On the clock of `performance.now()`. */
  readonly deadline: number
}

/** How objects come from a remote into a bare store. Both backends have one. */
export interface Transfer {
  /** Makes an empty bare repository. */
  init(gitDir: string): Promise<void>
  /** Resolves to the object that came: `oid`, or a later one of the same ref. That it can be read, the caller checks. */
  bring(request: TransferRequest): Promise<string>
  close(): void
}

/** A depth that no history has: Git's own word for all of it. */
export const wholeDepth = 0x7fffffff
