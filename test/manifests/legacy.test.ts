import { describe, expect, test } from 'vitest'
import { renderProblem } from '../../src/manifests/problem.ts'
import type { Kind } from '../../src/manifests/types.ts'
import {
  autoscaler,
  budget,
  check,
  cronJob,
  daemonSet,
  deployment,
  job,
  json,
  plain,
  statefulSet,
  storageClass,
} from './manifest.ts'

/** The spec of the object that a manifest of an old version becomes. */
function spec(apiVersion: string, manifest: object): unknown {
  const { objects, problems } = check(json({ ...manifest, apiVersion }))
  expect(problems).toEqual([])
  const [located] = objects.values()
  return located && 'spec' in located.object ? located.object.spec : undefined
}

const { template } = deployment().spec
/** As people wrote them when the selector followed from the template. */
const unselected = { spec: { template } }
const selector = { matchLabels: { app: 'web' } }

const metadata = { name: 'web' }
const back = (serviceName: unknown, servicePort: unknown) => ({ serviceName, servicePort })
const oldIngress = {
  kind: 'Ingress',
  metadata,
  spec: {
    backend: back('all', 80),
    rules: [{ host: 'a.example' }, { http: { paths: [{ backend: back('web', 'http') }] } }],
  },
}

describe('old apiVersions', () => {
  test.each<[string, Kind, string, object]>([
    ['extensions/v1beta1', 'Deployment', 'apps/v1', deployment()],
    ['apps/v1beta1', 'Deployment', 'apps/v1', deployment()],
    ['apps/v1beta2', 'Deployment', 'apps/v1', deployment()],
    ['extensions/v1beta1', 'ReplicaSet', 'apps/v1', deployment()],
    ['apps/v1beta2', 'ReplicaSet', 'apps/v1', deployment()],
    ['extensions/v1beta1', 'DaemonSet', 'apps/v1', daemonSet()],
    ['apps/v1beta2', 'DaemonSet', 'apps/v1', daemonSet()],
    ['apps/v1beta1', 'StatefulSet', 'apps/v1', statefulSet()],
    ['apps/v1beta2', 'StatefulSet', 'apps/v1', statefulSet()],
    ['extensions/v1beta1', 'Job', 'batch/v1', job()],
    ['batch/v1beta1', 'CronJob', 'batch/v1', cronJob()],
    ['batch/v2alpha1', 'CronJob', 'batch/v1', cronJob()],
    ['policy/v1beta1', 'PodDisruptionBudget', 'policy/v1', budget({ selector, minAvailable: 1 })],
    ['autoscaling/v1', 'HorizontalPodAutoscaler', 'autoscaling/v2', autoscaler()],
    ['autoscaling/v2beta1', 'HorizontalPodAutoscaler', 'autoscaling/v2', autoscaler()],
    ['autoscaling/v2beta2', 'HorizontalPodAutoscaler', 'autoscaling/v2', autoscaler()],
    ['storage.k8s.io/v1beta1', 'StorageClass', 'storage.k8s.io/v1', storageClass()],
    ['extensions/v1beta1', 'Ingress', 'networking.k8s.io/v1', oldIngress],
    ['networking.k8s.io/v1beta1', 'Ingress', 'networking.k8s.io/v1', oldIngress],
    ['networking.k8s.io/v1beta1', 'IngressClass', 'networking.k8s.io/v1', { metadata, spec: { controller: 'a.b/c' } }],
    ['extensions/v1beta1', 'NetworkPolicy', 'networking.k8s.io/v1', { metadata, spec: { podSelector: {} } }],
  ])('%s %s is read as %s %s, with a warning', (apiVersion, kind, today, manifest) => {
    const { objects, problems, warnings } = check(json({ ...manifest, kind, apiVersion }))
    expect([problems, [...objects.values()].map(({ object }) => object.apiVersion)]).toEqual([[], [today]])
    expect(warnings.map(renderProblem)).toEqual([`app.yaml:1: apiVersion: an old version: read as ${today}`])
  })
  test.each([['extensions/v1beta1', 'PodSecurityPolicy']])('%s %s is ignored', (apiVersion, kind) => {
    const { problems, ignored } = check(json({ apiVersion, kind, metadata: { name: 'a' }, spec: {} }))
    expect([problems, ignored.length]).toEqual([[], 1])
  })
  test('an old Ingress names its services in one map each, and matches paths as the controller likes', () => {
    expect(spec('extensions/v1beta1', oldIngress)).toMatchObject({
      defaultBackend: { service: { name: 'all', port: { number: 80 } } },
      rules: [
        { host: 'a.example' },
        {
          http: {
            paths: [
              { pathType: 'ImplementationSpecific', backend: { service: { name: 'web', port: { name: 'http' } } } },
            ],
          },
        },
      ],
    })
  })
  test('the selector is made of the labels of the template', () => {
    expect(spec('extensions/v1beta1', { ...deployment(), ...unselected })).toMatchObject({ selector })
    expect(spec('apps/v1beta1', { ...deployment(), ...unselected })).toMatchObject({ selector })
    expect(spec('extensions/v1beta1', { ...deployment(), ...unselected, kind: 'ReplicaSet' })).toMatchObject({
      selector,
    })
    expect(spec('extensions/v1beta1', { ...daemonSet(), ...unselected })).toMatchObject({ selector })
    expect(spec('apps/v1beta1', { ...statefulSet(), ...unselected })).toMatchObject({ selector })
    expect(plain({ ...deployment(), ...unselected, apiVersion: 'apps/v1beta2' })).toEqual([
      'spec.selector: expected a map, found nothing',
    ])
  })
  test('a Deployment of extensions rolls one by one and has no deadline', () => {
    const one = { maxSurge: 1, maxUnavailable: 1 }
    expect(spec('extensions/v1beta1', deployment())).toMatchObject({
      progressDeadlineSeconds: 2_147_483_647,
      strategy: { type: 'RollingUpdate', rollingUpdate: one },
    })
    const strategy = { rollingUpdate: { maxSurge: 3 } }
    expect(spec('extensions/v1beta1', deployment({ strategy, rollbackTo: { revision: 1 } }))).toMatchObject({
      strategy: { rollingUpdate: { maxSurge: 3, maxUnavailable: 1 } },
    })
    expect(spec('extensions/v1beta1', deployment({ strategy: { type: 'Recreate' } }))).toMatchObject({
      strategy: { type: 'Recreate' },
    })
    expect(spec('apps/v1beta1', deployment())).toMatchObject({ strategy: { rollingUpdate: { maxSurge: '25%' } } })
  })
  test('pods of the oldest sets are replaced when they are deleted', () => {
    const onDelete = { updateStrategy: { type: 'OnDelete' } }
    expect(spec('extensions/v1beta1', daemonSet({ templateGeneration: 5 }))).toMatchObject(onDelete)
    expect(spec('apps/v1beta1', statefulSet())).toMatchObject(onDelete)
    expect(spec('apps/v1beta2', statefulSet())).toMatchObject({ updateStrategy: { type: 'RollingUpdate' } })
    const rolling = { updateStrategy: { type: 'RollingUpdate' } }
    expect(spec('extensions/v1beta1', daemonSet(rolling))).toMatchObject(rolling)
  })
  test('an empty selector of a budget selects nothing', () => {
    expect(spec('policy/v1beta1', budget({ selector: {}, maxUnavailable: 1 }))).toEqual({ maxUnavailable: 1 })
    expect(spec('policy/v1', budget({ selector: {}, maxUnavailable: 1 }))).toEqual({ maxUnavailable: 1, selector: {} })
  })
})

