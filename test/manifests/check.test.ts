import { describe, expect, test } from 'vitest'
import { renderIgnored } from '../../src/manifests/check.ts'
import { renderProblem } from '../../src/manifests/problem.ts'
import { check, container, deployment, object, pod, problems, service } from './manifest.ts'

const json = (value: object) => JSON.stringify(value)
const config = (name: string, extra: object = {}) =>
  json({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, ...extra })
const secret = (extra: object) => json({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, ...extra })
/** Problems without `app.yaml:1: `, for manifests in one line. */
const plain = (value: object | string, options = {}) =>
  problems(typeof value === 'string' ? value : json(value), options).map((text) => text.replace(/^app\.yaml:\d+: /, ''))
const withContainer = (extra: object) => pod({ containers: [{ ...container, ...extra }] })

describe('Y11 names', () => {
  test.each([
    ['a/b', '"a/b"'],
    ['..', '".."'],
    ['x'.repeat(300), `"${'x'.repeat(60)}…"`],
    ['Web', '"Web"'],
    ['$(rm -rf)', '"$(rm -rf)"'],
    ['a\nb', '"a b"'],
    ['a\u001b[31m', '"a\\u{1b}[31m"'],
    ['😀', '"😀"'],
    ['-a', '"-a"'],
    ['', '""'],
    ['a\u202e', '"a\\u{202e}"'],
  ])('%j is refused, shown escaped and cut', (name, shown) => {
    expect(plain(config(name))).toEqual([
      `metadata.name: expected a name of lower-case letters, digits, "-" and ".", 253 at most, that begins and ends with a letter or digit, found ${shown} (string)`,
    ])
  })
  test('a number is no name', () => {
    expect(problems('apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: 12')).toEqual([
      'app.yaml:4: metadata.name: expected a string, found 12 (number): put it in quotes',
    ])
  })
  test('each kind has its rule', () => {
    expect(plain(json({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a.b' } })).join()).toContain(
      'expected a name',
    )
    expect(plain({ ...service({ ports: [{ port: 80 }] }), metadata: { name: '1a' } }).join()).toContain(
      'begins with a letter',
    )
    expect(plain(config('a.b'))).toEqual([])
    expect(plain(config('a', { metadata: { name: 'a', namespace: 'A' } })).join()).toContain(
      'metadata.namespace: expected a name',
    )
  })
  test('labels and annotations', () => {
    const metadata = {
      name: 'a',
      labels: { 'a b': 'c', d: '-', 'x.io/y': '' },
      annotations: { 'UPPER.example/ok': 'ok', 'a/b/c': 'x' },
    }
    expect(plain(config('a', { metadata })).map((text) => text.split(', ')[0])).toEqual([
      'metadata.annotations["a/b/c"]: expected a label key like "app" or "example.com/app"',
      'metadata.labels.d: expected a label value of letters',
      'metadata.labels["a b"]: expected a label key like "app" or "example.com/app"',
    ])
  })
})

describe('Y12 one object, one definition', () => {
  test('twice in one namespace is refused, naming both', () => {
    const other = config('a', { metadata: { name: 'a', namespace: 'shop' } })
    expect(problems(`${config('a')}\n---\n${other}`)).toEqual([
      'app.yaml:3: metadata.name: expected one definition of ConfigMap shop/a, found another one in app.yaml:1',
    ])
  })
  test('in two namespaces, or of two kinds, is fine', () => {
    const other = config('a', { metadata: { name: 'a', namespace: 'other' } })
    const { objects } = check(`${config('a')}\n---\n${other}\n---\n${secret({ metadata: { name: 'a' } })}`)
    expect([...objects.keys()]).toEqual(['shop/ConfigMap/a', 'other/ConfigMap/a', 'shop/Secret/a'])
  })
  test('namespaces belong to none', () => {
    const text = json({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'a', namespace: 'b' },
      spec: { finalizers: ['x'] },
    })
    const { objects, warnings } = check(text)
    expect([...objects.entries()].map(([key, { object }]) => [key, object])).toEqual([
      ['/Namespace/a', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' } }],
    ])
    expect(warnings.map(renderProblem)).toEqual([
      'app.yaml:1: metadata.namespace: a Namespace belongs to no namespace: ignored',
    ])
  })
})

describe('Y14 kinds', () => {
  const document = (apiVersion: string | undefined, kind: string | undefined) =>
    json({ apiVersion, kind, metadata: { name: 'x' } })
  test.each([
    ['v1', 'pod', 'kind: expected a kind that Kubernetes knows, found "pod": did you mean "Pod"?'],
    [
      'apps/v1',
      'Deploymnet',
      'kind: expected a kind that Kubernetes knows, found "Deploymnet": did you mean "Deployment"?',
    ],
    ['v1', 'Elephant', 'kind: expected a kind that Kubernetes knows, found "Elephant"'],
    ['v1', 'constructor', 'kind: expected a kind that Kubernetes knows, found "constructor"'],
    ['extensions/v1beta1', 'Deployment', 'apiVersion: expected apps/v1 for a Deployment, found "extensions/v1beta1"'],
    ['v2', 'Pod', 'apiVersion: expected v1 for a Pod, found "v2"'],
    [undefined, 'Pod', 'apiVersion: expected an apiVersion like "v1" or "apps/v1", found nothing'],
    ['v1', undefined, 'kind: expected a kind like "Deployment", found nothing'],
    [
      'berth.dev/v1',
      'Aplication',
      'kind: expected Engine or Application, found "Aplication": did you mean "Application"?',
    ],
    [
      'kustomize.config.k8s.io/v1beta1',
      'Component',
      'kind: expected plain manifests, found a kustomization: run `kustomize build` and commit its output',
    ],
  ])('%s %s is refused', (apiVersion, kind, problem) => {
    expect(plain(document(apiVersion, kind))).toEqual([problem])
  })
  test.each([
    ['networking.k8s.io/v1', 'Ingress', 'not run by this version of berth'],
    ['batch/v1', 'Job', 'not run by this version of berth'],
    ['apps/v1', 'StatefulSet', 'not run by this version of berth'],
    ['autoscaling/v2beta1', 'HorizontalPodAutoscaler', 'not run by this version of berth'],
    ['v1', 'ServiceAccount', 'there is no API server to give access to'],
    ['rbac.authorization.k8s.io/v1', 'ClusterRole', 'there is no API server to give access to'],
    ['apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'no controller runs for custom resources'],
    ['argoproj.io/v1alpha1', 'Application', 'a custom resource: no controller runs for it'],
    ['example.com/v1', 'Deployment', 'a custom resource: no controller runs for it'],
    ['gateway.networking.k8s.io/v1', 'HTTPRoute', 'a custom resource: no controller runs for it'],
    ['berth.dev/v1', 'Application', 'configures berth: give the file with -c'],
  ])('%s %s is ignored with a reason', (apiVersion, kind, reason) => {
    const { objects, problems, ignored } = check(document(apiVersion, kind))
    expect([objects.size, problems]).toEqual([0, []])
    expect(ignored.map(renderIgnored)).toEqual([`${kind} x: ${reason}`])
  })
})

describe('Y15 values', () => {
  const rolling = (rollingUpdate: object) => deployment({ strategy: { rollingUpdate } })
  test.each([
    [deployment({ replicas: 'three' }), 'spec.replicas: expected a whole number from 0, found "three" (string)'],
    [deployment({ replicas: -1 }), 'spec.replicas: expected a whole number from 0, found -1 (number)'],
    [deployment({ replicas: 1.5 }), 'spec.replicas: expected a whole number from 0, found 1.5 (number)'],
    [deployment({ paused: 'no' }), 'spec.paused: expected a boolean, found "no" (string)'],
    [deployment({ template: [] }), 'spec.template: expected a map, found a list'],
    [
      withContainer({ ports: [{ containerPort: '8080' }] }),
      'spec.containers[0].ports[0].containerPort: expected a whole number from 1 to 65535, found "8080" (string)',
    ],
    [
      withContainer({ ports: [{ containerPort: 0 }] }),
      'spec.containers[0].ports[0].containerPort: expected a whole number from 1 to 65535, found 0 (number)',
    ],
    [
      withContainer({ ports: [{ containerPort: 70_000 }] }),
      'spec.containers[0].ports[0].containerPort: expected a whole number from 1 to 65535, found 70000 (number)',
    ],
    [
      withContainer({ ports: [{ containerPort: 80, protocol: 'tcp' }] }),
      'spec.containers[0].ports[0].protocol: expected TCP, UDP or SCTP, found "tcp" (string): did you mean "TCP"?',
    ],
    [
      withContainer({ env: [{ name: 'A', value: 5 }] }),
      'spec.containers[0].env[0].value: expected a string, found 5 (number): put it in quotes',
    ],
    [
      withContainer({ env: [{ name: 'A', value: true }] }),
      'spec.containers[0].env[0].value: expected a string, found true (boolean): put it in quotes',
    ],
    [
      rolling({ maxSurge: 0, maxUnavailable: 0 }),
      'spec.strategy.rollingUpdate.maxUnavailable: expected more than 0 when maxSurge is 0: no pod could ever be replaced',
    ],
    [
      rolling({ maxSurge: '0%', maxUnavailable: 0 }),
      'spec.strategy.rollingUpdate.maxUnavailable: expected more than 0 when maxSurge is 0: no pod could ever be replaced',
    ],
    [
      rolling({ maxSurge: '100%%' }),
      'spec.strategy.rollingUpdate.maxSurge: expected a whole number from 0 or a percentage, found "100%%" (string)',
    ],
    [
      rolling({ maxUnavailable: '101%' }),
      'spec.strategy.rollingUpdate.maxUnavailable: expected a whole number from 0 or a percentage to 100%, found "101%" (string)',
    ],
    [
      rolling({ maxSurge: -1 }),
      'spec.strategy.rollingUpdate.maxSurge: expected a whole number from 0 or a percentage, found -1 (number)',
    ],
    [
      deployment({ strategy: { type: 'Recreate', rollingUpdate: { maxSurge: 1 } } }),
      'spec.strategy.rollingUpdate: expected nothing beside the type Recreate, found a map',
    ],
    [
      deployment({ minReadySeconds: 700 }),
      'spec.progressDeadlineSeconds: expected more than minReadySeconds, which is 700, found 600 (number)',
    ],
    [
      deployment({ minReadySeconds: 5, progressDeadlineSeconds: 5 }),
      'spec.progressDeadlineSeconds: expected more than minReadySeconds, which is 5, found 5 (number)',
    ],
    [
      deployment({ selector: { matchLabels: { app: 'other' } } }),
      'spec.template.metadata.labels: expected labels that spec.selector matches, found others',
    ],
    [deployment({ selector: {} }), 'spec.selector: expected at least one label, found none'],
    [
      deployment({ selector: { matchExpressions: [{ key: 'a', operator: 'In' }] } }),
      'spec.selector.matchExpressions[0].values: expected values for In',
    ],
    [
      deployment({}, { restartPolicy: 'Never' }),
      'spec.template.spec.restartPolicy: expected Always, found "Never" (string)',
    ],
    [
      withContainer({ resources: { limits: { cpu: '1.5.0' } } }),
      'spec.containers[0].resources.limits.cpu: expected a quantity like "500m" or "1Gi", found "1.5.0" (string)',
    ],
    [
      withContainer({ resources: { limits: { memory: '-1Gi' } } }),
      'spec.containers[0].resources.limits.memory: expected a quantity from 0, found "-1Gi" (string)',
    ],
    [
      withContainer({ resources: { limits: { cpu: 1 }, requests: { cpu: '1500m' } } }),
      'spec.containers[0].resources.requests.cpu: expected at most the limit "1", found "1500m" (string)',
    ],
    [
      withContainer({ image: 'Has Spaces' }),
      'spec.containers[0].image: expected an image reference like "registry.example.com/shop/web:1.2", found "Has Spaces" (string)',
    ],
    [pod({ containers: [] }), 'spec.containers: expected at least one container, found none'],
    [
      pod({ containers: [container, container] }),
      'spec.containers[1].name: expected another name for each container, found "web" again',
    ],
    [
      withContainer({ name: 'A' }),
      'spec.containers[0].name: expected a name of lower-case letters, digits and "-", 63 at most, that begins and ends with a letter or digit, found "A" (string)',
    ],
    [
      withContainer({ readinessProbe: { periodSeconds: 5 } }),
      'spec.containers[0].readinessProbe: expected one of exec, httpGet or tcpSocket, found none',
    ],
    [
      withContainer({ livenessProbe: { successThreshold: 2, exec: { command: ['a'] } } }),
      'spec.containers[0].livenessProbe.successThreshold: expected 1 for a livenessProbe, found 2 (number)',
    ],
    [
      withContainer({ livenessProbe: { tcpSocket: { port: 'http' } } }),
      'spec.containers[0].livenessProbe.tcpSocket.port: expected the name of a port of this container, found "http" (string): its ports have no names',
    ],
    [
      withContainer({ readinessProbe: { httpGet: { port: 0 } } }),
      'spec.containers[0].readinessProbe.httpGet.port: expected a port from 1 to 65535, found 0 (number)',
    ],
    [
      withContainer({
        ports: [
          { containerPort: 1, hostPort: 80 },
          { containerPort: 2, hostPort: 80 },
        ],
      }),
      'spec.containers[0].ports[1].hostPort: expected another host port, found 80 again',
    ],
    [
      withContainer({ ports: [{ name: 'Http', containerPort: 1 }] }),
      'spec.containers[0].ports[0].name: expected a port name of lower-case letters, digits and single "-", 15 at most, with a letter in it, found "Http" (string)',
    ],
    [
      withContainer({ ports: [{ hostIP: 'here', containerPort: 1 }] }),
      'spec.containers[0].ports[0].hostIP: expected an IP address, found "here" (string)',
    ],
    [
      withContainer({ env: [{ name: 'A=B', value: 'x' }] }),
      'spec.containers[0].env[0].name: expected a variable name of printable ASCII without "=", found "A=B" (string)',
    ],
    [
      withContainer({ env: [{ name: 'A', value: 'x', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }] }),
      'spec.containers[0].env[0]: expected value or valueFrom, found both',
    ],
    [
      withContainer({ env: [{ name: 'A', valueFrom: {} }] }),
      'spec.containers[0].env[0].valueFrom: expected one of configMapKeyRef, secretKeyRef, fieldRef or resourceFieldRef, found none',
    ],
    [
      withContainer({ env: [{ name: 'A', valueFrom: { configMapKeyRef: { key: 'a' } } }] }),
      'spec.containers[0].env[0].valueFrom.configMapKeyRef.name: expected a name, found nothing',
    ],
    [
      withContainer({ envFrom: [{}] }),
      'spec.containers[0].envFrom[0]: expected one of configMapRef or secretRef, found none',
    ],
    [
      withContainer({ securityContext: { privileged: true, allowPrivilegeEscalation: false } }),
      'spec.containers[0].securityContext.allowPrivilegeEscalation: expected true for a privileged container, found false (boolean)',
    ],
    [
      pod({ terminationGracePeriodSeconds: -1 }),
      'spec.terminationGracePeriodSeconds: expected a whole number from 0, found -1 (number)',
    ],
    [{ ...pod(), spec: undefined }, 'spec: expected a map, found nothing'],
  ])('%#: %j', (manifest, problem) => {
    expect(plain(manifest)).toEqual([problem])
  })

  test('a number too long for JSON in a field of numbers', () => {
    expect(
      problems(
        'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  priority: 9007199254740993\n  containers: [{name: a, image: b}]',
      ),
    ).toEqual(['app.yaml:5: spec.priority: expected a whole number to 2147483647, found 9007199254740993 (number)'])
  })
  test('NUL has no place in what a process is given', () => {
    expect(plain(withContainer({ env: [{ name: 'A', value: 'a\0' }] }))).toEqual([
      'spec.containers[0].env[0].value: expected text without NUL characters',
    ])
    expect(plain(withContainer({ args: ['a', 'b\0'] }))).toEqual([
      'spec.containers[0].args[1]: expected text without NUL characters',
    ])
  })
  test('all problems at once, of the shape and beyond', () => {
    const text = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: three
  replicass: 3
  minReadySeconds: 900
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: nope}}
    spec:
      hostNetwork: true
      containers:
      - name: web
        image: "no image"
        ports: [{containerPort: 99999}]
---
apiVersion: v1
kind: pod
metadata: {name: x}`
    expect(problems(text).map((line) => line.split(': ').slice(0, 2).join(' '))).toEqual([
      'app.yaml:4 spec.progressDeadlineSeconds',
      'app.yaml:5 spec.replicas',
      'app.yaml:6 spec.replicass',
      'app.yaml:10 spec.template.metadata.labels',
      'app.yaml:12 spec.template.spec.hostNetwork',
      'app.yaml:15 spec.template.spec.containers[0].image',
      'app.yaml:16 spec.template.spec.containers[0].ports[0].containerPort',
      'app.yaml:19 kind',
    ])
  })
  test('a flood of problems is cut, and counted', () => {
    const { problems } = check(Array.from({ length: 300 }, (_, i) => config(`X${i}`)).join('\n---\n'))
    expect(problems).toHaveLength(201)
    expect(problems.at(-1)!.message).toBe('and 100 more problems from here on')
  })
})

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

describe('Secrets', () => {
  test('stringData is merged into data, and wins', () => {
    expect(object('Secret', secret({ data: { a: 'YQ==', b: 'Yg==' }, stringData: { b: 'grün', c: '' } }))).toEqual({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's', namespace: 'shop' },
      type: 'Opaque',
      data: { a: 'YQ==', b: 'Z3LDvG4=', c: '' },
    })
  })
  test.each([
    [{ data: { a: 'hunter2!' } }, 'data.a: expected base64, found other text'],
    [{ data: { a: 1234 } }, 'data.a: expected a string, found a number: put it in quotes'],
    [{ stringData: { a: 1234 } }, 'stringData.a: expected a string, found a number: put it in quotes'],
    [
      { data: { 'a/b': '' } },
      'data["a/b"]: expected a key of letters, digits, "-", "_" and ".", 253 at most, found "a/b"',
    ],
    [
      { type: 'kubernetes.io/tls', data: { 'tls.crt': '' } },
      'data["tls.key"]: expected a value in a Secret of the type kubernetes.io/tls, found nothing',
    ],
  ])('%#: problems never show a value', (extra, problem) => {
    expect(plain(secret(extra))).toEqual([problem])
  })
  test('more than a mebibyte is refused, however it comes about', () => {
    const text = (times: number) =>
      `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: &a "${'x'.repeat(500_000)}"\n${'bcdefg'
        .slice(0, times)
        .replace(/./g, '  $&: *a\n')}`
    expect(problems(text(1))).toEqual([])
    expect(problems(text(2))).toEqual(['app.yaml:1: expected at most 1048576 bytes of data, found 1500000'])
  })
})

describe('accept with a condition', () => {
  test('fields without effect are listed, neutral values are not', () => {
    const spec = {
      tolerations: [{ operator: 'Exists' }],
      serviceAccountName: 'x',
      nodeSelector: {},
      affinity: {},
      priorityClassName: '',
    }
    const { ignored, problems } = check(json(deployment({ revisionHistoryLimit: 3 }, spec)))
    expect(problems).toEqual([])
    expect(ignored.map(renderIgnored)).toEqual([
      'Deployment web: spec.revisionHistoryLimit: the history is in Git',
      'Deployment web: spec.template.spec.tolerations: pods go to the host with room',
      'Deployment web: spec.template.spec.serviceAccountName: there is no API server to give access to',
    ])
  })
  test.each([
    [{ volumes: [{ name: 'a', emptyDir: {} }] }, 'spec.volumes'],
    [{ initContainers: [container] }, 'spec.initContainers'],
    [{ hostNetwork: true }, 'spec.hostNetwork'],
    [{ hostPID: true }, 'spec.hostPID'],
    [{ hostIPC: true }, 'spec.hostIPC'],
    [{ shareProcessNamespace: true }, 'spec.shareProcessNamespace'],
    [{ hostAliases: [{ ip: '1.2.3.4', hostnames: ['a'] }] }, 'spec.hostAliases'],
    [{ dnsPolicy: 'None' }, 'spec.dnsPolicy'],
    [{ dnsConfig: { nameservers: ['1.1.1.1'] } }, 'spec.dnsConfig'],
    [{ subdomain: 'a' }, 'spec.subdomain'],
    [{ activeDeadlineSeconds: 5 }, 'spec.activeDeadlineSeconds'],
    [{ securityContext: { fsGroup: 5 } }, 'spec.securityContext.fsGroup'],
    [{ securityContext: { sysctls: [{ name: 'a', value: 'b' }] } }, 'spec.securityContext.sysctls'],
    [
      { securityContext: { seccompProfile: { type: 'Localhost', localhostProfile: 'x' } } },
      'spec.securityContext.seccompProfile.type',
    ],
    [
      { containers: [{ ...container, volumeMounts: [{ name: 'a', mountPath: '/a' }] }] },
      'spec.containers[0].volumeMounts',
    ],
    [
      { containers: [{ ...container, lifecycle: { preStop: { exec: { command: ['a'] } } } }] },
      'spec.containers[0].lifecycle',
    ],
    [
      { containers: [{ ...container, readinessProbe: { grpc: { port: 1 } } }] },
      'spec.containers[0].readinessProbe.grpc',
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

describe('pod security', () => {
  const hard = {
    allowPrivilegeEscalation: false,
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
    capabilities: { drop: ['ALL'] },
  }
  const levels = ['privileged', 'baseline', 'restricted'] as const
  const allowed = (manifest: object) => levels.filter((podSecurity) => plain(manifest, { podSecurity }).length === 0)
  test.each([
    ['nothing asked for', {}, ['privileged', 'baseline']],
    ['hardened', { securityContext: hard }, ['privileged', 'baseline', 'restricted']],
    ['privileged', { securityContext: { privileged: true } }, ['privileged']],
    [
      'an ordinary capability',
      { securityContext: { ...hard, capabilities: { drop: ['all'], add: ['CAP_NET_BIND_SERVICE'] } } },
      ['privileged', 'baseline', 'restricted'],
    ],
    [
      'one that restricted does not want',
      { securityContext: { ...hard, capabilities: { drop: ['ALL'], add: ['CHOWN'] } } },
      ['privileged', 'baseline'],
    ],
    ['a strong one', { securityContext: { capabilities: { add: ['NET_ADMIN'] } } }, ['privileged']],
    ['a port of the host', { ports: [{ containerPort: 80, hostPort: 80 }] }, ['privileged']],
    ['no seccomp', { securityContext: { seccompProfile: { type: 'Unconfined' } } }, ['privileged']],
    ['root', { securityContext: { ...hard, runAsUser: 0 } }, ['privileged', 'baseline']],
  ])('%s', (_, extra, expected) => {
    expect(allowed(withContainer(extra))).toEqual(expected)
  })
  test('the message names the setting', () => {
    expect(plain(withContainer({ securityContext: { privileged: true } }), { podSecurity: 'baseline' })).toEqual([
      'spec.containers[0].securityContext.privileged: expected false, found true (boolean): podSecurity is baseline (Application: spec.security.podSecurity)',
    ])
  })
})

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
