import { describe, expect, test } from 'vitest'
import {
  type AcmeState,
  certificateName,
  certificateProblems,
  type HeldCertificate,
  type OrderAttempt,
  planOrders,
  servedCertificates,
} from '../../../src/runtime/network/acme-plan.ts'
import type { WantedCertificate } from '../../../src/runtime/network/acme-wanted.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const now = Date.parse('2026-03-01T12:00:00Z')

/** Hosts as one text, as in the plans below. */
const split = (hosts: string) => hosts.split(' ')
const want = (...entries: string[]): WantedCertificate[] =>
  entries.map((hosts, index) => ({ ingress: `shop/Ingress/${index}`, hosts: split(hosts) }))
const held = (hosts: string, notBefore = now - day, notAfter = notBefore + 90 * day): HeldCertificate => ({
  hosts: split(hosts),
  notBefore,
  notAfter,
})
const attempt = (hosts: string, agoMs: number, more: Partial<OrderAttempt> = {}): OrderAttempt => ({
  ...{ hosts: split(hosts), at: now - agoMs, outcome: 'failed', message: 'no such name', notUntil: 0 },
  ...more,
})
const issued = { outcome: 'issued', message: '' } as const
const begun = { outcome: 'begun', message: '' } as const
const state = (more: Partial<AcmeState>): AcmeState => ({
  wanted: [],
  held: [],
  attempts: [],
  open: new Set(),
  ...more,
})

function text(given: AcmeState, at = now): string {
  const { order, nextAt } = planOrders(given, at)
  if (order) return `order ${order.hosts.join(' ')}: ${order.cause}`
  return nextAt === undefined ? 'nothing' : `look again in ${(nextAt - at) / minute} min`
}

describe('what to order next', () => {
  const missing = 'there is no certificate yet'
  test.each<[string, Partial<AcmeState>, string]>([
    ['nothing is wanted', {}, 'nothing'],
    ['nothing is wanted any more', { held: [held('a.example')] }, 'nothing'],
    ['none yet', { wanted: want('a.example b.example') }, `order a.example b.example: ${missing}`],
    [
      'a fresh one',
      { wanted: want('a.example'), held: [held('a.example', now)] },
      `look again in ${(60 * day) / minute} min`,
    ],
    [
      'two thirds are over',
      { wanted: want('a.example'), held: [held('a.example', now - 60 * day)] },
      'order a.example: the certificate ends at 2026-03-31T12:00:00Z',
    ],
    [
      'just before two thirds',
      { wanted: want('a.example'), held: [held('a.example', now - 60 * day + minute)] },
      'look again in 1 min',
    ],
    [
      'a short life has the same two thirds',
      { wanted: want('a.example'), held: [held('a.example', now - 4 * day, now + 2 * day)] },
      'order a.example: the certificate ends at 2026-03-03T12:00:00Z',
    ],
    [
      'one for more hosts will do',
      { wanted: want('a.example'), held: [held('a.example b.example', now)] },
      `look again in ${(60 * day) / minute} min`,
    ],
    [
      'one for fewer hosts will not',
      { wanted: want('a.example b.example'), held: [held('a.example'), held('b.example')] },
      `order a.example b.example: ${missing}`,
    ],
    [
      'what is missing before what is old',
      { wanted: want('a.example', 'b.example'), held: [held('a.example', now - 89 * day)] },
      `order b.example: ${missing}`,
    ],
    [
      'more hosts first, as they serve the other entry too',
      { wanted: want('a.example', 'a.example b.example') },
      `order a.example b.example: ${missing}`,
    ],
    [
      'Ingresses with the same hosts share one',
      { wanted: want('a.example', 'a.example'), held: [held('a.example', now - 60 * day + hour)] },
      'look again in 60 min',
    ],
  ])('%s', (_, given, expected) => {
    expect(text(state(given))).toBe(expected)
  })
})

