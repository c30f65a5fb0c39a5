import type { Credentials, SyncTimeouts } from '../port.ts'
import { AppToken } from './github-app.ts'
import { badCredentials, basicAuthorization, readSecret } from './secret.ts'
import { readTrust, type Trust } from './trust.ts'

/** What a remote over HTTP is shown, and what it has to show. Files and variables are read at each use. */
export class HttpCredentials {
  readonly #credentials: Credentials
  readonly #app: AppToken | undefined

  constructor(credentials: Credentials, timeouts: SyncTimeouts, signal: AbortSignal) {
    const { githubApp } = credentials
    this.#credentials = credentials
    this.#app = githubApp && new AppToken(githubApp, { timeouts, signal, trust: () => this.trust() })
  }

  /** Value of the header; undefined: no credentials. Throws BAD_CREDENTIALS, and what asking GitHub for a token ends with. */
  async authorization(deadline: number): Promise<string | undefined> {
    const { ssh } = this.#credentials
    if (ssh) throw badCredentials(ssh.keyFile, 'an ssh key is for ssh:// addresses: name a secret for https://')
    const secret = this.#app ? await this.#app.get(deadline) : readSecret(this.#credentials)
    return secret === undefined ? undefined : basicAuthorization(secret)
  }

  /** After a refusal: whether another token can be had. */
  renew(): boolean {
    return this.#app?.forget() ?? false
  }

  /** Undefined: that of the system. Throws BAD_CREDENTIALS. */
  trust(): Trust | undefined {
    const { caFile } = this.#credentials
    return caFile === undefined ? undefined : readTrust(caFile)
  }
}
