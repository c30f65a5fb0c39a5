import { describe, expect, test } from 'vitest'
import { renderIgnored } from '../../src/manifests/check.ts'
import { check, container, deployment, json, object, plain, pod, service, withContainer } from './manifest.ts'

describe('Y16 fields', () => {
  test.each([
    [
      deployment({ replicass: 3 }),
      'spec.replicass: expected a known field, found "replicass": did you mean "replicas"?',
    ],
    [deployment({ serviceName: 'x' }), 'spec.serviceName: expected a known field, found "serviceName"'],
    [
      withContainer({ imagePullPolice: 'Always' }),
      'spec.containers[0].imagePullPolice: expected a known field, found "imagePullPolice": did you mean "imagePullPolicy"?',
    ],
    [{ ...pod(), replicas: 1 }, 'replicas: expected a known field, found "replicas"'],
    [withContainer({ 'a\u001b': 1 }), 'spec.containers[0]["a\\u001b"]: expected a known field, found "a\\u{1b}"'],
  ])('%#: unknown', (manifest, problem) => {
    expect(plain(manifest)).toEqual([problem])
  })
  test('what a cluster keeps is ignored with a warning', () => {
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': '{}', keep: 'me' }
    const metadata = {
      name: 'one',
      uid: 'x',
      resourceVersion: '1',
      creationTimestamp: null,
      managedFields: [],
      annotations,
    }
    const { objects, problems, warnings } = check(json({ ...pod(), metadata, status: { phase: 'Running' } }))
    expect(problems).toEqual([])
    expect(warnings.map(({ path }) => path)).toEqual([
      'status',
      'metadata.managedFields',
      'metadata.resourceVersion',
      'metadata.uid',
      'metadata.annotations["kubectl.kubernetes.io/last-applied-configuration"]',
    ])
    const [{ object } = { object: undefined }] = objects.values()
    expect(object!.metadata).toEqual({ name: 'one', namespace: 'shop', annotations: { keep: 'me' } })
  })
  test('null stands for nothing, and in maps of texts for the empty text', () => {
    const text =
      'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  annotations:\n  labels:\n    x:\ndata:\n  KEY:\nbinaryData:\n'
    expect(object('ConfigMap', text)).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a', namespace: 'shop', labels: { x: '' } },
      data: { KEY: '' },
    })
  })
  test('an empty text stands for nothing where a word is wanted', () => {
    const { imagePullPolicy, ports } = object(
      'Pod',
      withContainer({ imagePullPolicy: '', ports: [{ containerPort: 1, protocol: '' }] }),
    ).spec.containers[0]!
    expect([imagePullPolicy, ports]).toEqual(['IfNotPresent', [{ containerPort: 1, protocol: 'TCP' }]])
    expect(object('Pod', pod({ restartPolicy: '' })).spec.restartPolicy).toBe('Always')
  })
  test('null in a list is not nothing', () => {
    expect(plain(withContainer({ args: [null] }))).toEqual([
      'spec.containers[0].args[0]: expected a string, found nothing',
    ])
  })
})

test('Y17 what is missing elsewhere is no fault of a file', () => {
  const env = [{ name: 'A', valueFrom: { secretKeyRef: { name: 'nowhere', key: 'a' } } }]
  const waiting = withContainer({ envFrom: [{ configMapRef: { name: 'nowhere' } }], env })
  const selecting = service({ selector: { app: 'nowhere' }, ports: [{ port: 80 }] })
  const own = { apiVersion: 'v1', kind: 'Pod', name: 'one', uid: '1' }
  const loop = { ...pod(), metadata: { name: 'loop', ownerReferences: [own] } }
  const { objects, problems } = check([waiting, selecting, loop].map(json).join('\n---\n'))
  expect([problems, [...objects.keys()]]).toEqual([[], ['shop/Pod/one', 'shop/Service/web', 'shop/Pod/loop']])
})

describe('accept with a condition', () => {
  test('fields without effect are listed, neutral values are not', () => {
    const spec = {
      schedulerName: 'mine',
      serviceAccountName: 'x',
      nodeSelector: {},
      affinity: {},
      priorityClassName: '',
    }
    const { ignored, problems } = check(json(deployment({ revisionHistoryLimit: 3 }, spec)))
    expect(problems).toEqual([])
    expect(ignored.map(renderIgnored)).toEqual([
      'Deployment web: spec.revisionHistoryLimit: the history is in Git',
      'Deployment web: spec.template.spec.schedulerName: there is one scheduler',
      'Deployment web: spec.template.spec.serviceAccountName: there is no API server to give access to',
    ])
  })
  test.each([
    [{ volumes: [{ name: 'a', image: { reference: 'a:1' } }] }, 'spec.volumes[0].image'],
    [{ volumes: [{ name: 'a', gcePersistentDisk: { pdName: 'a' } }] }, 'spec.volumes[0].gcePersistentDisk'],
    [{ volumes: [{ name: 'a', emptyDir: { medium: 'HugePages' } }] }, 'spec.volumes[0].emptyDir.medium'],
    [{ ephemeralContainers: [{ name: 'a' }] }, 'spec.ephemeralContainers'],
    [{ hostUsers: false }, 'spec.hostUsers'],
    [{ readinessGates: [{ conditionType: 'a' }] }, 'spec.readinessGates'],
    [{ resources: { limits: { cpu: 1 } } }, 'spec.resources'],
    [{ schedulingGates: [{ name: 'a' }] }, 'spec.schedulingGates'],
    [{ securityContext: { seLinuxOptions: { level: 'a' } } }, 'spec.securityContext.seLinuxOptions'],
    [{ securityContext: { supplementalGroupsPolicy: 'Strict' } }, 'spec.securityContext.supplementalGroupsPolicy'],
    [
      { securityContext: { seccompProfile: { type: 'Localhost', localhostProfile: 'x' } } },
      'spec.securityContext.seccompProfile.type',
    ],
    [
      { containers: [{ ...container, securityContext: { procMount: 'Unmasked' } }] },
      'spec.containers[0].securityContext.procMount',
    ],
    [{ containers: [{ ...container, restartPolicy: 'Always' }] }, 'spec.containers[0].restartPolicy'],
    [
      { containers: [{ ...container, volumeDevices: [{ name: 'a', devicePath: '/a' }] }] },
      'spec.containers[0].volumeDevices',
    ],
    [
      { containers: [{ ...container, lifecycle: { stopSignal: 'SIGUSR1' } }] },
      'spec.containers[0].lifecycle.stopSignal',
    ],
    [
      { containers: [{ ...container, resources: { limits: { 'nvidia.com/gpu': 1 } } }] },
      'spec.containers[0].resources.limits["nvidia.com/gpu"]',
    ],
  ])('%#: what changes behaviour and cannot be honoured is refused: %j', (spec, path) => {
    const found = plain(pod(spec))
    expect(found).toHaveLength(1)
    expect(found[0]).toMatch(/not supported by this version of berth/)
    expect(found[0]!.startsWith(`${path}: `)).toBe(true)
  })
})
