import { expect, test } from 'vitest'
import { freePodNames, podName, sandboxSpec } from '../../../src/reconcile/plan/create.ts'
import { barePod, deployment, template } from './world.ts'

const hostName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/

test.each([
  { owner: 'web', number: 0, expected: 'web-bcdfghjklm-0' },
  { owner: 'web.v2', number: 12, expected: 'web-v2-bcdfghjklm-12' },
  { owner: `${'a'.repeat(49)}-b`, number: 7, expected: `${'a'.repeat(49)}-bcdfghjklm-7` },
  { owner: 'a'.repeat(253), number: 100, expected: `${'a'.repeat(48)}-bcdfghjklm-100` },
])('a pod of $owner has a host name', ({ owner, number, expected }) => {
  const name = podName(owner, 'bcdfghjklm', number)
  expect(name).toBe(expected)
  expect(name).toMatch(hostName)
  expect(name.length).toBeLessThanOrEqual(63)
})

test('the lowest numbers that are free', () => {
  const taken = new Set(['web-aaa-0', 'web-aaa-2', 'web-bbb-1'])
  expect(freePodNames('web', 'aaa', taken, 3)).toEqual(['web-aaa-1', 'web-aaa-3', 'web-aaa-4'])
})

test('pods of a Deployment carry their template hash, a bare Pod does not', () => {
  const one = template('aaa')
  expect(sandboxSpec(deployment(one), { name: 'web-aaa-0' })).toMatchObject({
    owner: 'Deployment/web',
    hostname: 'web-aaa-0',
    labels: { 'pod-template-hash': 'aaa' },
  })
  expect(sandboxSpec(barePod(one), { name: 'web' }).labels).toEqual({})
})