describe('old autoscalers', () => {
  const cpu = (averageUtilization: number) => ({
    metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } }],
  })
  test('with the share of the cpu', () => {
    expect(spec('autoscaling/v1', autoscaler({ targetCPUUtilizationPercentage: 60 }))).toMatchObject(cpu(60))
    expect(spec('autoscaling/v1', autoscaler())).toMatchObject(cpu(80))
    const { scaleTargetRef: scaleRef, ...rest } = autoscaler().spec
    const oldest = {
      ...rest,
      scaleRef: { ...scaleRef, subresource: 'scale' },
      cpuUtilization: { targetPercentage: 70 },
    }
    expect(spec('extensions/v1beta1', { ...autoscaler(), spec: oldest })).toMatchObject({
      ...cpu(70),
      scaleTargetRef: { kind: 'Deployment', name: 'web' },
    })
  })
  test('with metrics whose parts stood side by side', () => {
    const matchLabels = { queue: 'mail' }
    const described = { kind: 'Service', name: 'web' }
    const metrics = [
      { type: 'Resource', resource: { name: 'cpu', targetAverageUtilization: 50 } },
      { type: 'Resource', resource: { name: 'memory', targetAverageValue: '100Mi' } },
      { type: 'Pods', pods: { metricName: 'hits', targetAverageValue: 10 } },
      { type: 'Object', object: { metricName: 'hits', target: described, targetValue: 5 } },
      { type: 'External', external: { metricName: 'jobs', metricSelector: { matchLabels }, targetAverageValue: 30 } },
    ]
    expect(spec('autoscaling/v2beta1', autoscaler({ metrics }))).toMatchObject({
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
        { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '100Mi' } } },
        { type: 'Pods', pods: { metric: { name: 'hits' }, target: { type: 'AverageValue', averageValue: '10' } } },
        {
          type: 'Object',
          object: { metric: { name: 'hits' }, describedObject: described, target: { type: 'Value', value: '5' } },
        },
        {
          type: 'External',
          external: {
            metric: { name: 'jobs', selector: { matchLabels } },
            target: { type: 'AverageValue', averageValue: '30' },
          },
        },
      ],
    })
  })
})

