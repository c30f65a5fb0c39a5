import { describe, expect, test } from 'vitest'
import { keyOf } from '../../../src/base/key.ts'
import { listCommands } from '../../../src/runtime/network/haproxy-commands.ts'
import { type HaproxyHost, haproxyFiles, haproxyPlan } from '../../../src/runtime/network/haproxy-files.ts'
import type { BackendRow, NetworkTable, ServicePortRow, ServiceRow } from '../../../src/runtime/network/table.ts'

const settings = {
  ...{ engine: 'main', serviceCIDR: '10.96.0.0/16', ingressHttpPort: 0, ingressHttpsPort: 0, proxyProtocol: false },
}
const host: HaproxyHost = { isOpen: () => false, taken: new Set(), refusal: () => undefined }

function backend(name: string, state: BackendRow['state'] = 'ready'): BackendRow {
  return { name, pod: `shop/${name}`, host: 'a', address: '10.244.1.2', port: 8080, state }
}

function service(port: Partial<ServicePortRow>, more: Partial<ServiceRow> = {}): ServiceRow {
  return {
    ...{ key: keyOf({ namespace: 'shop', kind: 'Service', name: 'web' }), namespace: 'shop', name: 'web' },
    ...{ type: 'ClusterIP', clusterIP: '10.96.0.20', externalName: '', externalIPs: [], selector: {}, addresses: [] },
    ...{ sourceRanges: [], affinitySeconds: undefined },
    ports: [{ name: '', protocol: 'TCP', port: 80, nodePort: 0, mode: 'tcp', backends: [backend('web-0')], ...port }],
    ...more,
  }
}

function table(services: readonly ServiceRow[], more: Partial<NetworkTable> = {}): NetworkTable {
  const ingress = { routes: [], certificates: [], challenges: {} }
  return { services, ingress, policies: [], zone: 'cluster.local', ...more }
}

function file(row: ServiceRow, facts: Partial<HaproxyHost> = {}): string | undefined {
  const plan = haproxyPlan(table([row]), settings, { ...host, ...facts })
  return haproxyFiles(plan).get('haproxy/20-shop_web.cfg')
}

