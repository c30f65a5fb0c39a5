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
