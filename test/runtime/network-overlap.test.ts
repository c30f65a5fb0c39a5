import { expect, test } from 'vitest'
import { parseRange, type Range } from '../../src/runtime/docker/addresses.ts'
import { type AddressFacts, overlapOf } from '../../src/runtime/docker/network-overlap.ts'

const range = (text: string): Range => {
  const found = parseRange(text)
  if (!found) throw new Error(text)
  return found
}
const pods = range('10.244.0.0/14')
const services = range('10.96.0.0/16')
const free: AddressFacts = { others: [], addressPools: [], routes: [], neighbours: [] }

test.each<{ title: string; facts: Partial<AddressFacts>; refusal: string | undefined }>([
  { title: 'nothing', facts: {}, refusal: undefined },
  {
    title: 'a route into the range of pods',
    facts: { routes: [{ range: range('10.245.0.0/24'), device: 'wg0' }] },
    refusal: 'podCIDR 10.244.0.0/14 overlaps the route to 10.245.0.0/24 over wg0: set another network.podCIDR',
  },
  {
    title: 'bridges of pods of another installation',
    facts: { routes: [{ range: range('10.244.0.64/26'), device: 'bt0af40040' }] },
    refusal: undefined,
  },
  {
    title: 'a pool that holds the range of Services',
    facts: { addressPools: ['10.96.0.0/12'] },
    refusal:
      "serviceCIDR 10.96.0.0/16 overlaps the engine's default address pool 10.96.0.0/12: set another network.serviceCIDR",
  },
  {
    title: 'another installation with these Services',
    facts: { neighbours: [{ engine: 'other', serviceCIDR: '10.96.0.0/16' }] },
    refusal:
      'serviceCIDR 10.96.0.0/16 overlaps serviceCIDR 10.96.0.0/16 of the installation other on the same host: set another network.serviceCIDR',
  },
])('in the way: $title', ({ facts, refusal }) => {
  expect(overlapOf(pods, services, { ...free, ...facts })).toBe(refusal)
})

test('pods and Services need ranges of their own', () => {
  expect(overlapOf(pods, range('10.244.8.0/24'), free)).toBe(
    'serviceCIDR 10.244.8.0/24 overlaps podCIDR 10.244.0.0/14: set another network.serviceCIDR',
  )
  expect(overlapOf(pods, undefined, { ...free, addressPools: ['10.96.0.0/12'] })).toBeUndefined()
})