describe('the file of a Service', () => {
  test('tcp', () => {
    expect(file(service({}))).toMatchInlineSnapshot(`
      "frontend f_shop_web_80 from services
        mode tcp
        bind 10.96.0.20:80
        tcp-request connection reject if { nbsrv(t_shop_web_80) eq 0 } !{ stopping }
        use_backend next_tcp if { stopping }
        default_backend t_shop_web_80
      backend t_shop_web_80 from services
        mode tcp
        server web-0 10.244.1.2:8080 id 1974973837
      "
    `)
  })

  test('http, with a node port', () => {
    expect(file(service({ mode: 'http', nodePort: 30_080 }))).toMatchInlineSnapshot(`
      "frontend f_shop_web_80 from services
        mode http
        bind 10.96.0.20:80
        bind *:30080
        tcp-request connection reject if { dst 10.96.0.0/16 } !{ dst 10.96.0.20 }
        use_backend next if { stopping }
        default_backend h_shop_web_80
      backend h_shop_web_80 from services
        mode http
        option forwardfor if-none
        retry-on conn-failure empty-response
        http-request disable-l7-retry unless { method GET HEAD OPTIONS }
        http-response set-header connection close if { stopping }
        server web-0 10.244.1.2:8080 id 1974973837 pool-purge-delay 2s pool-max-conn 1000
      "
    `)
  })

  test('detect, with affinity', () => {
    expect(file(service({ mode: 'detect' }, { affinitySeconds: 600 }))).toMatchInlineSnapshot(`
      "backend a_shop_web_80 from services
        stick-table type ip size 100k expire 600s peers berth
      frontend f_shop_web_80 from services
        mode tcp
        bind 10.96.0.20:80
        unique-id-format h_shop_web_80
        tcp-request connection reject if { nbsrv(t_shop_web_80) eq 0 } !{ stopping }
        tcp-request inspect-delay 500ms
        tcp-request content set-var(sess.http) bool(true) if HTTP !{ req.payload(0,4) -m str "PRI " }
        tcp-request content set-var(sess.half) lua.half_closed if { var(sess.http) -m bool } !{ var(sess.half) -m found }
        tcp-request content switch-mode http if { var(sess.http) -m bool } !{ var(sess.half) -m bool }
        use_backend half_closed if { var(sess.http) -m bool } { var(sess.half) -m bool }
        use_backend h_shop_web_80 if { var(sess.http) -m bool }
        default_backend t_shop_web_80
      backend t_shop_web_80 from services
        mode tcp
        balance source
        hash-type consistent
        stick on src table a_shop_web_80
        server web-0 10.244.1.2:8080 id 1974973837
      backend h_shop_web_80 from services
        mode http
        option forwardfor if-none
        retry-on conn-failure empty-response
        http-request disable-l7-retry unless { method GET HEAD OPTIONS }
        http-response set-header connection close if { stopping }
        balance source
        hash-type consistent
        stick on src table a_shop_web_80
        server web-0 10.244.1.2:8080 id 1974973837 pool-purge-delay 2s pool-max-conn 1000
      "
    `)
  })

  test('a load balancer for some sources only, at an external address, too', () => {
    const more = { type: 'LoadBalancer', sourceRanges: ['192.0.2.0/24'], externalIPs: ['198.51.100.7'] } as const
    expect(file(service({}, more))).toMatchInlineSnapshot(`
      "frontend f_shop_web_80 from services
        mode tcp
        bind 10.96.0.20:80
        bind 198.51.100.7:80 transparent
        bind *:80
        tcp-request connection reject if { dst 10.96.0.0/16 } !{ dst 10.96.0.20 }
        acl in_range src -- '192.0.2.0/24'
        tcp-request connection reject if !{ dst 10.96.0.20 } !in_range !{ src_is_local }
        tcp-request connection reject if { nbsrv(t_shop_web_80) eq 0 } !{ stopping }
        use_backend next_tcp if { stopping }
        default_backend t_shop_web_80
      backend t_shop_web_80 from services
        mode tcp
        server web-0 10.244.1.2:8080 id 1974973837
      "
    `)
  })

  test.each([
    { title: 'headless', row: service({}, { clusterIP: 'None' }) },
    { title: 'another name', row: service({}, { type: 'ExternalName', clusterIP: '', ports: [] }) },
    { title: 'UDP', row: service({ protocol: 'UDP' }) },
    { title: 'carried by the kernel', row: service({ mode: 'kernel' }) },
  ])('$title: none', ({ row }) => {
    expect(file(row)).toBeUndefined()
  })
})

describe('servers', () => {
  test('are those that are ready, and those not known that are in traffic', () => {
    const backends = [backend('a'), backend('b', 'draining'), backend('c', 'unknown'), backend('d', 'unknown')]
    const text = file(service({ backends }), { isOpen: (_, server) => server === 'd' }) ?? ''
    expect([...text.matchAll(/^ {2}server (\S+)/gm)].map(([, name]) => name)).toEqual(['a', 'd'])
  })

  test('change no hash: they need no new worker', () => {
    const hash = (row: ServiceRow) => haproxyPlan(table([row]), settings, host).hash
    expect(hash(service({ backends: [] }))).toBe(hash(service({})))
    expect(hash(service({ port: 81 }))).not.toBe(hash(service({})))
  })
})

