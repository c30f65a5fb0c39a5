import { found } from '../../manifests/found.ts'
import { elsewhere, haproxy, nginx, traefik } from './ingress-annotations.ts'
import { type Draft, emptyDraft } from './ingress-draft.ts'
import type { RouteOptions } from './table.ts'

export interface ReadOptions {
  readonly options: RouteOptions
  /** What is wrong, naming the annotation; sorted. */
  readonly problems: readonly string[]
  /** Names of annotations that are meant for an Ingress controller and have no effect; sorted. */
  readonly ignored: readonly string[]
}

/** The values of a Secret of the Ingress's namespace as text; undefined: there is none. */
export type SecretTexts = (name: string) => Readonly<Record<string, string>> | undefined

/** A later one wins. */
const dialects = [
  ['traefik.ingress.kubernetes.io/', traefik],
  ['haproxy.org/', haproxy],
  ['ingress.kubernetes.io/', nginx],
  ['nginx.ingress.kubernetes.io/', nginx],
  ['berth.dev/', nginx],
] as const

/** What the annotations of an Ingress ask for. Where something that keeps people out is not understood, nobody is let in. */
export function routeOptions(annotations: Readonly<Record<string, string>>, secrets: SecretTexts): ReadOptions {
  const draft = emptyDraft()
  const problems: string[] = []
  const ignored: string[] = []
  for (const [prefix, setters] of dialects) {
    for (const [annotation, text] of Object.entries(annotations)) {
      if (!annotation.startsWith(prefix)) continue
      const name = annotation.slice(prefix.length)
      const setter = Object.hasOwn(setters, name) ? setters[name] : undefined
      const expected = setter?.(draft, text.trim())
      if (expected !== undefined) problems.push(`${annotation}: ${expected}, found ${found(text)}`)
      if (!setter && !(prefix === 'berth.dev/' && elsewhere.has(name))) ignored.push(annotation)
    }
  }
  const auth = authOf(draft, secrets, problems)
  return { options: finished(draft, auth), problems: problems.sort(), ignored: ignored.sort() }
}

function finished(draft: Draft, auth: RouteOptions['auth']): RouteOptions {
  const { cors, sticky, canary, permanent, temporal, rate, isTls, isHttp2, closed, auth: _, ...rest } = draft
  const { enabled: hasCors, ...corsOptions } = cors
  const redirect = permanent.target === '' ? temporal : permanent
  return {
    ...rest,
    backendProtocol: isTls ? (isHttp2 ? 'grpcs' : 'https') : isHttp2 ? 'h2c' : rest.backendProtocol,
    redirect: redirect.target === '' ? undefined : redirect,
    auth: closed ? nobody(draft) : auth,
    cors: hasCors ? corsOptions : undefined,
    stickyCookie: sticky.enabled ? { name: sticky.name, maxAgeSeconds: sticky.maxAgeSeconds } : undefined,
    limitRequestsPerSecond:
      rate.requests === 0 ? undefined : Math.max(1, Math.ceil((rate.requests * 1000) / rate.periodMs)),
    canary: canary.enabled ? canaryOf(canary) : undefined,
  }
}

/** The weight as a share of 100. */
function canaryOf({ weight, total, header, headerValue, cookie }: Draft['canary']): RouteOptions['canary'] {
  return { weight: Math.min(100, Math.round((weight * 100) / total)), header, headerValue, cookie }
}

function nobody({ auth: { realm } }: Draft): RouteOptions['auth'] {
  return { realm, users: {} }
}

function authOf(draft: Draft, secrets: SecretTexts, problems: string[]): RouteOptions['auth'] {
  const { type, secret, form, realm } = draft.auth
  if (type === undefined) return undefined
  const texts = secrets(secret)
  if (!texts) {
    const which =
      secret === '' ? 'the name of a Secret in auth-secret, found nothing' : `a Secret "${secret}", found none`
    problems.push(`basic authentication: expected ${which}`)
    return nobody(draft)
  }
  const pairs = form === 'map' ? Object.entries(texts) : passwordFile(texts.auth ?? '')
  if (pairs.length === 0) {
    const where = form === 'map' ? 'users as keys' : 'users in the key auth'
    problems.push(`basic authentication: expected ${where} of the Secret "${secret}", found none`)
  }
  const users = pairs.filter(([user, hash]) => isCheckable(user, hash.trim()))
  if (users.length < pairs.length) {
    const left = pairs.length - users.length
    const message = 'expected user names without ":" and passwords hashed by crypt or bcrypt (htpasswd -B)'
    problems.push(`basic authentication: ${message}, found ${left} others in the Secret "${secret}"`)
  }
  return { realm, users: Object.fromEntries(users.map(([user, hash]) => [user, hash.trim()])) }
}

/** Lines `user:hash`. */
function passwordFile(text: string): [string, string][] {
  return text.split('\n').flatMap((one) => {
    const entry = one.trim()
    if (entry === '' || entry.startsWith('#')) return []
    const colon = entry.indexOf(':')
    return [colon < 0 ? [entry, ''] : [entry.slice(0, colon), entry.slice(colon + 1)]]
  })
}

/** Whether the crypt of Linux knows the hash. That of `htpasswd` without -B, `$apr1$`, it does not. */
function isCheckable(user: string, hash: string): boolean {
  return (
    /^[!-9;-~]+$/.test(user) &&
    (/^\$(?:1|5|6|y|gy|2[abxy])\$[./A-Za-z0-9$=,]+$/.test(hash) || /^[./A-Za-z0-9]{13}$/.test(hash))
  )
}
