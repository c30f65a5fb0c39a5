// What annotations ask for, as lines of a backend. Who is refused or sent elsewhere comes before who is let in.
import { sha256 } from '../../base/hash.ts'
import { isToken } from './ingress-haproxy-frontend.ts'
import { isRegex, pathRegex, regexFault } from './ingress-haproxy-regex.ts'
import { conditionLines, groupFormat, literal, plainFormat, variableFormat, word } from './ingress-words.ts'
import type { Hold } from './preview-haproxy.ts'
import type { CorsOptions, IngressRoute, RouteOptions } from './table.ts'

/** Above this many s of requests a client may not be: a burst is let through. */
const rateSeconds = 5
const mostClients = '100k'

export interface OptionLines {
  /** Sections that stand before the backend. */
  readonly before: readonly string[]
  readonly lines: readonly string[]
}

/** `hold`: of a preview, whose requests may have to wait. */
export function optionLines(name: string, route: IngressRoute, httpsPort: string, hold?: Hold): OptionLines {
  const { options } = route
  const account = accountLines(name, options)
  return {
    before: account.before,
    lines: [
      ...timeoutLines(options),
      ...stickyLines(name, options),
      ...sourceLines(options),
      ...rateLines(options),
      ...corsLines(options),
      ...schemeLines(route, httpsPort),
      ...account.lines,
      ...bodyLines(options),
      ...redirectLines(options),
      ...(hold?.lines ?? []),
      ...[...rewriteLines(route), ...headerLines(options)].map((line) => (hold ? `${line} ${hold.unless}` : line)),
    ],
  }
}

/** As a server has it, in the file and in commands. */
export function serverKeywords({ backendProtocol }: RouteOptions): string {
  return { http: '', https: 'ssl verify none', h2c: 'proto h2', grpcs: 'ssl verify none alpn h2' }[backendProtocol]
}

function timeoutLines({ connectTimeoutMs, readTimeoutMs, sendTimeoutMs }: RouteOptions): string[] {
  const silence = Math.max(readTimeoutMs ?? 0, sendTimeoutMs ?? 0)
  return [
    ...(connectTimeoutMs ? [`  timeout connect ${connectTimeoutMs}ms`] : []),
    ...(silence > 0 ? [`  timeout server ${silence}ms`] : []),
  ]
}

/** The cookie is made of a pod's address and this key, so that every host and worker knows it. */
export function stickyKey(name: string, { stickyCookie }: RouteOptions): string | undefined {
  return stickyCookie && isToken(stickyCookie.name) ? sha256(name).slice(0, 16) : undefined
}

function stickyLines(name: string, options: RouteOptions): string[] {
  const key = stickyKey(name, options)
  const { name: cookie = '', maxAgeSeconds } = options.stickyCookie ?? {}
  if (key === undefined) return []
  const age = maxAgeSeconds === undefined ? '' : ` attr Max-Age=${maxAgeSeconds}`
  return [`  cookie ${cookie} insert indirect nocache httponly dynamic${age}`, `  dynamic-cookie-key ${key}`]
}

function sourceLines({ allowSources, denySources }: RouteOptions): string[] {
  return [
    ...conditionLines('denied', 'src', denySources),
    ...(denySources.length > 0 ? ['  http-request deny deny_status 403 if denied'] : []),
    ...conditionLines('allowed', 'src', allowSources),
    ...(allowSources.length > 0 ? ['  http-request deny deny_status 403 unless allowed'] : []),
  ]
}

function rateLines({ limitRequestsPerSecond: rate, limitConnections: connections }: RouteOptions): string[] {
  if (rate === undefined && connections === undefined) return []
  const deny = (what: string, limit: number) => `  http-request deny deny_status 429 if { sc0_${what} gt ${limit} }`
  return [
    `  stick-table type ipv6 size ${mostClients} expire ${rateSeconds * 2}s store http_req_rate(${rateSeconds}s),conn_cur`,
    '  http-request track-sc0 src',
    ...(rate === undefined ? [] : [deny('http_req_rate', Math.ceil(rate * rateSeconds))]),
    ...(connections === undefined ? [] : [deny('conn_cur', connections)]),
  ]
}