describe('ports that two want', () => {
  test('go to the first, and the other is told', () => {
    const other = service(
      { nodePort: 30_080, port: 81 },
      { key: 'shop/Service/zoo', name: 'zoo', clusterIP: '10.96.0.21' },
    )
    const { problems, parts } = haproxyPlan(table([service({ nodePort: 30_080 }), other]), settings, host)
    expect(problems).toEqual([{ key: 'shop/Service/zoo', message: 'port 30080 is taken by shop/Service/web' }])
    expect(parts.map(({ binds }) => binds.length)).toEqual([2, 1])
  })

  test('are left to another program', () => {
    const row = service({ nodePort: 30_080 })
    const { problems } = haproxyPlan(table([row]), settings, { ...host, taken: new Set(['*:30080']) })
    expect(problems).toEqual([{ key: 'shop/Service/web', message: 'port 30080 is in use on this host' }])
    expect(file(row, { taken: new Set(['*:30080']) })).not.toContain('30080')
  })
})

describe('NetworkPolicies', () => {
  const rule = (...peers: string[]) => ({ peers, except: [], ports: undefined })
  const row = (pod: string, ingress: ReturnType<typeof rule>[] | undefined, egress?: ReturnType<typeof rule>[]) => ({
    pod,
    address: `10.244.9.${pod.length}`,
    host: 'a',
    ingress,
    egress,
  })
  const lists = (rows: NetworkTable['policies'], ...backends: BackendRow[]) => {
    const { lists: found, problems } = haproxyPlan(table([service({ backends })], { policies: rows }), settings, host)
    return { lists: [...found.values()].map(({ path, entries }) => [path, ...entries.keys()]), problems }
  }

  test('let in through the Service who may reach its pods', () => {
    expect(lists([row('shop/a', [rule('10.244.3.4', '10.244.3.5')])], backend('a'))).toEqual({
      lists: [['maps/f_shop_web_80.allowed', '10.244.3.4/31']],
      problems: [],
    })
  })

  test('without what is excepted, and not at other ports', () => {
    const ingress = [
      { peers: ['10.0.0.0/30'], except: ['10.0.0.2'], ports: [{ protocol: 'TCP' as const, from: 8000, to: 9000 }] },
      { peers: ['10.1.0.0/30'], except: [], ports: [{ protocol: 'TCP' as const, from: 80, to: 80 }] },
    ]
    expect(lists([{ ...row('shop/a', []), ingress }], backend('a')).lists).toEqual([
      ['maps/f_shop_web_80.allowed', '10.0.0.0/31', '10.0.0.3/32'],
    ])
  })

  test('that let nobody in', () => {
    expect(lists([row('shop/a', [])], backend('a')).lists).toEqual([['maps/f_shop_web_80.allowed']])
  })

  test('let out to the Service who may reach its pods', () => {
    const rows = [row('shop/x', undefined, []), row('shop/yy', undefined, [rule('10.244.0.0/16')])]
    expect(lists(rows, backend('a')).lists).toEqual([['maps/f_shop_web_80.denied', '10.244.9.6']])
  })

  test('that differ among the pods are told, and the narrowest holds', () => {
    const rows = [row('shop/a', [rule('10.0.0.0/24')]), row('shop/b', [rule('10.0.0.128/25', '10.9.9.9')])]
    expect(lists(rows, backend('a'), backend('b'))).toEqual({
      lists: [['maps/f_shop_web_80.allowed', '10.0.0.128/25']],
      problems: [expect.objectContaining({ key: 'shop/Service/web' })],
    })
  })

  test('change no hash by who is in their lists', () => {
    const hash = (...peers: string[]) =>
      haproxyPlan(table([service({})], { policies: [row('shop/web-0', [rule(...peers)])] }), settings, host).hash
    expect(hash('10.0.0.1')).toBe(hash('10.0.0.2'))
  })
})

test('a word of a list ends no command, and asks for no more lines', () => {
  const before = new Map([['maps/paths', new Map([['-/a b;c\\d<<', 'x']])]])
  const commands = listCommands([{ kind: 'map', path: 'maps/paths', entries: new Map() }], before)
  expect(commands).toEqual([String.raw`del map /state/maps/paths -/a\ b\;c\\d\<\<`])
})
