import { expect, test } from 'vitest'
import { keyOf } from '../../../src/base/key.ts'
import { haproxyFiles, haproxyPlan } from '../../../src/runtime/network/haproxy-files.ts'
import { readUses } from '../../../src/runtime/network/preview-haproxy.ts'
import type { BackendRow, IngressRoute, PolicyRow, ServiceRow } from '../../../src/runtime/network/table.ts'
import { emptyTable, service } from '../haproxy-world.ts'
import { annotated, behind, ingress, route } from '../ingress-routes.ts'

const settings = {
  ...{ engine: 'test', serviceCIDR: '10.96.0.0/16', proxyProtocol: false },
  ...{ ingressHttpPort: 80, ingressHttpsPort: 443 },
}
const host = { isOpen: () => false, taken: new Set<string>(), refusal: () => undefined, certificates: '1' }
const pod: BackendRow = {
  ...{ name: 'a_8080', pod: 'shop/a', host: 'local', address: '10.1.0.2', port: 8080, state: 'ready' },
}
const previewPod = { ...pod, pod: 'shop-pr-7/a', address: '10.1.1.2' }
const key = (kind: string) => keyOf({ namespace: 'shop-pr-7', kind, name: 'web' })
const options = annotated({ 'rewrite-target': '/', 'auth-type': 'basic', 'auth-secret': 'users' })
const previewRoute = (backend: IngressRoute = route('web', { host: 'pr-7.example.com', options })) => ({
  ...backend,
  ...{ ingress: key('Ingress'), backend: { service: key('Service'), port: 80 } },
})
const previewService = (row: ServiceRow = behind('web', previewPod)) => ({
  ...row,
  ...{ key: key('Service'), namespace: 'shop-pr-7' },
})

function plan(rest: string | undefined, last: BackendRow = previewPod, policies: readonly PolicyRow[] = []) {
  const production = [behind('web', pod), service('node', '10.96.0.7', { nodePort: 30_007, backends: [pod] })]
  const inside = service('node', '10.96.0.8', { nodePort: 30_008, backends: [last] })
  const services = [...production, previewService(behind('web', last)), { ...previewService(inside), name: 'node' }]
  const previews = rest === undefined ? {} : { previews: new Map([['shop-pr-7', rest]]) }
  const table = { ...emptyTable, ...ingress([route('web'), previewRoute()], services), ...previews, policies }
  return haproxyPlan(table, settings, host)
}

function file(found: ReturnType<typeof plan>, end: string): string {
  return [...haproxyFiles(found)].find(([path]) => path.endsWith(end))?.[1] ?? ''
}

test('what is said of production is the same with previews and without, but for the lists of who is denied', () => {
  const production = (found: ReturnType<typeof plan>) =>
    [...haproxyFiles(found)]
      .filter(([path]) => !/pr-7|previews|00-base|denied/.test(path))
      .map(([path, text]) => [path, text.replace(/.* reject if \{ src -f .*denied \}\n/, '')])
  expect(production(plan('hold'))).toEqual(production(plan(undefined)))
  expect(file(plan(undefined), '20-shop_node.cfg')).not.toContain('denied')
  expect(file(plan('hold'), '50-ingress_shop_web.cfg')).not.toMatch(/hold|track/)
})

test('policies of pods that come and go need no new worker', () => {
  const rule = { peers: ['10.1.1.0/26'], except: [], ports: undefined }
  const row: PolicyRow = {
    ...{ pod: 'shop-pr-7/a', address: '10.1.1.2', host: 'local', ingress: [rule], egress: [rule] },
  }
  const [before, after] = [plan(''), plan('', previewPod, [row])]
  expect(after.hash).toBe(before.hash)
  const lists = (found: typeof after) => [...found.lists].map(([path, { entries }]) => [path, ...entries.keys()])
  expect(lists(before)).toEqual(
    expect.arrayContaining([['maps/f_shop_node_80.denied'], ['maps/f_shop-pr-7_node_80.allowed', '0.0.0.0/0']]),
  )
  expect(lists(after)).toEqual(
    expect.arrayContaining([
      ['maps/f_shop_node_80.denied', '10.1.1.2'],
      ['maps/f_shop-pr-7_node_80.allowed', '10.1.1.0/26'],
    ]),
  )
})

