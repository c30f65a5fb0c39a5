import { expect, test } from 'vitest'
import { HaproxyTraffic } from '../../src/runtime/docker/node/haproxy-traffic.ts'
import { ingressBackends } from '../../src/runtime/network/ingress-haproxy.ts'
import type { BackendRow, NetworkTable } from '../../src/runtime/network/table.ts'
import { emptyTable, service } from './haproxy-world.ts'
import { annotated, behind, ingress, route } from './ingress-routes.ts'

const old: BackendRow = {
  ...{ name: 'old_8080', pod: 'shop/old', host: 'local', address: '10.244.0.9', port: 8080, state: 'ready' },
}
const next: BackendRow = { ...old, name: 'next_8080', pod: 'shop/next', address: '10.244.0.10' }
const draining: BackendRow = { ...old, state: 'draining' }

function servers(backend: string, ...rows: readonly BackendRow[]) {
  return new Map([[backend, new Map(rows.map(({ name, address, port }) => [name, { address, port, open: true }]))]])
}

function backendOf(table: NetworkTable): string {
  return [...ingressBackends(table).values()].flat()[0] ?? ''
}

const table = (seconds: string, ...rows: readonly BackendRow[]): NetworkTable => ({
  ...emptyTable,
  ...ingress([route('web', { options: annotated({ 'proxy-connect-timeout': seconds }) })], [behind('web', ...rows)]),
})

test('a pod that leaves while its backend gets another name is out only once it has no sessions', () => {
  const traffic = new HaproxyTraffic()
  const [before, after] = [table('3', old), table('4', next, draining)]
  traffic.expect(before, 0)
  traffic.runs(servers(backendOf(before), old), [backendOf(before)])
  expect(traffic.of('shop/old', 0)).toBe('serving')
  traffic.expect(after, 1)
  expect(traffic.of('shop/old', 1), 'HAProxy was told nothing yet').toBe('draining')
  const path = `${backendOf(before)}/${old.name}`
  traffic.runs(servers(backendOf(after), next), [backendOf(before), backendOf(after)])
  traffic.closed(path, 2)
  expect(traffic.leaving).toEqual([path])
  traffic.counted(new Map([[path, 1]]), 3)
  expect(traffic.of('shop/old', 3)).toBe('draining')
  traffic.changes(3)
  traffic.counted(new Map(), 4)
  expect(traffic.changes(4)).toContain('shop/old')
  expect(traffic.of('shop/old', 4)).toBe('out')
})

test('a pod whose Service is gone drains, and whoever waits for it is told of the end', () => {
  const traffic = new HaproxyTraffic()
  const row = service('web', '10.96.0.9', { backends: [old] })
  traffic.expect({ ...emptyTable, services: [row] }, 0)
  traffic.runs(servers('t_shop_web_80', old), ['t_shop_web_80'])
  traffic.expect(emptyTable, 1)
  expect(traffic.of('shop/old', 1)).toBe('draining')
  traffic.runs(new Map(), ['t_shop_web_80'])
  traffic.closed('t_shop_web_80/old_8080', 2)
  expect(traffic.changes(2)).toEqual([])
  traffic.counted(new Map(), 3)
  expect(traffic.changes(3)).toEqual(['shop/old'])
  expect(traffic.of('shop/old', 3)).toBe('none')
})

test('nothing is kept of servers that are gone', () => {
  const traffic = new HaproxyTraffic()
  traffic.expect(table('3', draining), 0)
  const backend = backendOf(table('3', draining))
  const closed = new Map([[backend, new Map([[old.name, { address: old.address, port: old.port, open: false }]])]])
  traffic.runs(closed, [backend])
  traffic.closed(`${backend}/${old.name}`, 0)
  traffic.counted(new Map(), 1)
  traffic.closed(`${backend}/${old.name}`, 2)
  expect(traffic.leaving, 'it was counted already').toEqual([])
  traffic.runs(new Map(), [backend])
  traffic.closed(`${backend}/${old.name}`, 3)
  expect(traffic.leaving).toEqual([`${backend}/${old.name}`])
})
