import type { Draft } from './ingress-draft.ts'
import {
  flag,
  headers,
  host,
  line,
  origins,
  path,
  place,
  type Read,
  type Reader,
  sizeBytes,
  sources,
  timeMs,
  token,
  whole,
  word,
} from './ingress-values.ts'

/** Puts what an annotation says into the draft; answers what was expected where it says something else. */
type Setter = (draft: Draft, text: string) => string | undefined

function set<T>(reader: Reader<T>, put: (draft: Draft, value: T) => void): Setter {
  return (draft, text) => {
    const read: Read<T> = reader(text)
    if ('expected' in read) return read.expected
    put(draft, read.value)
    return undefined
  }
}

/** As `set`, of what keeps people out: a mistake in it must not let them in. */
function guard<T>(reader: Reader<T>, put: (draft: Draft, value: T) => void): Setter {
  const setter = set(reader, put)
  return (draft, text) => {
    const expected = setter(draft, text)
    if (expected !== undefined) draft.closed = true
    return expected
  }
}

const refused: Setter = (draft) => {
  draft.closed = true
  return 'not supported by this version of berth: expected nothing'
}

const allow = guard(sources, (draft, value) => {
  draft.allowSources = [...draft.allowSources, ...value]
})
const deny = guard(sources, (draft, value) => {
  draft.denySources = [...draft.denySources, ...value]
})
const secretName = guard<string>(
  (text) => (/^[a-z0-9.-]+$/.test(text) ? { value: text } : { expected: 'expected a Secret of the same namespace' }),
  ({ auth }, value) => {
    auth.secret = value
  },
)
const realm = set(line, ({ auth }, value) => {
  auth.realm = value
})
const code = whole(300, 308)
const seconds = whole(0, 999_999_999)
const protocols = word({ http: 'http', https: 'https', grpc: 'h2c', grpcs: 'grpcs', h2c: 'h2c' } as const)

/** By the part of the name behind the prefix: those of the NGINX controller, and Berth's own. */
export const nginx: Readonly<Record<string, Setter>> = {
  'allowlist-source-range': allow,
  'app-root': set(path, (draft, value) => (draft.appRoot = value)),
  affinity: set(word({ cookie: true }), ({ sticky }, value) => (sticky.enabled = value)),
  'auth-realm': realm,
  'auth-secret': secretName,
  'auth-secret-type': guard(word({ 'auth-file': 'file', 'auth-map': 'map' } as const), ({ auth }, value) => {
    auth.form = value
  }),
  'auth-tls-secret': refused,
  'auth-type': guard(word({ basic: 'basic' } as const), ({ auth }, value) => (auth.type = value)),
  'auth-url': refused,
  'backend-protocol': set(protocols, (draft, value) => (draft.backendProtocol = value)),
  canary: set(flag, ({ canary }, value) => (canary.enabled = value)),
  'canary-by-cookie': set(token, ({ canary }, value) => (canary.cookie = value)),
  'canary-by-header': set(token, ({ canary }, value) => (canary.header = value)),
  'canary-by-header-value': set(line, ({ canary }, value) => (canary.headerValue = value)),
  'canary-weight': set(seconds, ({ canary }, value) => (canary.weight = value)),
  'canary-weight-total': set(whole(1, 1_000_000), ({ canary }, value) => (canary.total = value)),
  'cors-allow-credentials': set(flag, ({ cors }, value) => (cors.credentials = value)),
  'cors-allow-headers': set(line, ({ cors }, value) => (cors.headers = value)),
  'cors-allow-methods': set(line, ({ cors }, value) => (cors.methods = value)),
  'cors-allow-origin': guard(origins, ({ cors }, value) => (cors.origins = value)),
  'cors-expose-headers': set(line, ({ cors }, value) => (cors.exposeHeaders = value)),
  'cors-max-age': set(seconds, ({ cors }, value) => (cors.maxAgeSeconds = value)),
  'denylist-source-range': deny,
  'enable-cors': set(flag, ({ cors }, value) => (cors.enabled = value)),
  'force-ssl-redirect': set(flag, (draft, value) => (draft.forceRedirect = value)),
  'limit-connections': set(whole(1, 1_000_000), (draft, value) => (draft.limitConnections = value)),
  'limit-rpm': set(whole(1, 60_000_000), ({ rate }, value) =>
    Object.assign(rate, { requests: value, periodMs: 60_000 }),
  ),
  'limit-rps': set(whole(1, 1_000_000), ({ rate }, value) => Object.assign(rate, { requests: value, periodMs: 1000 })),
  'permanent-redirect': set(place, ({ permanent }, value) => (permanent.target = value)),
  'permanent-redirect-code': set(code, ({ permanent }, value) => (permanent.code = value)),
  'proxy-body-size': set(sizeBytes, (draft, value) => (draft.maxBodyBytes = value)),
  'proxy-connect-timeout': set(timeMs, (draft, value) => (draft.connectTimeoutMs = value)),
  'proxy-read-timeout': set(timeMs, (draft, value) => (draft.readTimeoutMs = value)),
  'proxy-send-timeout': set(timeMs, (draft, value) => (draft.sendTimeoutMs = value)),
  'rewrite-target': set(path, (draft, value) => {
    draft.rewriteTarget = value
    if (/\$\d/.test(value)) draft.useRegex = true
  }),
  'secure-backends': set(flag, (draft, value) => (draft.isTls = value)),
  'session-cookie-expires': set(seconds, ({ sticky }, value) => (sticky.maxAgeSeconds ??= value)),
  'session-cookie-max-age': set(seconds, ({ sticky }, value) => (sticky.maxAgeSeconds = value)),
  'session-cookie-name': set(token, ({ sticky }, value) => (sticky.name = value)),
  'ssl-redirect': set(flag, (draft, value) => (draft.sslRedirect = value)),
  'temporal-redirect': set(place, ({ temporal }, value) => (temporal.target = value)),
  'temporal-redirect-code': set(code, ({ temporal }, value) => (temporal.code = value)),
  'upstream-vhost': set(host, (draft, value) => (draft.upstreamHost = value)),
  'use-regex': set(flag, (draft, value) => (draft.useRegex = value)),
  'whitelist-source-range': allow,
  'x-forwarded-prefix': set(line, (draft, value) => {
    draft.requestHeaders = { ...draft.requestHeaders, 'X-Forwarded-Prefix': value }
  }),
}

