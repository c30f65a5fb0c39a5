// How an Application speaks with Git and with the forge around it: credentials, signatures, rollback, reports.
import { parseDuration } from '../base/duration.ts'
import { found } from './found.ts'
import type { Path } from './position.ts'
import { type Review, reportFault } from './review.ts'
import type {
  Application,
  ApplicationCredentials,
  ApplicationForge,
  ApplicationGitHubApp,
  ApplicationRollback,
  ApplicationVerify,
} from './types.ts'

/** At most one of a token, an app and an ssh key. Files and variables are read again at each use. */
export interface CredentialsConfig {
  /** File with `token` or `user:password`. */
  readonly secretFile: string | undefined
  /** Environment variable with the same. */
  readonly secretEnv: string | undefined
  readonly githubApp: GitHubAppConfig | undefined
  readonly ssh: SshConfig | undefined
  /** Certificates (PEM) by which the server is trusted, besides those of the system. */
  readonly caFile: string | undefined
}

export interface GitHubAppConfig {
  readonly appId: string
  readonly installationId: string
  readonly privateKeyFile: string
  /** Undefined: that of github.com. */
  readonly apiURL: string | undefined
}

export interface SshConfig {
  readonly keyFile: string
  readonly passphraseFile: string | undefined
  readonly knownHostsFile: string
}

/** Whose signature a commit must bear to be applied. */
export interface VerifyConfig {
  readonly mode: 'head'
  /** Each an absolute path of a file, or a public key itself: a line of ssh, or an armored OpenPGP block. */
  readonly keys: readonly string[]
}

export interface RollbackConfig {
  readonly onFailure: 'off' | 'revert' | 'pullRequest'
  /** How long a commit must have been healthy before it is one to go back to; a failure before that is the commit's own. */
  readonly observeMs: number
  /** ssh key (ed25519, RSA or ECDSA) that signs the commits that Berth writes; undefined: unsigned. */
  readonly signingKeyFile: string | undefined
  readonly author: { readonly name: string; readonly email: string }
}

/** Where commit statuses, deployments and pull requests are. */
export interface ForgeConfig {
  readonly provider: 'github' | 'gitlab' | 'gitea'
  /** Undefined: follows from the repository's address. */
  readonly apiURL: string | undefined
  /** `owner/name`; undefined: follows from the repository's address. */
  readonly repository: string | undefined
  readonly tokenFile: string | undefined
  readonly tokenEnv: string | undefined
  readonly githubApp: GitHubAppConfig | undefined
  readonly caFile: string | undefined
  readonly statuses: boolean
  readonly deployments: boolean
  readonly environment: string
}

export interface DeliveryConfig {
  readonly credentials: CredentialsConfig
  readonly verify: VerifyConfig | undefined
  readonly rollback: RollbackConfig
  readonly forge: ForgeConfig | undefined
  /** Whether the outcome of each commit is written as a Git note. */
  readonly notes: boolean
}

export const noCredentials: CredentialsConfig = {
  secretFile: undefined,
  secretEnv: undefined,
  githubApp: undefined,
  ssh: undefined,
  caFile: undefined,
}

const defaultAuthor = { name: 'Berth', email: 'berth@localhost' }

export const noRollback: RollbackConfig = {
  onFailure: 'off',
  observeMs: 60_000,
  signingKeyFile: undefined,
  author: defaultAuthor,
}

export function deliveryConfig({ spec }: Application, review: Review): DeliveryConfig {
  const { source, rollback, forge, report } = spec
  return {
    credentials: source.credentials ? credentialsConfig(source.credentials, review) : noCredentials,
    verify: source.verify && verifyConfig(source.verify, review),
    rollback: rollbackConfig(rollback, forge !== undefined, review),
    forge: forge && forgeConfig(forge, review),
    notes: report.notes,
  }
}

function credentialsConfig(credentials: ApplicationCredentials, review: Review): CredentialsConfig {
  const at = ['spec', 'source', 'credentials']
  const { secretFile, secretEnv, githubApp, sshKeyFile, sshPassphraseFile, knownHostsFile, caFile } = credentials
  oneOf({ secretFile, secretEnv, githubApp, sshKeyFile }, 'at most', at, review)
  reviewFiles({ secretFile, sshKeyFile, sshPassphraseFile, knownHostsFile, caFile }, at, review)
  reviewVariable(secretEnv, [...at, 'secretEnv'], review)
  if (sshKeyFile === undefined) {
    for (const [name, value] of Object.entries({ sshPassphraseFile, knownHostsFile })) {
      if (value !== undefined) review.problem([...at, name], `expected sshKeyFile beside it, found ${found(undefined)}`)
    }
  } else if (knownHostsFile === undefined) {
    review.problem(
      [...at, 'knownHostsFile'],
      'expected the keys of the server, as for ssh (known_hosts), found nothing',
    )
  }
  return {
    ...{ secretFile, secretEnv, caFile },
    githubApp: githubApp && gitHubApp(githubApp, [...at, 'githubApp'], review),
    ssh:
      sshKeyFile === undefined || knownHostsFile === undefined
        ? undefined
        : { keyFile: sshKeyFile, passphraseFile: sshPassphraseFile, knownHostsFile },
  }
}

