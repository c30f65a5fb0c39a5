import { describe, expect, test } from 'vitest'
import { check, deployment, json, object, service, withContainer } from './manifest.ts'

describe('defaults', () => {
  test('of a Deployment', () => {
    expect(object('Deployment', deployment())).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace: 'shop' },
      spec: {
        replicas: 1,
        revisionHistoryLimit: 10,
        progressDeadlineSeconds: 600,
        selector: { matchLabels: { app: 'web' } },
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: {
            containers: [
              {
                name: 'web',
                image: 'shop/web:1',
                imagePullPolicy: 'IfNotPresent',
                resources: {},
                terminationMessagePath: '/dev/termination-log',
                terminationMessagePolicy: 'File',
              },
            ],
            dnsPolicy: 'ClusterFirst',
            enableServiceLinks: true,
            restartPolicy: 'Always',
            schedulerName: 'default-scheduler',
            securityContext: {},
            terminationGracePeriodSeconds: 30,
          },
        },
      },
    })
  })
  test('Recreate has no rolling update; half of one is filled', () => {
    expect(object('Deployment', deployment({ strategy: { type: 'Recreate' } })).spec.strategy).toEqual({
      type: 'Recreate',
    })
    expect(object('Deployment', deployment({ strategy: { rollingUpdate: { maxSurge: 2 } } })).spec.strategy).toEqual({
      type: 'RollingUpdate',
      rollingUpdate: { maxSurge: 2, maxUnavailable: '25%' },
    })
  })
  test('of probes, where 0 counts as not set', () => {
    const readinessProbe = {
      timeoutSeconds: 0,
      periodSeconds: 0,
      successThreshold: 0,
      failureThreshold: 0,
      httpGet: { port: 80, path: '' },
    }
    expect(object('Pod', withContainer({ readinessProbe })).spec.containers[0]!.readinessProbe).toEqual({
      timeoutSeconds: 1,
      periodSeconds: 10,
      successThreshold: 1,
      failureThreshold: 3,
      httpGet: { port: 80, path: '/', scheme: 'HTTP' },
    })
  })
  test('requests follow limits, amounts are canonical', () => {
    const resources = { limits: { cpu: 0.5, memory: '1024Mi' }, requests: { cpu: '0.250' } }
    expect(object('Pod', withContainer({ resources })).spec.containers[0]!.resources).toEqual({
      limits: { cpu: '500m', memory: '1Gi' },
      requests: { cpu: '250m', memory: '1Gi' },
    })
  })
  test.each([
    ['ClusterIP', { internalTrafficPolicy: 'Cluster' }],
    ['NodePort', { internalTrafficPolicy: 'Cluster', externalTrafficPolicy: 'Cluster' }],
    [
      'LoadBalancer',
      { internalTrafficPolicy: 'Cluster', externalTrafficPolicy: 'Cluster', allocateLoadBalancerNodePorts: true },
    ],
  ])('of a Service of the type %s', (type, extra) => {
    expect(object('Service', service({ type, ports: [{ port: 80, targetPort: 0, nodePort: 0 }] })).spec).toEqual({
      type,
      sessionAffinity: 'None',
      ports: [{ port: 80, targetPort: 80, protocol: 'TCP' }],
      ...extra,
    })
  })
  test.each([
    ['nginx', 'Always'],
    ['nginx:latest', 'Always'],
    ['nginx:1.27', 'IfNotPresent'],
    ['registry:5000/nginx', 'Always'],
    ['registry:5000/nginx:1', 'IfNotPresent'],
    [`nginx@sha256:${'a'.repeat(64)}`, 'IfNotPresent'],
    [`nginx:latest@sha256:${'a'.repeat(64)}`, 'Always'],
  ])('pull policy of %s', (image, policy) => {
    expect(object('Pod', withContainer({ image })).spec.containers[0]!.imagePullPolicy).toBe(policy)
  })
  test('a document is not changed by being checked', () => {
    const text = json(deployment())
    const before = check(text)
    expect(check(text)).toEqual(before)
  })
})
