import { describe, expect, test } from 'vitest'
import { fileText, type HaproxyPart } from '../../../src/runtime/network/haproxy-part.ts'
import { type IngressHost, ingressBackends, ingressParts } from '../../../src/runtime/network/ingress-haproxy.ts'
import { emptyTable } from '../haproxy-world.ts'
import { annotated, behind, ingress, route } from '../ingress-routes.ts'

const settings = { ingressHttpPort: 80, ingressHttpsPort: 443, proxyProtocol: false }
const host: IngressHost = { isOpen: () => false, taken: new Set(), refusal: () => undefined, certificates: '1' }
const pod = { name: 'a_8080', pod: 'shop/a', host: 'local', address: '10.1.0.2', port: 8080, state: 'ready' as const }

function parts(
  table: ReturnType<typeof ingress>,
  given: Partial<IngressHost> = {},
  ports: Partial<typeof settings> = {},
) {
  return ingressParts({ ...emptyTable, ...table }, { ...settings, ...ports }, { ...host, ...given })
}

function text(found: readonly HaproxyPart[], path = ''): string {
  return found
    .filter((part) => part.path.includes(path))
    .map(fileText)
    .join('\n')
}

const entries = (found: readonly HaproxyPart[], name: string) =>
  [...(found.flatMap(({ lists }) => lists).find(({ path }) => path.endsWith(name))?.entries ?? [])].map((pair) =>
    pair.join(' -> '),
  )

test('without an Ingress there is nothing', () => {
  expect(parts(ingress([], [behind('web', pod)]))).toEqual({ parts: [], problems: [] })
})

test('routes of one Ingress that ask for the same share a backend, which outlives new paths', () => {
  const before = parts(ingress([route('web', { path: '/a' })], [behind('web', pod)]))
  const after = parts(ingress([route('web', { path: '/a' }), route('web', { path: '/b/' })], [behind('web', pod)]))
  expect(text(after.parts)).toBe(text(before.parts))
  const [first = '', second = ''] = entries(after.parts, 'prefix')
  expect(first).toMatch(/^web\.example\.com\/a\/ -> i_shop_web_\w{10}$/)
  expect(second).toBe(first.replace('/a/', '/b/'))
})

test('a pod that leaves is no server any more, and the file names its backends', () => {
  const table = ingress([route('web')], [behind('web', { ...pod, state: 'draining' })])
  expect(parts(table).parts.flatMap(({ backends }) => backends.flatMap(({ servers }) => servers))).toEqual([])
  expect([...ingressBackends({ ...emptyTable, ...table })]).toEqual([
    ['shop/Service/web 80', [expect.stringMatching(/^i_shop_web_/)]],
  ])
})

test('a pod that is not known yet stays as it is', () => {
  const table = ingress([route('web')], [behind('web', { ...pod, state: 'unknown' })])
  const servers = (isOpen: boolean) =>
    parts(table, { isOpen: () => isOpen }).parts.flatMap(({ backends }) =>
      backends.flatMap((backend) => backend.servers),
    )
  expect(servers(true)).toHaveLength(1)
  expect(servers(false)).toHaveLength(0)
})

test('a taken port is told to every Ingress, and the other one is served', () => {
  const found = parts(ingress([route('a'), route('b')], []), { taken: new Set(['*:80']) })
  expect(found.problems.map(({ key, message }) => `${key}: ${message}`)).toEqual([
    'shop/Ingress/a: port 80 (http) is in use on this host',
    'shop/Ingress/b: port 80 (http) is in use on this host',
  ])
  expect(text(found.parts).match(/bind \*:\d+/g)).toEqual(['bind *:443'])
})

test('there is no https without a certificate, and none without a port', () => {
  const table = ingress([route('a')], [])
  expect(text(parts(table, { certificates: undefined }).parts)).not.toContain('*:443')
  expect(text(parts(table, {}, { ingressHttpsPort: 0 }).parts)).not.toContain('ssl')
})

test('other certificates that only a new worker reads make another file', () => {
  const table = ingress([route('a')], [])
  expect(text(parts(table, { certificates: '2' }).parts)).not.toBe(text(parts(table).parts))
})

