import { describe, expect, test } from 'vitest'
import type { LimitRange, LimitRangeItem, ResourceRequirements } from '../../../src/manifests/types.ts'
import { forbiddenClaim, forbiddenPod, withLimitRanges } from '../../../src/reconcile/plan/limit-range.ts'
import { resolveTemplate } from '../../../src/reconcile/plan/template.ts'
import { container, podSpec } from './world.ts'

function range(...limits: LimitRangeItem[]): LimitRange {
  return { apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'range', namespace: 'shop' }, spec: { limits } }
}

function specOf(...resources: ResourceRequirements[]) {
  return podSpec({ containers: resources.map((each, index) => container({ name: `c${index}`, resources: each })) })
}

const defaults: LimitRangeItem = { type: 'Container', default: { cpu: '500m' }, defaultRequest: { cpu: '100m' } }

describe('what containers do not say', () => {
  test('comes from the range, for init containers too', () => {
    const spec = { ...specOf({}), initContainers: [container({ name: 'init' })] }
    const { containers, initContainers } = withLimitRanges(spec, [range(defaults)])
    const resources = { limits: { cpu: '500m' }, requests: { cpu: '100m' } }
    expect([...(initContainers ?? []), ...containers].map((each) => each.resources)).toEqual([resources, resources])
  })

  test('is the limit that they have, before the range', () => {
    const { containers } = withLimitRanges(specOf({ limits: { cpu: '2' } }), [range(defaults)])
    expect(containers[0]?.resources).toEqual({ limits: { cpu: '2' }, requests: { cpu: '2' } })
  })

  test('stays open where no range speaks of containers', () => {
    const spec = specOf({})
    expect(withLimitRanges(spec, [range({ type: 'Pod', max: { cpu: '1' } })])).toBe(spec)
  })
})

test.each<{ title: string; item: LimitRangeItem; resources: ResourceRequirements[]; expected: string }>([
  {
    title: 'nothing',
    item: { type: 'Container', max: { cpu: '1' } },
    resources: [{ limits: { cpu: '1' } }],
    expected: '',
  },
  {
    title: 'too high a limit',
    item: { type: 'Container', max: { cpu: '1' } },
    resources: [{ limits: { cpu: '500m' } }, { limits: { cpu: '2' } }],
    expected: 'maximum cpu usage per Container is 1, but limit is 2',
  },
  {
    title: 'no limit at all',
    item: { type: 'Container', max: { memory: '1Gi' } },
    resources: [{}],
    expected: 'maximum memory usage per Container is 1Gi. No limit is specified',
  },
  {
    title: 'too low a request and no limit',
    item: { type: 'Container', min: { memory: '64Mi' }, max: { cpu: '1' } },
    resources: [{ requests: { memory: '32Mi' } }],
    expected:
      'minimum memory usage per Container is 64Mi, but request is 32Mi, ' +
      'maximum cpu usage per Container is 1. No limit is specified',
  },
  {
    title: 'a limit far from its request',
    item: { type: 'Container', maxLimitRequestRatio: { cpu: '2' } },
    resources: [{ limits: { cpu: '1' }, requests: { cpu: '400m' } }],
    expected: 'cpu max limit to request ratio per Container is 2, but provided ratio is 2.500000',
  },
  {
    title: 'no request beside a ratio',
    item: { type: 'Container', maxLimitRequestRatio: { cpu: '2' } },
    resources: [{ limits: { cpu: '1' } }],
    expected: 'cpu max limit to request ratio per Container is 2, but no request is specified or request is 0',
  },
  {
    title: 'all containers together',
    item: { type: 'Pod', max: { memory: '1Gi' } },
    resources: [{ limits: { memory: '768Mi' } }, { limits: { memory: '512Mi' } }],
    expected: 'maximum memory usage per Pod is 1Gi, but limit is 1280Mi',
  },
])('forbids a pod for $title', ({ item, resources, expected }) => {
  expect(forbiddenPod(specOf(...resources), [range(item)])).toBe(expected)
})

test('forbids a claim for too large a request', () => {
  const item: LimitRangeItem = { type: 'PersistentVolumeClaim', min: { storage: '1Gi' }, max: { storage: '5Gi' } }
  const of = (storage: string) =>
    forbiddenClaim({ volumeMode: 'Filesystem', resources: { requests: { storage } } }, [range(item)])
  expect(of('2Gi')).toBe('')
  expect(of('10Gi')).toBe('maximum storage usage per PersistentVolumeClaim is 5Gi, but limit is 10Gi')
})

test('a template has the defaults of its namespace, and says what forbids it', () => {
  const context = {
    storage: { claim: () => undefined, claimTemplate: () => undefined, claimTemplates: [] },
    annotations: {},
  }
  const limitRanges = [range(defaults, { type: 'Pod', max: { cpu: '300m' } })]
  const resolve = (ranges: readonly LimitRange[]) =>
    resolveTemplate({ spec: specOf({}) }, 'shop', 'Deployment/web', () => undefined, {
      ...context,
      limitRanges: ranges,
    })
  const { containers, forbidden, requests } = resolve(limitRanges)
  expect(containers[0]?.resources.cpuLimitMillis).toBe(500)
  expect(requests.cpuMillis).toBe(100)
  expect(forbidden).toBe('maximum cpu usage per Pod is 300m, but limit is 500m')
  expect(resolve([]).forbidden).toBe('')
})