describe('after failures', () => {
  const wanted = want('a.example')
  const order = 'order a.example: there is no certificate yet'
  test.each<[string, Partial<AcmeState>, string]>([
    ['1 min after the first', { attempts: [attempt('a.example', 20_000)] }, `look again in ${40 / 60} min`],
    ['which is over', { attempts: [attempt('a.example', minute)] }, order],
    [
      '2 min after the second',
      { attempts: [attempt('a.example', 2 * minute), attempt('a.example', 0)] },
      'look again in 2 min',
    ],
    [
      '6 h at most',
      { attempts: Array.from({ length: 30 }, (_, index) => attempt('a.example', (30 - index) * 6 * hour)) },
      order,
    ],
    [
      '6 h at most, not over',
      { attempts: Array.from({ length: 30 }, (_, index) => attempt('a.example', (30 - index) * 6 * hour - hour)) },
      'look again in 60 min',
    ],
    [
      'those before a success do not count',
      { attempts: [...[5, 4, 3].map((ago) => attempt('a.example', ago * day)), attempt('a.example', 2 * day, issued)] },
      order,
    ],
    ['those of others do not count', { attempts: [attempt('b.example', 0)] }, order],
    [
      'not before the server wants to be asked',
      { attempts: [attempt('a.example', hour, { notUntil: now + 30 * minute })] },
      'look again in 30 min',
    ],
    ['from before the clock was set back they do not count', { attempts: [attempt('a.example', -hour)] }, order],
    [
      'not more than four an hour, however they ended',
      { attempts: [40, 30, 20, 10].map((ago) => attempt('a.example', ago * minute, issued)) },
      'look again in 20 min',
    ],
    [
      'not more than four an hour, also by other orders for the host',
      { attempts: ['b', 'c', 'd', 'e'].map((one) => attempt(`a.example ${one}.example`, 30 * minute, issued)) },
      'look again in 30 min',
    ],
    [
      'a crash in the middle counts as an attempt',
      { attempts: [4, 3, 2, 1].map((ago) => attempt('a.example', ago, begun)) },
      `look again in ${60 - 4 / minute} min`,
    ],
    [
      'but going on with an order is none',
      { attempts: [4, 3, 2, 1].map((ago) => attempt('a.example', ago, begun)), open: new Set(['a.example']) },
      order,
    ],
    [
      'an order that failed waits, also when it is open',
      { attempts: [attempt('a.example', 0)], open: new Set(['a.example']) },
      'look again in 1 min',
    ],
  ])('%s', (_, given, expected) => {
    expect(text(state({ wanted, ...given }))).toBe(expected)
  })

  test('a mistake costs at most four orders in any hour, and few a day', () => {
    let attempts: OrderAttempt[] = []
    for (let at = now; at < now + day; at += 10_000) {
      const { order: due } = planOrders(state({ wanted, attempts }), at)
      if (due) attempts = [...attempts, { hosts: due.hosts, at, outcome: 'failed', message: '', notUntil: 0 }]
    }
    const inHourOf = ({ at }: OrderAttempt) => attempts.filter((other) => other.at >= at && other.at < at + hour).length
    expect(Math.max(...attempts.map(inHourOf))).toBe(4)
    expect(attempts).toHaveLength(12)
  })
})

describe('what the status says', () => {
  const wanted = want('a.example')
  const failed = [attempt('a.example', 20_000)]
  test.each<[string, Partial<AcmeState>, string[]]>([
    ['on order', {}, ['a certificate for a.example is on order']],
    ['there', { held: [held('a.example')] }, []],
    ['failed', { attempts: failed }, ['no certificate for a.example: no such name; next try at 2026-03-01T12:00:40Z']],
    [
      'failed, tried now',
      { attempts: [attempt('a.example', hour), attempt('a.example', 0, begun)] },
      ['no certificate for a.example: no such name; it is tried again now'],
    ],
    [
      'not renewed',
      { held: [held('a.example', now - 80 * day)], attempts: failed },
      [
        'the certificate for a.example ends at 2026-03-11T12:00:00Z and is not renewed yet: no such name; next try at 2026-03-01T12:00:40Z',
      ],
    ],
    [
      'over',
      { held: [held('a.example', now - 91 * day)] },
      ['the certificate for a.example ended at 2026-02-28T12:00:00Z and is not renewed yet; it is tried again now'],
    ],
    ['made good by another entry', { held: [held('a.example b.example', now - 1)], attempts: failed }, []],
  ])('%s', (_, given, expected) => {
    expect(certificateProblems(state({ wanted, ...given }), now).map(({ message }) => message)).toEqual(expected)
  })
})

describe('what serves', () => {
  const [old, renewed, both] = [held('a.example', 1), held('a.example', 2), held('a.example b.example', 3)]
  test.each<[string, WantedCertificate[], HeldCertificate[], string[]]>([
    ['the newest', want('a.example'), [old, renewed], ['2: a.example']],
    ['one for all its hosts', want('a.example b.example'), [old, both], ['3: a.example b.example']],
    ['part of it until the rest is there', want('a.example c.example'), [old], ['1: a.example']],
    ['nothing that is not wanted', want('c.example'), [old, both], []],
  ])('%s', (_, wanted, certificates, expected) => {
    const served = servedCertificates(wanted, certificates)
    expect(served.map(({ certificate, hosts }) => `${certificate.notBefore}: ${hosts.join(' ')}`)).toEqual(expected)
  })
})

test('names of certificates are names of files', () => {
  expect(certificateName(['a.example'])).toBe('a.example')
  expect(certificateName(['a.example', 'b.example'])).toMatch(/^a\.example-[a-z0-9]{10}$/)
  expect(certificateName(['a.example', 'b.example'])).not.toBe(certificateName(['a.example', 'c.example']))
  expect(certificateName([`${'a.'.repeat(125)}com`]).length).toBeLessThan(220)
})