function corsLines({ cors }: RouteOptions): string[] {
  if (!cors) return []
  const header = (name: string, value: string) => `${name} ${value === '' ? '' : word(plainFormat(value))}`
  const allowed = '{ var(txn.cors) -m found }'
  const every = [
    ['Access-Control-Allow-Origin', cors.origins.includes('*') ? "'*'" : '%[var(txn.cors)]'],
    ...(cors.credentials ? [['Access-Control-Allow-Credentials', 'true']] : []),
    ...(cors.exposeHeaders === '' ? [] : [['Access-Control-Expose-Headers', word(plainFormat(cors.exposeHeaders))]]),
  ]
  const preflight = [
    ...(cors.methods === '' ? [] : [header('Access-Control-Allow-Methods', cors.methods)]),
    ...(cors.headers === '' ? [] : [header('Access-Control-Allow-Headers', cors.headers)]),
    `Access-Control-Max-Age ${cors.maxAgeSeconds}`,
  ].map((one) => ` hdr ${one}`)
  const asks = '{ method OPTIONS } { req.hdr(access-control-request-method) -m found }'
  return [
    ...originLines(cors),
    '  http-request set-var(txn.cors) req.hdr(origin) if known_origin',
    ...every.map(([name, value]) => `  http-after-response set-header ${name} ${value} if ${allowed}`),
    ...(cors.origins.includes('*') ? [] : ['  http-after-response add-header Vary Origin']),
    `  http-request return status 204${preflight.join('')} if ${asks} ${allowed}`,
  ]
}

/** `https://*.example.com` stands for one more label. */
function originLines({ origins }: CorsOptions): string[] {
  if (origins.includes('*')) return ['  acl known_origin req.hdr(origin) -m found']
  const texts = origins.map((origin) => literal(origin.trim().toLowerCase()).replace('\\*', '[a-z0-9-]+'))
  return conditionLines(
    'known_origin',
    'req.hdr(origin) -i -m reg',
    texts.map((text) => `^${text}$`),
  )
}

/** Who says that another proxy already speaks TLS with the client is believed where that proxy is expected. */
function schemeLines({ options: { sslRedirect, forceRedirect }, tls }: IngressRoute, httpsPort: string): string[] {
  const redirect = `http-request redirect code 308 location https://%[var(txn.host)]${httpsPort}%[pathq]`
  const isPlain = '{ var(txn.scheme) -m str http }'
  if (forceRedirect) {
    const claimed = '{ var(txn.claimed) -i -m str https }'
    return [
      `  ${redirect} if ${isPlain} !${claimed}`,
      `  http-request set-header X-Forwarded-Proto https if ${claimed}`,
    ]
  }
  return sslRedirect && tls ? [`  ${redirect} if ${isPlain}`] : []
}

/** Without anybody who could be let in, nobody is. */
function accountLines(name: string, { auth }: RouteOptions): OptionLines {
  if (!auth) return { before: [], lines: [] }
  const users = Object.entries(auth.users).map(([user, hash]) => `  user ${word(user)} password ${word(hash)}`)
  const list = `users_${name}`
  const realm = word(plainFormat(auth.realm.replaceAll(/["\\]/g, '')) || 'Authentication Required')
  return {
    before: users.length > 0 ? [`userlist ${list}`, ...users] : [],
    lines: [`  http-request auth realm ${realm}${users.length > 0 ? ` unless { http_auth(${list}) }` : ''}`],
  }
}

function bodyLines({ maxBodyBytes }: RouteOptions): string[] {
  if (!maxBodyBytes) return []
  return [`  http-request deny deny_status 413 if { req.body_size gt ${maxBodyBytes} }`]
}

const redirectCodes: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

function redirectLines({ redirect, appRoot }: RouteOptions): string[] {
  const code = redirect && redirectCodes.has(redirect.code) ? redirect.code : 302
  return [
    ...(redirect ? [`  http-request redirect code ${code} location ${word(variableFormat(redirect.target))}`] : []),
    ...(appRoot ? [`  http-request redirect code 302 location ${word(plainFormat(appRoot))} if { path / }`] : []),
  ]
}

function rewriteLines(route: IngressRoute): string[] {
  const { path, options } = route
  if (options.rewriteTarget === undefined) return []
  if (!isRegex(route)) return [`  http-request set-path ${word(plainFormat(options.rewriteTarget))}`]
  if (regexFault(path) !== undefined) return []
  return [`  http-request replace-path ${word(pathRegex(path))} ${word(groupFormat(options.rewriteTarget))}`]
}

function headerLines({ upstreamHost, requestHeaders, responseHeaders }: RouteOptions): string[] {
  const named = (headers: Readonly<Record<string, string>>) =>
    Object.entries(headers)
      .filter(([name]) => isToken(name))
      .sort(([a], [b]) => (a < b ? -1 : 1))
  const set = ([name, value]: readonly [string, string]) => `set-header ${name} ${word(variableFormat(value))}`
  return [
    ...(upstreamHost ? [`  http-request set-header Host ${word(variableFormat(upstreamHost))}`] : []),
    ...named(requestHeaders).map((header) => `  http-request ${set(header)}`),
    ...named(responseHeaders).map((header) => `  http-response ${set(header)}`),
  ]
}
