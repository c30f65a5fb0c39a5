import { describe, expect, test } from 'vitest'
import type { Service } from '../../../src/manifests/types.ts'
import type { ServicePod } from '../../../src/runtime/network/endpoints.ts'
import { ServiceRows } from '../../../src/runtime/network/service-rows.ts'
import { podSpec } from '../../reconcile/plan/world.ts'

const allocation = { clusterIP: '10.96.0.20', nodePorts: {} }

function service(name: string, spec: Partial<Service['spec']> = {}): Service {
  const ports = [{ port: 80, protocol: 'TCP' as const, targetPort: 8080 }]
  const all = { type: 'ClusterIP' as const, sessionAffinity: 'None' as const, selector: { app: name }, ports, ...spec }
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'shop' }, spec: all }
}

function pod(name: string, app: string, more: Partial<ServicePod> = {}): ServicePod {
  const labels = { app, tier: 'front' }
  const facts = {
    name,
    host: 'a',
    labels,
    address: '10.244.1.2',
    hostname: undefined,
    spec: podSpec({ containers: [] }),
  }
  return { ...facts, ready: true, leaving: false, finished: false, ...more }
}

function facts(services: readonly Service[], pods: readonly ServicePod[]) {
  return { services, pods, endpoints: [], slices: [], allocation: () => allocation }
}

describe('the rows of a namespace', () => {
  const services = [service('web'), service('api')]
  const web = pod('web-0', 'web')
  const api = pod('api-0', 'api')

  test('are others only where a pod of theirs changed', () => {
    const rows = new ServiceRows()
    expect(rows.renew(facts(services, [web, api]))).toBe(true)
    const [webRow, apiRow] = rows.rows
    expect(rows.renew(facts(services, [{ ...web, ready: false }, api]))).toBe(true)
    expect(rows.rows[0]).not.toBe(webRow)
    expect(rows.rows[0]?.ports[0]?.backends.map(({ state }) => state)).toEqual(['draining'])
    expect(rows.rows[1]).toBe(apiRow)
  })

  test('are the same list when all came out as before', () => {
    const rows = new ServiceRows()
    rows.renew(facts(services, [web, api]))
    const before = rows.rows
    expect(rows.renew(facts([service('web'), service('api')], [{ ...web }, { ...api }]))).toBe(false)
    expect(rows.rows).toBe(before)
  })

  test('follow pods that come and go, also by a label that several share', () => {
    const rows = new ServiceRows()
    const front = service('front', { selector: { tier: 'front' } })
    const names = () => rows.rows[0]?.ports[0]?.backends.map(({ pod }) => pod)
    rows.renew(facts([front], [web]))
    expect(names()).toEqual(['shop/web-0'])
    rows.renew(facts([front], [api, web]))
    expect(names()).toEqual(['shop/api-0', 'shop/web-0'])
    rows.renew(facts([front], [api]))
    expect(names()).toEqual(['shop/api-0'])
    rows.renew(facts([front], []))
    expect(names()).toEqual([])
  })

  test('are gone with their Service', () => {
    const rows = new ServiceRows()
    rows.renew(facts(services, [web, api]))
    expect(rows.renew(facts(services.slice(1), [web, api]))).toBe(true)
    expect(rows.rows.map(({ name }) => name)).toEqual(['api'])
    expect(rows.find('shop/Service/web')).toBeUndefined()
    expect(rows.find('shop/Service/api')).toBe(rows.rows[0])
  })
})