describe('problems of old documents lead to the file as it is written', () => {
  const lines = (text: string) => check(text).problems.map(renderProblem)
  test('a number that went into a metric', () => {
    const text = `apiVersion: autoscaling/v1
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  maxReplicas: 3
  scaleTargetRef: {kind: Deployment, name: web}
  targetCPUUtilizationPercentage: 0`
    expect(lines(text)).toEqual([
      'app.yaml:7: spec.targetCPUUtilizationPercentage: expected a whole number from 1, found 0 (number)',
    ])
  })
  test('a target of a metric', () => {
    const text = `apiVersion: autoscaling/v2beta1
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  maxReplicas: 3
  scaleTargetRef: {kind: Deployment, name: web}
  metrics:
  - type: Pods
    pods:
      metricName: hits
      targetAverageValue: none`
    expect(lines(text)).toEqual([
      'app.yaml:11: spec.metrics[0].pods.targetAverageValue: expected a quantity above 0, found "none" (string)',
    ])
  })
  test('services of an old Ingress', () => {
    const text = `apiVersion: networking.k8s.io/v1beta1
kind: Ingress
metadata: {name: web}
spec:
  backend:
    serviceName: [a]
    servicePort: 80
  rules:
    - http:
        paths:
          - path: /
            backend:
              serviceName: web
              servicePort: 99999`
    expect(lines(text).map((line) => line.replace(/: expected.*/, ''))).toEqual([
      'app.yaml:6: spec.backend.serviceName',
      'app.yaml:14: spec.rules[0].http.paths[0].backend.servicePort',
    ])
  })
  test('labels that became a selector', () => {
    const text = `apiVersion: extensions/v1beta1
kind: Deployment
metadata: {name: web}
spec:
  template:
    metadata:
      labels: {app: a b}
    spec: {containers: [{name: web, image: a}]}`
    expect(lines(text).every((line) => line.startsWith('app.yaml:7: spec.template.metadata.labels.app: '))).toBe(true)
  })
  test('a document that makes no sense is no trouble', () => {
    for (const [apiVersion, kind] of [
      ['extensions/v1beta1', 'Deployment'],
      ['apps/v1beta1', 'StatefulSet'],
      ['policy/v1beta1', 'PodDisruptionBudget'],
      ['autoscaling/v1', 'HorizontalPodAutoscaler'],
      ['autoscaling/v2beta1', 'HorizontalPodAutoscaler'],
      ['extensions/v1beta1', 'HorizontalPodAutoscaler'],
      ['extensions/v1beta1', 'Ingress'],
    ]) {
      for (const spec of [undefined, 5, [], 'a', { metrics: 5, template: [], selector: 'a', updateStrategy: 3 }]) {
        expect(plain({ apiVersion, kind, metadata, spec }).length).toBeGreaterThan(0)
      }
    }
  })
})