export const haproxy: Readonly<Record<string, Setter>> = {
  'allow-list': allow,
  'auth-realm': realm,
  'auth-secret': guard(
    (text) => (/^[a-z0-9.-]+$/.test(text) ? { value: text } : { expected: 'expected a Secret of the same namespace' }),
    ({ auth }, value: string) => Object.assign(auth, { secret: value, form: 'map' }),
  ),
  'auth-type': guard(word({ 'basic-auth': 'basic' } as const), ({ auth }, value) => (auth.type = value)),
  blacklist: deny,
  'cookie-persistence': set(token, ({ sticky }, value) => Object.assign(sticky, { enabled: true, name: value })),
  'cors-allow-credentials': set(flag, ({ cors }, value) => (cors.credentials = value)),
  'cors-allow-headers': set(line, ({ cors }, value) => (cors.headers = value)),
  'cors-allow-methods': set(line, ({ cors }, value) => (cors.methods = value)),
  'cors-allow-origin': guard(origins, ({ cors }, value) => (cors.origins = value)),
  'cors-enable': set(flag, ({ cors }, value) => (cors.enabled = value)),
  'cors-max-age': set(timeMs, ({ cors }, value) => (cors.maxAgeSeconds = Math.ceil(value / 1000))),
  'deny-list': deny,
  'path-rewrite': set(path, (draft, value) => (draft.rewriteTarget = value)),
  'rate-limit-period': set(timeMs, ({ rate }, value) => (rate.periodMs = Math.max(1, value))),
  'rate-limit-requests': set(whole(1, 60_000_000), ({ rate }, value) => (rate.requests = value)),
  'request-set-header': set(headers, (draft, value) => {
    draft.requestHeaders = { ...draft.requestHeaders, ...value }
  }),
  'response-set-header': set(headers, (draft, value) => {
    draft.responseHeaders = { ...draft.responseHeaders, ...value }
  }),
  'server-proto': set(word({ h1: false, h2: true }), (draft, value) => (draft.isHttp2 = value)),
  'server-ssl': set(flag, (draft, value) => (draft.isTls = value)),
  'set-host': set(host, (draft, value) => (draft.upstreamHost = value)),
  'ssl-redirect': set(flag, (draft, value) => (draft.sslRedirect = value)),
  'timeout-connect': set(timeMs, (draft, value) => (draft.connectTimeoutMs = value)),
  'timeout-server': set(timeMs, (draft, value) => (draft.readTimeoutMs = value)),
  whitelist: allow,
}

export const traefik: Readonly<Record<string, Setter>> = {
  affinity: set(flag, ({ sticky }, value) => (sticky.enabled = value)),
  'app-root': set(path, (draft, value) => (draft.appRoot = value)),
  'service.serversscheme': set(protocols, (draft, value) => (draft.backendProtocol = value)),
  'service.sticky.cookie': set(flag, ({ sticky }, value) => (sticky.enabled = value)),
  'service.sticky.cookie.maxage': set(seconds, ({ sticky }, value) => (sticky.maxAgeSeconds = value)),
  'service.sticky.cookie.name': set(token, ({ sticky }, value) => (sticky.name = value)),
  'session-cookie-name': set(token, ({ sticky }, value) => (sticky.name = value)),
  'whitelist-source-range': allow,
}

/** Of Berth's own annotations those that say nothing of a route. */
export const elsewhere: ReadonlySet<string> = new Set(['wave', 'on-config-change', 'service-mode', 'serve', 'acme'])