test('to fall asleep and to wake needs no new worker', () => {
  const hashes = ['', 'hold', 'it was put to sleep'].map((rest) => plan(rest).hash)
  expect(new Set(hashes).size).toBe(1)
  expect(file(plan('hold'), 'previews.rest')).toBe('shop-pr-7 hold\n')
  expect(file(plan('it was\n  put to sleep'), 'previews.rest')).toBe('shop-pr-7 it was put to sleep\n')
  expect(file(plan(''), 'previews.rest')).toBe('')
})

test('a request waits once it is let in, and before it is rewritten', () => {
  const lines = file(plan('hold'), '50-ingress_shop-pr-7_web.cfg').split('\n')
  const at = (words: string) => lines.findIndex((line) => line.includes(words))
  expect(lines.filter((line) => line.includes('lua.hold'))).toEqual([
    expect.stringMatching(/^ {2}http-request lua\.hold shop-pr-7 i_shop-pr-7_web_\w{10} if /),
  ])
  expect(at('http-request auth')).toBeGreaterThan(0)
  expect(at('track-sc1')).toBeGreaterThan(at('http-request auth'))
  expect(at('set-path')).toBeGreaterThan(at('lua.hold'))
  expect(lines[at('set-path')]).toMatch(/ unless \{ var\(txn\.held\) -m str again \}$/)
})

test('the last pod of a preview that falls asleep takes no new requests, that of an awake one does', () => {
  const servers = (rest: string) =>
    [...plan(rest, { ...previewPod, state: 'last' }).backends]
      .filter(([name]) => name.startsWith('i_shop-pr-7'))
      .flatMap((backend) => backend[1].servers)
  expect(servers('')).toHaveLength(1)
  expect(servers('hold')).toHaveLength(0)
})

test('node ports of previews are counted, those of production are not', () => {
  expect(file(plan('hold'), '20-shop-pr-7_node.cfg')).toContain(
    '  tcp-request connection track-sc1 str(shop-pr-7) table preview_use if { dst_port 30008 }\n',
  )
  expect(file(plan('hold'), '20-shop_node.cfg')).not.toContain('track')
})

test('who comes through a node port is held, who comes from within is refused, and in production all are', () => {
  const inside = file(plan('hold'), '20-shop-pr-7_node.cfg').split('\n')
  expect(inside.filter((line) => /nbsrv|held/.test(line))).toEqual([
    '  tcp-request connection reject if { nbsrv(t_shop-pr-7_node_80) eq 0 } !{ stopping } !{ dst_port 30008 }',
    expect.stringMatching(
      /^ {2}tcp-request connection reject if \{ nbsrv.* !\{ stopping } !\{ str\(shop-pr-7\),map_str/,
    ),
    expect.stringMatching(/^ {2}tcp-request content reject if \{ dst_port 30008 } .* gt 100 }$/),
    expect.stringMatching(/^ {2}tcp-request content lua\.hold shop-pr-7 t_shop-pr-7_node_80 if \{ dst_port 30008 } /),
    '  tcp-request content reject if { var(txn.held) -m found }',
  ])
  expect(file(plan('hold'), '20-shop_node.cfg')).toContain('reject if { nbsrv(t_shop_node_80) eq 0 } !{ stopping }\n')
  expect(file(plan('hold'), '20-shop_node.cfg')).not.toMatch(/lua|30007 }/)
  // A Service that nobody reaches from the outside.
  expect(file(plan('hold'), '20-shop-pr-7_web.cfg')).not.toMatch(/lua|map_str/)
})

test('when previews were last used is read from all workers', () => {
  const text = `# table: preview_use, type: string, size:10240, used:2
0x7fd150042c48: key=shop-pr-1 use=3 exp=600000 conn_cur=3
0x7fd150042d48: key=shop-pr-2 use=0 exp=590000 conn_cur=0

# table: preview_use, type: string, size:10240, used:2
0x7fd150042c48: key=shop-pr-2 use=0 exp=599000 conn_cur=0
0x7fd150042d48: key=shop-pr-3 use=0 exp=1 conn_cur=0
`
  expect([...readUses(text)]).toEqual([
    ['shop-pr-1', 0],
    ['shop-pr-2', 1000],
    ['shop-pr-3', 599_999],
  ])
  expect(readUses('(no answer)\n').size).toBe(0)
})
