import { expect, test } from 'vitest'
import { plan } from '../../../src/reconcile/plan/plan.ts'
import { barePod, container, deployment, host, now, pod, podSpec, replicaSet, template, view } from './world.ts'

const one = template('aaa')
const two = template('bbb', podSpec({ containers: [container({ image: 'web:2' })] }))

function failedWith(message: string, attempts: number, desired: Parameters<typeof plan>[0] = deployment(two)): boolean {
  const pulls = new Map([['web:2', { state: 'failed' as const, attempts, at: now - 1_000, message }]])
  const hosts = [host({ images: new Map(), pulls })]
  return plan(desired, view([pod(one, 0), pod(one, 1), pod(one, 2)], { hosts })).status.failed
}

test.each([
  ['manifest for web:2 not found: manifest unknown: manifest unknown', true],
  ['pull access denied for web, repository does not exist or may require "docker login"', true],
  ['no matching manifest for linux/arm64/v8 in the manifest list entries', true],
  ['unauthorized: authentication required', true],
  ['failed to resolve reference "docker.io/library/web:2": docker.io/library/web:2: not found', true],
  ['Get "https://registry/v2/": dial tcp 10.0.0.1:443: connect: connection refused', false],
  ['Get "https://registry/v2/": dial tcp: lookup registry: no such host', false],
  ['Get "https://registry/v2/": net/http: request canceled (Client.Timeout exceeded while awaiting headers)', false],
  ['received unexpected HTTP status: 503 Service Unavailable', false],
  ['toomanyrequests: You have reached your pull rate limit', false],
])('%s fails the rollout: %s', (message, expected) => {
  expect(failedWith(message, 3)).toBe(expected)
  expect(failedWith(message, 2)).toBe(false)
})

test.each([
  ['ReplicaSet', replicaSet(two)],
  ['Pod', barePod(two)],
])('also of a %s', (_kind, desired) => {
  const pulls = new Map([
    ['web:2', { state: 'failed' as const, attempts: 3, at: now - 1_000, message: 'manifest unknown' }],
  ])
  const hosts = [host({ images: new Map(), pulls })]
  expect(plan(desired, view([], { hosts })).status).toMatchObject({ health: 'Degraded', failed: true })
})
