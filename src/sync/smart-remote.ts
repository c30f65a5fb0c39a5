/** What a Git server offers: giving objects, and taking them. */
export type Service = 'git-upload-pack' | 'git-receive-pack'

export interface Asking {
  readonly service: Service
  /** Asks for protocol 2; a server that does not know it answers as ever. Only for upload-pack. */
  readonly version2?: boolean
  readonly maxBytes: number
  /** On the clock of `performance.now()`. */
  readonly deadline: number
}

/** One remote repository and its conversation in Git's "smart" protocol, whatever carries it. All methods throw GitError. */
export interface SmartRemote {
  /** Safe to print: whom errors speak of. */
  readonly host: string
  /** What the server says first, whole: refs and capabilities, after an optional line `# service=…` and a flush; as packets. */
  advertise(asking: Asking): Promise<Buffer>
  /** Sends one request (all that the client has to say) and gives the whole answer. Nothing is remembered between two of them. */
  exchange(asking: Asking & { readonly body: Uint8Array }): Promise<Buffer>
}
