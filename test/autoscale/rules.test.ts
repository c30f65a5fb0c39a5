import { describe, expect, test } from 'vitest'
import { behaviorOf } from '../../src/autoscale/behavior.ts'
import { decide, firstMemory } from '../../src/autoscale/decide.ts'
import { noReads, takeReads } from '../../src/autoscale/figures.ts'
import { type Answer, measure } from '../../src/autoscale/measure.ts'
import { seePods } from '../../src/autoscale/pods.ts'
import { queryOf } from '../../src/autoscale/queries.ts'
import { recordedNumber, recordSteps } from '../../src/autoscale/records.ts'
import type { MetricSpec } from '../../src/manifests/types.ts'
import type { LiveVolume } from '../../src/runtime/live.ts'
import { host, now, pod, unready } from '../reconcile/plan/world.ts'
import { autoscaler, webTemplate } from './world.ts'

const pods = (name: string, averageValue = '10'): MetricSpec => ({
  type: 'Pods',
  pods: { metric: { name }, target: { type: 'AverageValue', averageValue } },
})
const external = (name: string, selector = {}): MetricSpec => ({
  type: 'External',
  external: { metric: { name, selector }, target: { type: 'Value', value: '10' } },
})
const object = (kind: string, name: string): MetricSpec => ({
  type: 'Object',
  object: {
    describedObject: { kind, name },
    metric: { name: 'requests', selector: { matchLabels: { verb: 'GET' } } },
    target: { type: 'AverageValue', averageValue: '10' },
  },
})

