import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../src/base/clock.ts'
import { silentLog } from '../src/base/log.ts'
import { Certifying } from '../src/certifying.ts'
import type { Ingress, Secret } from '../src/manifests/types.ts'
import type { LiveHost } from '../src/runtime/live.ts'
import type { AcmeSettings } from '../src/settings.ts'

const unreachable: AcmeSettings = { server: 'http://127.0.0.1:1/dir', email: undefined, caFile: undefined }

/** Of one host that serves Ingress, or is about to. */
function certifying(acme: AcmeSettings | undefined, mode: LiveHost['network']['mode'] = 'services'): Certifying {
  const stateDir = mkdtempSync(join(tmpdir(), 'berth-certifying-'))
  const host: LiveHost = {
    ...{ name: 'one', reachable: true, message: '', address: '127.0.0.1', labels: {}, taints: [] },
    ...{ cpuMillis: 1000, memoryBytes: 1e9, images: new Map(), pulls: new Map(), networks: new Set() },
    network: { mode, message: '', problems: [], allocations: new Map() },
  }
  const it = new Certifying({
    ...{ stateDir, clock: systemClock, log: silentLog, changed: () => {} },
    runtime: { hostFacts: () => [host] },
    network: { acme, ingress: { httpPort: 80, httpsPort: 443, proxyProtocol: false, className: 'ours' } },
  })
  onTestFinished(async () => {
    await it.close()
    rmSync(stateDir, { recursive: true, force: true })
  })
  return it
}

function ingress(name: string, host: string, className = 'ours'): Ingress {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { namespace: 'shop', name, annotations: { 'cert-manager.io/cluster-issuer': 'any' } },
    spec: { ingressClassName: className, tls: [{ hosts: [host], secretName: `${name}-tls` }] },
  }
}

const secret: Secret = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { namespace: 'shop', name: 'ready-tls' },
  type: 'kubernetes.io/tls',
}
const facts = {
  ingresses: [
    ingress('web', 'shop.example.com'),
    ingress('ready', 'ready.example.com'),
    ingress('foreign', 'foreign.example.com', 'theirs'),
    ingress('wild', '*.example.com'),
  ],
  ...{ classes: [], className: 'ours' },
  secret: (key: string) => (key === 'shop/Secret/ready-tls' ? secret : undefined),
}

test('Ingresses are told what to set, if they ask and are served', () => {
  const it = certifying(undefined)
  it.start()
  expect(it.obtained(facts)).toEqual({ obtained: [], challenges: {} })
  expect(it.problemsOf('shop/Ingress/web')).toEqual([expect.stringContaining('set spec.network.acme')])
  expect(it.problemsOf('shop/Ingress/ready')).toEqual([])
  expect(it.problemsOf('shop/Ingress/foreign')).toEqual([])
  expect(it.problemsOf('shop/Ingress/wild')).toEqual([expect.stringContaining('cannot prove wildcards')])
})

test('nothing is asked for before a host serves Ingress', () => {
  const it = certifying(unreachable, 'starting')
  it.start()
  it.obtained(facts)
  expect(it.problemsOf('shop/Ingress/web')).toEqual([expect.stringContaining('waits for a host that serves Ingress')])
})

test('what is asked for is on order', () => {
  const it = certifying(unreachable)
  it.start()
  it.obtained(facts)
  expect(it.problemsOf('shop/Ingress/web')).toEqual(['a certificate for shop.example.com is on order'])
})

test('a process that only looks says nothing of orders', () => {
  const it = certifying(unreachable)
  it.obtained(facts)
  expect(it.problemsOf('shop/Ingress/web')).toEqual([])
})
