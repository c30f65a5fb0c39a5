import { describe, expect, test } from 'vitest'
import { renderIgnored } from '../../src/manifests/check.ts'
import { autoscaler, budget, check, core, json, object, plain } from './manifest.ts'

const utilization = (averageUtilization: number) => ({ type: 'Utilization', averageUtilization })
const cpu = { type: 'Resource', resource: { name: 'cpu', target: utilization(50) } }
const measuring = (metric: object) => autoscaler({ metrics: [metric] })
const scalingUp = (scaleUp: object) => autoscaler({ behavior: { scaleUp } })
const pods = (target: object) => ({ type: 'Pods', pods: { metric: { name: 'hits' }, target } })
const quota = (spec: object) => core('ResourceQuota', spec)
const limits = (...items: object[]) => core('LimitRange', { limits: items })
const inContainer = (item: object) => limits({ type: 'Container', ...item })

describe('autoscalers that are refused', () => {
  test.each([
    [autoscaler({ maxReplicas: undefined }), 'spec.maxReplicas: expected a whole number to 2147483647, found nothing'],
    [autoscaler({ maxReplicas: 0 }), 'spec.maxReplicas: expected a whole number from 1, found 0 (number)'],
    [autoscaler({ minReplicas: 0 }), 'spec.minReplicas: expected a whole number from 1, found 0 (number)'],
    [autoscaler({ minReplicas: 6 }), 'spec.maxReplicas: expected at least minReplicas, which is 6, found 5 (number)'],
    [autoscaler({ scaleTargetRef: undefined }), 'spec.scaleTargetRef: expected a map, found nothing'],
    [measuring({ type: 'Resource' }), 'spec.metrics[0]: expected resource for the type Resource, found none'],
    [measuring({ ...cpu, type: 'Pods' }), 'spec.metrics[0]: expected pods for the type Pods, found resource'],
    [
      measuring({ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization' } } }),
      'spec.metrics[0].resource.target: expected one of averageUtilization or averageValue, found none',
    ],
    [
      measuring({ type: 'Resource', resource: { name: 'cpu', target: { ...utilization(50), averageValue: 1 } } }),
      'spec.metrics[0].resource.target: expected one of averageUtilization or averageValue, found averageUtilization and averageValue',
    ],
    [
      measuring({ type: 'Resource', resource: { name: 'cpu', target: utilization(0) } }),
      'spec.metrics[0].resource.target.averageUtilization: expected a whole number from 1, found 0 (number)',
    ],
    [
      measuring(pods({ type: 'AverageValue', averageValue: 0 })),
      'spec.metrics[0].pods.target.averageValue: expected a quantity above 0, found 0 (number)',
    ],
    [
      measuring(pods({ type: 'Value', value: 1 })),
      'spec.metrics[0].pods.target: expected one of averageValue, found none',
    ],
    [
      measuring({ type: 'External', external: { metric: { name: '' }, target: { type: 'Value', value: 1 } } }),
      'spec.metrics[0].external.metric.name: expected a name, found nothing',
    ],
    [
      scalingUp({ stabilizationWindowSeconds: 4000 }),
      'spec.behavior.scaleUp.stabilizationWindowSeconds: expected a whole number from 0 to 3600, found 4000 (number)',
    ],
    [scalingUp({ policies: [] }), 'spec.behavior.scaleUp.policies: expected at least one policy, found none'],
    [
      scalingUp({ policies: [{ type: 'Pods', value: 0, periodSeconds: 15 }] }),
      'spec.behavior.scaleUp.policies[0].value: expected a whole number from 1, found 0 (number)',
    ],
    [
      scalingUp({ policies: [{ type: 'Pods', value: 1, periodSeconds: 3600 }] }),
      'spec.behavior.scaleUp.policies[0].periodSeconds: expected a whole number from 1 to 1800, found 3600 (number)',
    ],
    [
      scalingUp({ selectPolicy: 'Most' }),
      'spec.behavior.scaleUp.selectPolicy: expected Max, Min or Disabled, found "Most" (string)',
    ],
    [
      scalingUp({ tolerance: -0.1 }),
      'spec.behavior.scaleUp.tolerance: expected a quantity from 0, found -0.1 (number)',
    ],
  ])('%#: %j', (manifest, problem) => {
    expect(plain(manifest)).toEqual([problem])
  })
})

describe('autoscalers', () => {
  test('defaults', () => {
    expect(object('HorizontalPodAutoscaler', autoscaler()).spec).toEqual({
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      minReplicas: 1,
      maxReplicas: 5,
      metrics: [{ type: 'Resource', resource: { name: 'cpu', target: utilization(80) } }],
      behavior: {
        scaleUp: {
          stabilizationWindowSeconds: 0,
          selectPolicy: 'Max',
          policies: [
            { type: 'Pods', value: 4, periodSeconds: 15 },
            { type: 'Percent', value: 100, periodSeconds: 15 },
          ],
        },
        scaleDown: { selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] },
      },
    })
  })
  test('what is given stays, amounts are canonical', () => {
    const policies = [{ type: 'Pods', value: 1, periodSeconds: 60 }]
    const metrics = [pods({ type: 'AverageValue', averageValue: '1000m' })]
    const given = autoscaler({ metrics, behavior: { scaleDown: { policies } } })
    const { behavior, metrics: filled } = object('HorizontalPodAutoscaler', given).spec
    expect(behavior!.scaleDown).toEqual({ selectPolicy: 'Max', policies })
    expect(filled![0]!.pods!.target.averageValue).toBe('1')
  })
  test('none at all is allowed where a metric of the outside can wake it', () => {
    const target = { type: 'AverageValue', averageValue: 10 }
    const external = { type: 'External', external: { metric: { name: 'queue' }, target } }
    expect(plain(autoscaler({ minReplicas: 0, metrics: [external] }))).toEqual([])
  })
  test('what cannot be measured or scaled is listed', () => {
    const target = { type: 'Value', value: 1 }
    const described = { kind: 'Service', name: 'web' }
    const metrics = [
      { type: 'Object', object: { metric: { name: 'hits' }, describedObject: described, target } },
      { type: 'Resource', resource: { name: 'nvidia.com/gpu', target: utilization(50) } },
    ]
    const { problems, ignored } = check(json(autoscaler({ metrics, scaleTargetRef: { kind: 'Rollout', name: 'web' } })))
    expect(problems).toEqual([])
    expect(ignored.map(renderIgnored)).toEqual([
      'HorizontalPodAutoscaler web: spec.scaleTargetRef.kind: no kind with a number of pods that berth runs',
      'HorizontalPodAutoscaler web: spec.metrics[1].resource.name: only cpu and memory are measured',
    ])
  })
})

describe('quotas, limits and budgets that are refused', () => {
  test.each([
    [quota({ hard: { pods: -1 } }), 'spec.hard.pods: expected a quantity from 0, found -1 (number)'],
    [quota({ hard: { pods: 1.5 } }), 'spec.hard.pods: expected a whole number, found 1.5 (number)'],
    [
      quota({ hard: { 'count/jobs.batch': '500m' } }),
      'spec.hard["count/jobs.batch"]: expected a whole number, found "500m" (string)',
    ],
    [
      quota({ hard: { cpu: 'many' } }),
      'spec.hard.cpu: expected a quantity like "500m" or "1Gi", found "many" (string)',
    ],
    [
      quota({ scopes: ['Best'] }),
      'spec.scopes[0]: expected Terminating, NotTerminating, BestEffort, NotBestEffort, PriorityClass, CrossNamespacePodAffinity or VolumeAttributesClass, found "Best" (string)',
    ],
    [
      quota({ scopes: ['BestEffort', 'NotBestEffort'] }),
      'spec.scopes[0]: expected BestEffort or NotBestEffort, found both',
    ],
    [
      quota({ scopes: ['BestEffort'], hard: { cpu: 1 } }),
      'spec.hard.cpu: expected pods only beside the scope BestEffort',
    ],
    [
      quota({ scopeSelector: { matchExpressions: [{ scopeName: 'BestEffort', operator: 'In', values: ['a'] }] } }),
      'spec.scopeSelector.matchExpressions[0].operator: expected Exists for BestEffort, found "In" (string)',
    ],
    [
      quota({ scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In' }] } }),
      'spec.scopeSelector.matchExpressions[0].values: expected values for In',
    ],
    [core('LimitRange', {}), 'spec.limits: expected a list, found nothing'],
    [
      limits({ type: 'Container' }, { type: 'Container' }),
      'spec.limits[1].type: expected each type once, found Container again',
    ],
    [
      limits({ type: 'Node' }),
      'spec.limits[0].type: expected Container, Pod or PersistentVolumeClaim, found "Node" (string)',
    ],
    [
      inContainer({ min: { cpu: 2 }, max: { cpu: 1 } }),
      'spec.limits[0].min.cpu: expected at most max, which is 1, found 2 (number)',
    ],
    [
      inContainer({ default: { cpu: '100m' }, defaultRequest: { cpu: 1 } }),
      'spec.limits[0].defaultRequest.cpu: expected at most default, which is 100m, found 1 (number)',
    ],
    [
      inContainer({ maxLimitRequestRatio: { cpu: 0.5 } }),
      'spec.limits[0].maxLimitRequestRatio.cpu: expected 1 or more, found 0.5 (number)',
    ],
    [
      inContainer({ max: { memory: 'x' } }),
      'spec.limits[0].max.memory: expected a quantity like "500m" or "1Gi", found "x" (string)',
    ],
    [
      limits({ type: 'Pod', default: { cpu: 1 } }),
      'spec.limits[0].default: expected nothing for the type Pod, found a map',
    ],
    [limits({ type: 'PersistentVolumeClaim' }), 'spec.limits[0]: expected min or max of storage, found none'],
    [budget({ minAvailable: 1, maxUnavailable: 1 }), 'spec: expected minAvailable or maxUnavailable, found both'],
    [
      budget({ minAvailable: '101%' }),
      'spec.minAvailable: expected a whole number from 0 or a percentage to 100%, found "101%" (string)',
    ],
    [
      budget({ maxUnavailable: -1 }),
      'spec.maxUnavailable: expected a whole number from 0 or a percentage to 100%, found -1 (number)',
    ],
    [
      budget({ selector: { matchLabels: { 'a b': 'c' } } }),
      'spec.selector.matchLabels["a b"]: expected a label key like "app" or "example.com/app", its name of letters, digits, "-", "_" and ".", 63 at most',
    ],
    [
      budget({ unhealthyPodEvictionPolicy: 'Never' }),
      'spec.unhealthyPodEvictionPolicy: expected IfHealthyBudget or AlwaysAllow, found "Never" (string)',
    ],
  ])('%#: %j', (manifest, problem) => {
    expect(plain(manifest)).toEqual([problem])
  })
})

describe('quotas and limits', () => {
  test('amounts are canonical; what is not counted is listed', () => {
    const given = quota({
      hard: { pods: 4, 'requests.cpu': '1000m', 'requests.nvidia.com/gpu': 4, 'requests.storage': '1024Gi' },
    })
    expect(object('ResourceQuota', given).spec.hard).toEqual({
      pods: '4',
      'requests.cpu': '1',
      'requests.nvidia.com/gpu': '4',
      'requests.storage': '1Ti',
    })
    expect(check(json(given)).ignored.map(renderIgnored)).toEqual([
      'ResourceQuota a: spec.hard["requests.nvidia.com/gpu"]: only numbers of objects, cpu, memory and storage are counted',
    ])
  })
  test.each([
    [
      'the limit is the maximum, the request the limit',
      { max: { cpu: 1 } },
      { default: { cpu: '1' }, defaultRequest: { cpu: '1' } },
    ],
    ['the request is the minimum without a limit', { min: { cpu: '100m' } }, { defaultRequest: { cpu: '100m' } }],
    [
      'what is given stays',
      { max: { cpu: 2 }, default: { cpu: 1 }, defaultRequest: { cpu: '100m' } },
      { default: { cpu: '1' }, defaultRequest: { cpu: '100m' } },
    ],
  ])('%s', (_, item, expected) => {
    const [filled] = object('LimitRange', inContainer(item)).spec.limits
    expect(filled).toMatchObject(expected)
    expect(Object.keys(filled!).sort()).toEqual(
      [...new Set([...Object.keys(item), ...Object.keys(expected), 'type'])].sort(),
    )
  })
  test('of a Pod nothing is made up', () => {
    const [filled] = object('LimitRange', limits({ type: 'Pod', max: { memory: '1024Mi' } })).spec.limits
    expect(filled).toEqual({ type: 'Pod', max: { memory: '1Gi' } })
  })
})