describe('queries', () => {
  test.each<[MetricSpec, string | undefined]>([
    [pods('hits'), 'sum by (pod) (hits{namespace="shop",pod=~"web-a-0|web\\\\.b-1"})'],
    [external('queue'), 'sum(queue)'],
    [
      external('queue', { matchLabels: { 'app.kubernetes.io/name': 'a "b" \\' } }),
      'sum(queue{app_kubernetes_io_name="a \\"b\\" \\\\"})',
    ],
    [
      external('queue', {
        matchExpressions: [
          { key: 'a', operator: 'In', values: ['x', 'y.z'] },
          { key: 'b', operator: 'NotIn', values: ['x'] },
          { key: 'c', operator: 'Exists' },
          { key: '9d', operator: 'DoesNotExist' },
        ],
      }),
      'sum(queue{a=~"x|y\\\\.z",b!~"x",c!="",_9d=""})',
    ],
    [external('pubsub.example.com|size'), 'sum({__name__="pubsub.example.com|size"})'],
    [object('Ingress', 'front'), 'sum(requests{namespace="shop",ingress="front",verb="GET"})'],
    [object('Namespace', 'shop'), 'sum(requests{namespace="shop",verb="GET"})'],
    [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization' } } }, undefined],
  ])('%j', (metric, expected) => {
    expect(queryOf(autoscaler(), metric, ['web-a-0', 'web.b-1'])).toBe(expected)
  })

  test('an annotation takes the place of the whole query', () => {
    const annotations = { 'berth.dev/query.queue': 'max(rabbit)' }
    expect(queryOf(autoscaler({ annotations }), external('queue'), [])).toBe('max(rabbit)')
    expect(queryOf(autoscaler({ annotations }), external('other'), [])).toBe('sum(other)')
  })

  test('without pods nothing is asked', () => {
    expect(queryOf(autoscaler(), pods('hits'), [])).toBeUndefined()
  })
})

describe('metrics of Prometheus', () => {
  const scene = {
    seen: seePods([pod(webTemplate, 0), pod(webTemplate, 1)], [host()], new Map(), now),
    ...{ template: webTemplate, figures: new Map(), trouble: '', current: 2, now },
    tolerance: { up: 0.1, down: 0.1 },
  }
  const values = (...found: [string, number][]): Answer => ({
    ok: true,
    series: found.map(([name, value]) => ({ labels: { pod: name }, value })),
  })

  test.each<[string, MetricSpec, Answer | undefined, unknown]>([
    ['one value', external('queue'), values(['', 25]), { ok: true, replicas: 5, text: 'queue 25/10' }],
    [
      'series are summed',
      external('queue'),
      values(['a', 5], ['b', 5.5]),
      { ok: true, replicas: 2, text: 'queue 10.5/10' },
    ],
    [
      'shared by pods',
      object('Ingress', 'x'),
      values(['', 35]),
      { ok: true, replicas: 4, text: 'requests 17.5/10 (average)' },
    ],
    [
      'of each pod',
      pods('hits'),
      values(['web-aa-0', 30], ['web-aa-1', 10]),
      { ok: true, replicas: 4, text: 'hits 20/10' },
    ],
    ['a pod without one idles', pods('hits'), values(['web-aa-0', 30]), { ok: true, replicas: 3, text: 'hits 30/10' }],
    [
      'no series',
      external('queue'),
      values(),
      { reason: 'FailedGetExternalMetric', message: 'queue: Prometheus has no value for it' },
    ],
    [
      'no number',
      external('queue'),
      values(['', Number.NaN]),
      { message: 'queue: expected a number from Prometheus, found NaN' },
    ],
    ['none of the pods', pods('hits'), values(['other', 3]), { reason: 'FailedGetPodsMetric', waiting: false }],
    ['no pods', pods('hits'), undefined, { message: 'hits: there is no pod yet', waiting: true }],
    [
      'no answer',
      object('Ingress', 'x'),
      { ok: false, message: 'gone' },
      { reason: 'FailedGetObjectMetric', message: 'requests: gone' },
    ],
  ])('%s', (_title, metric, answer, expected) => {
    expect(measure(metric, scene, answer)).toMatchObject(expected as object)
  })
})

test('figures come from two reads; what is not asked for is forgotten', () => {
  const read = (id: string, at: number, cpuNanos: number) => ({ id, at, cpuNanos, memoryBytes: 7 })
  const first = takeReads(noReads, ['a', 'b'], [read('a', 1_000, 5e9), read('b', 1_000, 0)])
  expect(first.figures.get('a')).toEqual({ cpu: undefined, memory: { value: 7, at: 1_000, windowMs: 0 } })
  // b does not answer: its next figure is of a longer time.
  const second = takeReads(first, ['a', 'b'], [read('a', 11_000, 10e9)])
  expect(second.figures.get('a')?.cpu).toEqual({ value: 500, at: 11_000, windowMs: 10_000 })
  expect(second.figures.has('b')).toBe(false)
  const third = takeReads(second, ['b'], [read('b', 21_000, 20e9)])
  expect(third.figures.get('b')?.cpu).toEqual({ value: 1000, at: 21_000, windowMs: 20_000 })
  expect([...third.last.keys()]).toEqual(['b'])
})

test('the time of the last change of readiness is remembered', () => {
  const never = pod(webTemplate, 0, { each: { health: unready } })
  const [first] = seePods([never], [host()], new Map(), now)
  expect(first?.readiness).toEqual({ ready: false, changedAt: never.createdAt })
  const before = new Map([[never.uid, { ready: true, changedAt: now - 5_000 }]])
  const [lost] = seePods([never], [host()], before, now)
  expect(lost?.readiness).toEqual({ ready: false, changedAt: now })
})

describe('decide', () => {
  const { spec } = autoscaler({
    behavior: {
      scaleUp: { policies: [{ type: 'Pods', value: 2, periodSeconds: 60 }], stabilizationWindowSeconds: 0 },
      scaleDown: { stabilizationWindowSeconds: 60, selectPolicy: 'Max' },
    },
  })

  test('a policy counts what its period has seen', () => {
    const first = decide(spec, 3, [9], firstMemory(3, now), now)
    expect([first.replicas, first.limit]).toEqual([5, 'ScaleUpLimit'])
    const second = decide(spec, 5, [9], first.memory, now + 30_000)
    expect([second.replicas, second.limit]).toEqual([5, 'ScaleUpLimit'])
    const third = decide(spec, 5, [9], second.memory, now + 60_000)
    expect([third.replicas, third.limit]).toEqual([7, 'ScaleUpLimit'])
  })

  test('the number found at first holds for a window', () => {
    const first = decide(spec, 5, [2], firstMemory(5, now), now + 30_000)
    expect([first.replicas, first.stabilized]).toEqual([5, 'down'])
    expect(decide(spec, 5, [2], first.memory, now + 60_000).replicas).toBe(2)
  })

  test('a number outside the range comes in without metrics', () => {
    expect(decide(spec, 12, [undefined], firstMemory(12, now), now)).toMatchObject({
      ...{ replicas: 10, from: 'outside range', limit: 'TooManyReplicas' },
    })
    expect(decide(spec, 1, [undefined], firstMemory(1, now), now)).toMatchObject({
      ...{ replicas: 2, from: 'outside range', limit: 'TooFewReplicas' },
    })
  })

  test("what is not said of behavior has Kubernetes' defaults; a tolerance may be finer", () => {
    expect(behaviorOf(autoscaler().spec)).toMatchObject({ up: { windowMs: 0 }, down: { windowMs: 300_000 } })
    expect(behaviorOf(autoscaler({ behavior: { scaleUp: { tolerance: '0.05' } } }).spec)).toMatchObject({
      up: { tolerance: 0.05, select: 'Max', policies: [{ value: 4 }, { value: 100 }] },
      down: { tolerance: 0.1 },
      longestPeriodMs: 15_000,
    })
  })
})

describe('records', () => {
  const wanted = { app: 'demo', namespace: 'shop', name: 'web', target: 'Deployment/web', replicas: 4 }
  const record = (replicas: number, createdAt: number, changes: Partial<LiveVolume> = {}): LiveVolume => ({
    ...{ host: 'local', name: `r${replicas}@${createdAt}`, app: 'demo', namespace: 'shop' },
    ...{ subject: 'HorizontalPodAutoscaler/web', detail: String(replicas), driver: 'local', options: {}, createdAt },
    facts: { replicas: String(replicas), target: 'Deployment/web' },
    ...changes,
  })
  const steps = (records: LiveVolume[], want: typeof wanted | undefined = wanted, hosts = [host()]) =>
    recordSteps(records, want, hosts).map(
      (step) => `${step.kind} ${step.kind === 'create' ? step.volume.detail : step.name}`,
    )

  test.each<[string, LiveVolume[], string[]]>([
    ['the first', [], ['create 4']],
    ['nothing new', [record(4, 1)], []],
    ['another number', [record(3, 1)], ['create 4', 'remove r3@1']],
    ['one that was left behind', [record(3, 1), record(4, 2)], ['remove r3@1']],
    ['the same number from long ago', [record(4, 1), record(3, 2)], ['remove r4@1', 'create 4', 'remove r3@2']],
    [
      'of another target',
      [record(4, 1, { facts: { replicas: '4', target: 'StatefulSet/web' } })],
      ['remove r4@1', 'create 4'],
    ],
  ])('%s', (_title, records, expected) => {
    expect(steps(records)).toEqual(expected)
  })

  test('none is wanted', () => {
    expect(recordSteps([record(3, 1)], undefined, [host()])).toEqual([{ kind: 'remove', host: 'local', name: 'r3@1' }])
  })

  test('hosts that cannot be reached are left alone', () => {
    expect(steps([record(3, 1)], wanted, [host({ reachable: false })])).toEqual([])
    const two = [host({ name: 'a', reachable: false }), host({ name: 'local' })]
    expect(steps([record(3, 1, { host: 'a' })], wanted, two)).toEqual(['create 4'])
  })

  test('the newest counts, if it is of the target and whole', () => {
    expect(recordedNumber([record(3, 5), record(4, 1)], 'Deployment/web')).toBe(3)
    expect(recordedNumber([record(3, 5)], 'Deployment/other')).toBeUndefined()
    expect(recordedNumber([record(3, 5, { facts: { target: 'Deployment/web' } })], 'Deployment/web')).toBeUndefined()
    expect(recordedNumber([], 'Deployment/web')).toBeUndefined()
  })
})