describe('nothing that manifests say becomes another line', () => {
  const evil = 'x\'\n  http-request allow\r\n\u0000"$HOME %[env(HOME)] #'
  const options = {
    ...annotated(),
    upstreamHost: evil,
    rewriteTarget: `/${evil}`,
    appRoot: evil,
    redirect: { code: 301, target: evil },
    requestHeaders: { 'X-Evil': evil, [evil]: 'x' },
    allowSources: [evil],
    auth: { realm: evil, users: { [evil]: evil } },
    cors: { origins: [evil], methods: evil, headers: evil, exposeHeaders: evil, credentials: true, maxAgeSeconds: 1 },
    stickyCookie: { name: evil, maxAgeSeconds: 1 },
    canary: { weight: 1, header: evil, headerValue: evil, cookie: evil },
  }

  test('of annotations', () => {
    const found = parts(ingress([route('web'), route('web', { options })], []))
    const lines = text(found.parts).split('\n')
    expect(lines.filter((line) => /^\s*http-request allow/.test(line))).toEqual([])
    expect(
      lines.filter(
        (line) => line.includes('env(HOME)') && !line.includes('%%[env(HOME)]') && !/user |src |-m reg/.test(line),
      ),
    ).toEqual([])
  })

  test('of paths', () => {
    const found = parts(ingress([route('web', { path: `/${evil}` })], []))
    expect(entries(found.parts, 'prefix')).toEqual([])
    expect(text(found.parts)).not.toContain('allow')
  })
})

describe('one Ingress takes no other one down', () => {
  const hosts = (found: readonly HaproxyPart[]) => text(found, '60-ingress').split('\n')

  test('with an expression that only HAProxy does not know: it reads it in the own file first', () => {
    const options = { ...annotated(), useRegex: true }
    const found = parts(ingress([route('web', { path: '/[]', options })], [])).parts
    expect(found.map(({ path }) => path)).toEqual([
      'haproxy/50-ingress.cfg',
      'haproxy/50-ingress_shop_web.cfg',
      'haproxy/60-ingress.cfg',
    ])
    expect(text(found, '50-ingress_')).toContain("  acl known_path path -m reg -- '(?i)^/[]'")
    const refused = parts(ingress([route('web', { path: '/[]', options })], []), { refusal: () => 'no' }).parts
    expect(text(refused, '60-ingress')).not.toContain('[]')
  })

  test('with a pattern that looks like an option or the end of a condition', () => {
    const canary = { weight: 0, header: 'X-To', headerValue: '', cookie: '' }
    const of = (headerValue: string) => [
      route('main', { host: '' }),
      route('test', { host: '', options: { ...annotated(), canary: { ...canary, headerValue } } }),
      route('any', { host: '', path: '/x.*', options: { ...annotated(), useRegex: true } }),
    ]
    const lines = ['-f', '}'].flatMap((value) => hosts(parts(ingress(of(value), [])).parts))
    expect(lines.filter((line) => / (?:'-|'\}')/.test(line.replaceAll("-- '-", '')))).toEqual([])
    expect([...new Set(lines.filter((line) => line.includes('X-To')))]).toEqual([
      expect.stringContaining("-m reg '^-f$' }"),
      expect.stringContaining("-m reg '^\\}$' }"),
    ])
  })

  test('with more sources and origins than HAProxy takes in one line', () => {
    const some = Array.from({ length: 120 }, (_, index) => `10.${index}.0.0/16`)
    const origins = some.map((_, index) => `https://a${index}.example.com`)
    const cors = { origins, methods: '', headers: '', exposeHeaders: '', credentials: true, maxAgeSeconds: 1 }
    const options = { ...annotated(), allowSources: some, denySources: some, cors }
    const lines = text(parts(ingress([route('web', { options })], [])).parts).split('\n')
    expect(Math.max(...lines.map((line) => line.trim().split(' ').length))).toBeLessThanOrEqual(64)
    expect(lines.filter((line) => /^ {2}acl allowed src /.test(line))).toHaveLength(3)
  })

  test('with a name that no file can have', () => {
    const long = 'n'.repeat(253)
    const [, own, other] = parts(ingress([route(long), route(`${long.slice(1)}x`)], [])).parts
    expect(own?.path.length).toBeLessThan(250)
    expect(own?.path).not.toBe(other?.path)
    expect(own?.backends[0]?.name.length).toBeLessThan(250)
  })
})
