import { expect, test } from 'vitest'
import { keyOf } from '../../../src/base/key.ts'
import { emptyConfig } from '../../../src/reconcile/plan/empty-config.ts'
import { containerOptions } from '../../../src/runtime/docker/options.ts'
import { serviceAliases, serviceLinks } from '../../../src/runtime/network/service-links.ts'
import { serviceRow } from '../../../src/runtime/network/service-table.ts'
import type { ServiceRow } from '../../../src/runtime/network/table.ts'
import { service as manifest, object } from '../../manifests/manifest.ts'

function row(namespace: string, name: string, selector: object, clusterIP = '10.96.7.7'): ServiceRow {
  const service = object('Service', { ...manifest({ selector, ports: [{ port: 80 }] }), metadata: { name, namespace } })
  const key = keyOf({ namespace, kind: 'Service', name })
  const found = serviceRow(key, service, { pods: [], written: [], allocation: { clusterIP, nodePorts: {} } })
  if (!found) throw new Error('no row')
  return found
}

const services = [row('shop', 'web', { app: 'web' }), row('blog', 'db', { app: 'db' }, '10.96.8.8')]

test('a container is told of the Services of its namespace', () => {
  expect(serviceLinks(services, 'shop')).toMatchObject({ WEB_SERVICE_HOST: '10.96.7.7', WEB_SERVICE_PORT: '80' })
  expect(Object.keys(serviceLinks(services, 'shop')).filter((name) => name.startsWith('DB_'))).toEqual([])
})

test('its own variables come before those of Services', () => {
  const capacity = { cpuMillis: 1000, memoryBytes: 1, lowersOomScore: true }
  const config = { ...emptyConfig, env: [{ name: 'WEB_SERVICE_HOST', value: 'mine', secret: false }] }
  const joined = { sandboxId: 'x', address: '10.244.0.2', spec: undefined, links: serviceLinks(services, 'shop') }
  const { Env: env = [] } = containerOptions('one', config, joined, {}, capacity)
  expect(env.filter((line) => line.startsWith('WEB_SERVICE_'))).toEqual([
    'WEB_SERVICE_HOST=mine',
    'WEB_SERVICE_PORT=80',
  ])
})

test('a pod answers to the names of the Services that select it', () => {
  expect(serviceAliases(services, 'shop', { app: 'web' })).toEqual(['web', 'web.shop', 'web.shop.svc'])
  expect(serviceAliases(services, 'shop', { app: 'db' })).toEqual([])
  expect(serviceAliases(services, 'blog', { app: 'web' })).toEqual([])
})
