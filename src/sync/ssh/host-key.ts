import { readSecretFile } from '../credentials/secret.ts'
import { GitError } from '../errors.ts'
import type { SshRemoteAddress } from '../url.ts'
import { fingerprint, type HostKey, type KnownHost, knownHost, typeOf } from './known-hosts.ts'

// SHA-1 signatures are not taken, whatever the key.
const algorithms: Readonly<Record<string, readonly string[]>> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
}

/** The keys by which one server is known. Read from the file once for each connection. */
export class Pinned {
  readonly #known: KnownHost
  readonly #file: string
  readonly #shown: string
  readonly #lookup: string

  /** Throws BAD_CREDENTIALS when the file cannot be read, HOST_KEY when it names an authority only. */
  constructor({ host, port }: SshRemoteAddress, file: string, shown: string) {
    this.#known = knownHost(readSecretFile(file, 'known hosts'), host, port)
    this.#file = file
    this.#shown = shown
    this.#lookup = port === 22 ? host : `-p ${port} ${host}`
    if (this.#known.keys.length === 0 && this.#known.authority) {
      throw this.#problem(`${file} names a @cert-authority for it, which is not supported: name the server's own key`)
    }
  }

  /** What the server may prove itself with: all that there is while none is known, so that its key can be told. */
  get algorithms(): readonly string[] {
    const types = new Set(this.#known.keys.map(({ type }) => type))
    const wanted = types.size === 0 ? Object.keys(algorithms) : [...types]
    return wanted.flatMap((type) => algorithms[type] ?? [])
  }

  /** Undefined: the key is one of those known. */
  judge(blob: Buffer): GitError | undefined {
    const { keys, revoked } = this.#known
    const found = `${typeOf(blob)} ${fingerprint(blob)}`
    const among = (list: readonly HostKey[]): boolean => list.some((key) => key.blob.equals(blob))
    if (among(revoked)) return this.#problem(`its key ${found} is marked @revoked in ${this.#file}`)
    if (among(keys)) return undefined
    if (keys.length === 0) {
      return this.#problem(
        `its key ${found} is not in ${this.#file}: compare it with what its owner says, then add the line of "ssh-keyscan ${this.#lookup}"`,
      )
    }
    return this.#problem(`its key ${found} is not the one in ${this.#file} (${this.#names()}): ${changed}`)
  }

  /** The server and we have no kind of key in common. */
  get nothingInCommon(): GitError {
    return this.#problem(`it has no key of the kind that ${this.#file} knows (${this.#names()}): ${changed}`)
  }

  #names(): string {
    return this.#known.keys.map(({ type, blob }) => `${type} ${fingerprint(blob)}`).join(', ')
  }

  #problem(words: string): GitError {
    return new GitError('HOST_KEY', this.#shown, `${this.#shown}: ${words}`)
  }
}

const changed =
  'somebody may be in between; if the server has a new key, compare it with what its owner says and replace the line'
