import { CallError } from '../outward/errors.ts'
import type { ForgeSettings } from '../settings.ts'

/** Where a forge's API is, and which of its repositories is meant. */
export interface ForgeAddress {
  /** Without a slash at the end, and for GitLab and Gitea without `/api/v4` or `/api/v1`. */
  readonly apiURL: string
  /** Each part safe as a part of a path; GitLab's groups may be nested. */
  readonly repository: readonly string[]
}

type Asked = Pick<ForgeSettings, 'provider' | 'apiURL' | 'repository' | 'githubApp'>

/** Throws BAD_SETTINGS with what to write into the configuration. */
export function forgeAddress(settings: Asked, repoURL: string): ForgeAddress {
  const { provider, githubApp } = settings
  const remote = remoteOf(repoURL)
  const given = settings.apiURL ?? githubApp?.apiURL
  if (given === undefined && remote === undefined) throw missing('apiURL', repoURL)
  const apiURL = (given ?? usualApi[provider](remote?.web ?? '')).replace(/\/+$/, '').replace(version[provider], '')
  const path = settings.repository ?? remote?.path
  if (path === undefined) throw missing('repository', repoURL)
  const repository = path.split('/')
  const parts = provider === 'gitlab' ? 'group/name' : 'owner/name'
  const known = repository.every((part) => /^[\w.~-]+$/.test(part) && !/^\.+$/.test(part))
  if (!known || repository.length < 2 || (provider !== 'gitlab' && repository.length > 2)) {
    throw new CallError('BAD_SETTINGS', `spec.forge.repository: expected ${parts}, found "${path}"`)
  }
  return { apiURL, repository }
}

const version = { github: /$^/, gitlab: /\/api\/v4$/, gitea: /\/api\/v1$/ } as const

const usualApi = {
  github: (web: string) => {
    const { protocol, host } = new URL(web)
    if (host === 'github.com') return 'https://api.github.com'
    // Companies with an address of their own at GitHub; anything else is a server of theirs.
    return host.endsWith('.ghe.com') ? `https://api.${host}` : `${protocol}//${host}/api/v3`
  },
  gitlab: (web: string) => web,
  gitea: (web: string) => web,
} as const

/** Undefined: a path, or something that is no address of a server. */
function remoteOf(repoURL: string): { readonly web: string; readonly path: string } | undefined {
  const short = /^(?:[^/@]+@)?([^/:@]+):(?!\/\/)\/?(.+)$/.exec(repoURL)
  const url = URL.parse(short ? `ssh://${short[1]}/${short[2]}` : repoURL)
  if (!url || !/^(?:https?|ssh):$/.test(url.protocol) || url.hostname === '') return undefined
  // ssh has a port of its own, which is not that of the API.
  const web = url.protocol === 'ssh:' ? `https://${url.hostname}` : url.origin
  return { web, path: url.pathname.replace(/^\/+|\/+$/g, '').replace(/\.git$/, '') }
}

function missing(member: string, repoURL: string): CallError {
  const shown = repoURL.replace(/\/\/[^@/]*@/, '//***@')
  return new CallError(
    'BAD_SETTINGS',
    `spec.forge.${member}: it does not follow from the repository ${shown}; write it down`,
  )
}
