import { type HaproxySettings, nextServer } from './haproxy-base.ts'
import { certificateList } from './ingress-crt-list.ts'
import { anyHost, challengePath, lists } from './ingress-haproxy-maps.ts'
import { literal, word } from './ingress-words.ts'
import { statePath } from './node-paths.ts'
import type { IngressRoute } from './table.ts'

export const noRoute = 'ingress_none'

/** How long a client may be silent inside a request or an answer, and a pod before it answers. */
const longestSilence = '1h'

export interface Frontend {
  readonly scheme: 'http' | 'https'
  readonly port: number
}

export interface Canary {
  readonly main: string
  readonly backend: string
  readonly rule: NonNullable<IngressRoute['options']['canary']>
}

/** What is common to all of Ingress: defaults, and the answer to those whom nobody serves. */
export function commonLines(): readonly string[] {
  return [
    'defaults ingress from services',
    '  mode http',
    '  timeout http-request 1m',
    `  timeout client ${longestSilence}`,
    `  timeout server ${longestSilence}`,
    '  http-error status 502 content-type text/plain string "the answer of the pod makes no sense\\n"',
    '  http-error status 503 content-type text/plain string "no pod is ready\\n"',
    '  http-error status 504 content-type text/plain string "the pod did not answer in time\\n"',
    '',
    `backend ${noRoute} from ingress`,
    '  http-request return status 503 content-type text/plain string "not served for now\\n" if { var(txn.be) -m found }',
    '  http-request return status 404 content-type text/plain string "no Ingress serves this host and path\\n"',
  ]
}

/**
 * One port. The host is chosen first and for good, as in `chooseRoute`; then an Exact path, a regular expression, the longest Prefix, the
 * default backend of the host and that of all. A worker that is about to end hands requests on to the next one with what it knows of the
 * client.
 */
export function frontendLines(
  { scheme, port }: Frontend,
  { proxyProtocol }: Pick<HaproxySettings, 'proxyProtocol'>,
  regexes: readonly string[],
  canaries: readonly Canary[],
): readonly string[] {
  const tls = scheme === 'https' ? ` ssl crt-list ${certificateList} alpn h2,http/1.1` : ''
  const socket = `unix@${statePath}/run/ingress-${scheme}.sock`
  return [
    `frontend ingress_${scheme} from ingress`,
    `  bind *:${port}${proxyProtocol ? ' accept-proxy' : ''}${tls}`,
    `  bind ${socket} mode 600 accept-proxy`,
    ...(scheme === 'http' ? challengeLines : []),
    `  http-request set-var(txn.scheme) str(${scheme})`,
    ...forwardedLines(scheme, port),
    ...choiceLines(regexes, canaries),
    `  use_backend ingress_next_${scheme} if { stopping }`,
    '  use_backend %[var(txn.be)] if { var(txn.be) -m found }',
    `  default_backend ${noRoute}`,
    '',
    `backend ingress_next_${scheme} from ingress`,
    '  http-response set-header connection close',
    `  server ${nextServer} ${socket} send-proxy-v2`,
  ]
}

const challengeLines = [
  `  http-request set-var(txn.challenge) path,map_str(${statePath}/${lists.challenges}) if { path_beg ${challengePath} }`,
  '  http-request return status 200 content-type text/plain lf-string %[var(txn.challenge)] if { var(txn.challenge) -m found }',
]

/** What clients say of themselves is not believed, but for those before which another proxy speaks TLS. */
function forwardedLines(scheme: string, port: number): readonly string[] {
  return [
    '  http-request set-var(txn.claimed) req.hdr(x-forwarded-proto)',
    '  http-request set-header X-Forwarded-For %[src]',
    '  http-request set-header X-Real-IP %[src]',
    '  http-request set-header X-Forwarded-Host %[req.hdr(host)]',
    `  http-request set-header X-Forwarded-Port ${port}`,
    `  http-request set-header X-Forwarded-Proto ${scheme}`,
    `  http-request set-header X-Forwarded-Scheme ${scheme}`,
    `  http-request set-header X-Scheme ${scheme}`,
  ]
}

function choiceLines(regexes: readonly string[], canaries: readonly Canary[]): readonly string[] {
  const map = (kind: 'beg' | 'str', list: string) => `map_${kind}(${statePath}/${list})`
  const wildcard = word(`var(txn.host),regsub("^[^.]+","*"),${map('str', lists.hosts)}`)
  const unknown = 'if !{ var(txn.be) -m found }'
  return [
    '  http-request set-var(txn.host) req.hdr(host),field(1,:),lower,rtrim(.)',
    `  http-request set-var(txn.h) var(txn.host),${map('str', lists.hosts)}`,
    `  http-request set-var(txn.h) ${wildcard} if !{ var(txn.h) -m found }`,
    `  http-request set-var(txn.h) str(${anyHost}) if !{ var(txn.h) -m found }`,
    '  http-request set-var(txn.path) path',
    '  http-request set-var(txn.key) var(txn.h),concat(,txn.path)',
    `  http-request set-var(txn.be) var(txn.key),${map('str', lists.exact)}`,
    `  http-request set-var(txn.path) ${word('var(txn.path),regsub("/+","/",g)')} if { path_sub // }`,
    '  http-request set-var(txn.key) var(txn.h),concat(,txn.path,/)',
    ...regexes,
    `  http-request set-var(txn.be) var(txn.key),${map('beg', lists.prefix)} ${unknown}`,
    `  http-request set-var(txn.be) var(txn.h),${map('str', lists.last)} ${unknown}`,
    `  http-request set-var(txn.be) str(${anyHost}),${map('str', lists.last)} ${unknown}`,
    ...canaries.flatMap(canaryLines),
  ]
}

/** A header counts before a cookie, and both before the share of requests. */
function canaryLines({ main, backend, rule }: Canary): readonly string[] {
  const { weight, header, headerValue, cookie } = rule
  const take = `  http-request set-var(txn.be) str(${backend}) if { var(txn.be) -m str ${main} }`
  // As a text it might be an option, or the end of the condition.
  const byHeader = (value: string) => `{ req.hdr(${header}) -m reg ${word(`^${literal(value)}$`)} }`
  const byCookie = (value: string) => `{ req.cook(${cookie}) -m str ${value} }`
  const [saysHeader, saysCookie] = [isToken(header), isToken(cookie)]
  const notByHeader = saysHeader && headerValue === '' ? ` !${byHeader('never')}` : ''
  const notByCookie = saysCookie ? ` !${byCookie('never')}` : ''
  return [
    ...(saysHeader ? [`${take} ${byHeader(headerValue === '' ? 'always' : headerValue)}`] : []),
    ...(saysCookie ? [`${take} ${byCookie('always')}${notByHeader}`] : []),
    ...(weight > 0
      ? [`${take} { rand(100) lt ${Math.min(100, Math.round(weight))} }${notByHeader}${notByCookie}`]
      : []),
  ]
}

/** A name of a header or a cookie. */
export function isToken(text: string): boolean {
  return /^[A-Za-z0-9_.-]+$/.test(text)
}
