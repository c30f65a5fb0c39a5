import { describe, expect, test } from 'vitest'
import { check, config, container, deployment, plain, pod, problems, service, withContainer } from './manifest.ts'

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
      'spec.containers[0].readinessProbe: expected one of exec, httpGet, tcpSocket or grpc, found none',
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
    [
      withContainer({ env: [{ name: 'A', valueFrom: { resourceFieldRef: { resource: 'limits.disk' } } }] }),
      'spec.containers[0].env[0].valueFrom.resourceFieldRef.resource: expected limits.cpu, limits.memory, requests.cpu or requests.memory, found "limits.disk" (string)',
    ],
    [
      withContainer({
        env: [{ name: 'A', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', containerName: 'x' } } }],
      }),
      'spec.containers[0].env[0].valueFrom.resourceFieldRef.containerName: expected web, found "x" (string)',
    ],
    [
      withContainer({ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.nme' } } }] }),
      "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: expected metadata.name, metadata.namespace, metadata.uid, spec.nodeName, spec.serviceAccountName, status.hostIP, status.hostIPs, status.podIP, status.podIPs, metadata.labels['KEY'] or metadata.annotations['KEY'], found \"metadata.nme\" (string)",
    ],
    [
      withContainer({ envFrom: [{ prefix: 'A=', secretRef: { name: 's' } }] }),
      'spec.containers[0].envFrom[0].prefix: expected a variable name of printable ASCII without "=", found "A=" (string)',
    ],
    [
      withContainer({ envFrom: [{ secretRef: { name: 'S' } }] }),
      'spec.containers[0].envFrom[0].secretRef.name: expected a name of lower-case letters, digits, "-" and ".", 253 at most, that begins and ends with a letter or digit, found "S" (string)',
    ],
    [
      withContainer({ securityContext: { capabilities: { add: ['NET ADMIN'] } } }),
      'spec.containers[0].securityContext.capabilities.add[0]: expected a capability like "NET_BIND_SERVICE", found "NET ADMIN" (string)',
    ],
    [
      withContainer({ securityContext: { allowPrivilegeEscalation: false, capabilities: { add: ['SYS_ADMIN'] } } }),
      'spec.containers[0].securityContext.allowPrivilegeEscalation: expected true for a container with SYS_ADMIN, found false (boolean)',
    ],
    [
      withContainer({ readinessProbe: { exec: { command: [] } } }),
      'spec.containers[0].readinessProbe.exec.command: expected a command, found nothing',
    ],
    [pod({ os: { name: 'windows' } }), 'spec.os.name: expected linux, found "windows" (string)'],
    [
      pod({ hostname: 'a.b' }),
      'spec.hostname: expected a name of lower-case letters, digits and "-", 63 at most, that begins and ends with a letter or digit, found "a.b" (string)',
    ],
    [
      deployment({ template: { metadata: { labels: { app: true } }, spec: { containers: [container] } } }),
      'spec.template.metadata.labels.app: expected a string, found true (boolean): put it in quotes',
    ],
    [
      deployment({ template: { spec: { containers: [container] } } }),
      'spec.template.metadata.labels: expected labels that spec.selector matches, found others',
    ],
    [service({}), 'spec.ports: expected at least one port, found none'],
    [
      service({
        ports: [
          { name: 'a', port: 80 },
          { name: 'b', port: 80 },
        ],
      }),
      'spec.ports[1].port: expected each port once, found 80/TCP again',
    ],
    [
      service({ ports: [{ port: 80, nodePort: 30_080 }] }),
      'spec.ports[0].nodePort: expected nothing for the type ClusterIP, found 30080 (number)',
    ],
    [
      service({ ports: [{ port: 80, targetPort: 'Http' }] }),
      'spec.ports[0].targetPort: expected a port name of lower-case letters, digits and single "-", 15 at most, with a letter in it, found "Http" (string)',
    ],
    [
      service({ type: 'ExternalName' }),
      'spec.externalName: expected a name of lower-case letters, digits, "-" and ".", 253 at most, that begins and ends with a letter or digit, found nothing',
    ],
    [
      service({ type: 'NodePort', clusterIP: 'None', ports: [{ port: 80 }] }),
      'spec.clusterIP: expected an address for the type NodePort, found "None" (string)',
    ],
    [
      service({ selector: { app: 'a b' }, ports: [{ port: 80 }] }),
      'spec.selector.app: expected a label value of letters, digits, "-", "_" and ".", 63 at most, that begins and ends with a letter or digit, found "a b" (string)',
    ],
    [
      JSON.parse(config('a', { data: { a: 'x' }, binaryData: { a: 'eA==' } })),
      'binaryData.a: expected another key than those of data, found it there too',
    ],
    [JSON.parse(config('a', { binaryData: { a: 'eA=' } })), 'binaryData.a: expected base64, found other text'],
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
      hostUsers: false
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
      'app.yaml:12 spec.template.spec.hostUsers',
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