function gitHubApp(app: ApplicationGitHubApp, at: Path, review: Review): GitHubAppConfig {
  const { appId, installationId, privateKeyFile, apiURL } = app
  for (const [name, value] of Object.entries({ appId, installationId })) {
    if (!/^\d{1,18}$/.test(String(value)))
      review.problem([...at, name], `expected the number that GitHub shows, found ${found(value)}`)
  }
  reviewFiles({ privateKeyFile }, at, review)
  reviewAddress(apiURL, [...at, 'apiURL'], review)
  return { appId: String(appId), installationId: String(installationId), privateKeyFile, apiURL }
}

function verifyConfig({ mode, keys }: ApplicationVerify, review: Review): VerifyConfig {
  if (keys.length === 0)
    review.problem(['spec', 'source', 'verify', 'keys'], 'expected at least one public key, found none')
  for (const [index, key] of keys.entries()) {
    const known =
      /^(?:\/.|(?:ssh|ecdsa|sk-ssh|sk-ecdsa)-\S+ [A-Za-z0-9+/]+={0,2}(?: |$)|-----BEGIN PGP PUBLIC KEY BLOCK-----)/
    if (!known.test(key.trim())) {
      const wanted = 'an absolute path, a line "ssh-ed25519 AAAA…" or an armored OpenPGP public key'
      review.problem(['spec', 'source', 'verify', 'keys', index], `expected ${wanted}, found ${found(key)}`)
    }
  }
  return { mode, keys }
}

function rollbackConfig(rollback: ApplicationRollback, hasForge: boolean, review: Review): RollbackConfig {
  const at = ['spec', 'rollback']
  const { observe, signingKeyFile, author } = rollback
  // Unquoted, `off` is false.
  const onFailure = rollback.onFailure === false ? 'off' : rollback.onFailure
  if (onFailure === 'pullRequest' && !hasForge) {
    review.problem([...at, 'onFailure'], 'expected spec.forge for pullRequest, found none')
  }
  const observeMs = parseDuration(observe)
  if (observeMs === undefined) {
    review.problem([...at, 'observe'], `expected a duration like "30s" or "5m", found ${found(observe)}`)
  }
  reviewFiles({ signingKeyFile }, at, review)
  if (author && /[<>\n]/.test(author.name + author.email)) {
    review.problem([...at, 'author'], 'expected a name and an address without <, > and line breaks')
  }
  return {
    onFailure: onFailure === 'revert' || onFailure === 'pullRequest' ? onFailure : 'off',
    observeMs: observeMs ?? 0,
    signingKeyFile,
    author: author ?? defaultAuthor,
  }
}

function forgeConfig(forge: ApplicationForge, review: Review): ForgeConfig {
  const at = ['spec', 'forge']
  const { provider, apiURL, repository, tokenFile, tokenEnv, githubApp, caFile } = forge
  const { statuses, deployments, environment } = forge
  oneOf({ tokenFile, tokenEnv, githubApp }, 'exactly', at, review)
  reviewFiles({ tokenFile, caFile }, at, review)
  reviewVariable(tokenEnv, [...at, 'tokenEnv'], review)
  reviewAddress(apiURL, [...at, 'apiURL'], review)
  if (githubApp && provider !== 'github')
    review.problem([...at, 'githubApp'], `expected provider github, found ${found(provider)}`)
  if (deployments && provider !== 'github') {
    review.problem([...at, 'deployments'], `expected provider github for deployments, found ${found(provider)}`)
  }
  if (repository !== undefined && !/^[^/\s]+(?:\/[^/\s]+)+$/.test(repository)) {
    review.problem([...at, 'repository'], `expected owner/name, found ${found(repository)}`)
  }
  return {
    ...{ provider, apiURL, repository, tokenFile, tokenEnv, caFile, statuses, deployments, environment },
    githubApp: githubApp && gitHubApp(githubApp, [...at, 'githubApp'], review),
  }
}

function oneOf(
  members: Readonly<Record<string, unknown>>,
  amount: 'at most' | 'exactly',
  at: Path,
  review: Review,
): void {
  const given = Object.keys(members).filter((name) => members[name] !== undefined)
  if (given.length === 1 || (given.length === 0 && amount === 'at most')) return
  const names = Object.keys(members).join(', ')
  review.problem(at, `expected ${amount} one of ${names}, found ${given.length === 0 ? 'none' : given.join(', ')}`)
}

function reviewFiles(files: Readonly<Record<string, string | undefined>>, at: Path, review: Review): void {
  for (const [name, path] of Object.entries(files)) {
    if (path !== undefined && !path.startsWith('/')) {
      review.problem([...at, name], `expected an absolute path, found ${found(path)}`)
    }
  }
}

export function reviewVariable(name: string | undefined, at: Path, review: Review): void {
  const fault =
    name === undefined || /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)
      ? undefined
      : 'expected the name of an environment variable'
  reportFault(review, at, fault, found(name))
}

export function reviewAddress(address: string | undefined, at: Path, review: Review): void {
  if (address === undefined) return
  const url = URL.parse(address)
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) {
    review.problem(
      at,
      `expected an address like "https://git.example.com" without credentials, found ${found(address)}`,
    )
  }
}
