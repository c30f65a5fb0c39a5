// One row for each way in which a pull request could reach for what is not its own: refused, left out, or without harm as it is.
import { expect, test } from 'vitest'
import { renderIgnored } from '../../src/manifests/check.ts'
import { renderProblem } from '../../src/manifests/problem.ts'
import { isolated } from '../../src/preview/isolate.ts'
import { check } from '../manifests/manifest.ts'
import { previewRules } from './isolated.ts'

const quota = { pods: '20', 'limits.cpu': '4', 'limits.memory': '4Gi' }

/** All that is said of a manifest in the preview of a stranger, at the level `baseline`. */
function said(text: string): string[] {
  const checked = check(text, { podSecurity: 'baseline' })
  const inside = isolated(checked.objects, { ...previewRules, quota, untrusted: true })
  return [
    ...[...checked.problems, ...inside.problems].map((problem) => `refused ${renderProblem(problem)}`),
    ...[...checked.ignored, ...inside.ignored].map((ignored) => `left out ${renderIgnored(ignored)}`),
  ].map((line) => line.replace(/app\.yaml:\d+: /, ''))
}

const main = 'name: main, image: "a:1"'
const pod = (spec: string) =>
  `{ apiVersion: v1, kind: Pod, metadata: { name: p }, spec: { containers: [{ ${main} }], ${spec} } }`
const container = (more: string, spec = '') =>
  `{ apiVersion: v1, kind: Pod, metadata: { name: p }, spec: { containers: [{ ${main}, ${more} }]${spec} } }`
const volume = (source: string) => pod(`volumes: [{ name: v, ${source} }]`)
const annotated = (kind: string, annotations: string) =>
  `{ apiVersion: v1, kind: ${kind}, metadata: { name: p, annotations: { ${annotations} } } }`
const claim = (annotations: string) =>
  `metadata: { name: data, annotations: { ${annotations} } }, spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }`
const service = (spec: string) => `{ apiVersion: v1, kind: Service, metadata: { name: s }, spec: { ${spec} } }`
const other = (apiVersion: string, kind: string) =>
  `{ apiVersion: ${apiVersion}, kind: ${kind}, metadata: { name: x } }`
const ingress = (spec: string) =>
  `{ apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: { name: i }, spec: { ${spec} } }`

test.each([
  ['a socket of Docker', volume('hostPath: { path: /var/run/docker.sock }'), 'refused spec.volumes[0].hostPath'],
  ['a share', volume('nfs: { server: nas, path: / }'), 'refused spec.volumes[0].nfs'],
  ['a disk', volume('iscsi: { targetPortal: a, iqn: b, lun: 0 }'), 'refused spec.volumes[0].iscsi'],
  ['a driver', volume('csi: { driver: a }'), 'refused spec.volumes[0].csi'],
  ['another image', volume('image: { reference: "a:1" }'), 'refused spec.volumes[0].image'],
  ['a repository', volume('gitRepo: { repository: "https://a" }'), 'refused spec.volumes[0].gitRepo'],
  ['a path out of a volume', volume('configMap: { name: c, items: [{ key: k, path: ../x }] }'), 'without ".."'],
  [
    'a path out of a projection',
    volume('downwardAPI: { items: [{ path: /x, fieldRef: { fieldPath: metadata.name } }] }'),
    'refused spec.volumes[0].downwardAPI',
  ],
  [
    'the address of the host as a file',
    volume('downwardAPI: { items: [{ path: x, fieldRef: { fieldPath: status.hostIP } }] }'),
    'refused spec.volumes[0].downwardAPI',
  ],
  [
    'a token',
    volume('projected: { sources: [{ serviceAccountToken: { path: t } }] }'),
    'left out Pod p: spec.volumes[0].projected.sources[0].serviceAccountToken',
  ],
  [
    'a subPath out of a volume',
    container(
      'volumeMounts: [{ name: v, mountPath: /x, subPath: ../../etc }]',
      ', volumes: [{ name: v, emptyDir: {} }]',
    ),
    'refused spec.containers[0].volumeMounts[0].subPath',
  ],
  [
    'options in a mount path',
    container('volumeMounts: [{ name: v, mountPath: "/x:rw" }]', ', volumes: [{ name: v, emptyDir: {} }]'),
    'without ":"',
  ],
  [
    'mounts for the host',
    container(
      'volumeMounts: [{ name: v, mountPath: /x, mountPropagation: Bidirectional }]',
      ', volumes: [{ name: v, emptyDir: {} }]',
    ),
    'expected a privileged container for Bidirectional',
  ],
  [
    'a device',
    container('volumeDevices: [{ name: v, devicePath: /dev/sda }]', ', volumes: [{ name: v, emptyDir: {} }]'),
    'refused spec.containers[0].volumeDevices',
  ],
  [
    'privileges',
    container('securityContext: { privileged: true }'),
    'refused spec.containers[0].securityContext.privileged',
  ],
  ['a capability', container('securityContext: { capabilities: { add: [SYS_ADMIN] } }'), 'found "SYS_ADMIN"'],
  ['all capabilities', container('securityContext: { capabilities: { add: [cap_all] } }'), 'found "cap_all"'],
  [
    'a bare /proc',
    container('securityContext: { procMount: Unmasked }'),
    'refused spec.containers[0].securityContext.procMount',
  ],
  [
    'system calls',
    container('securityContext: { seccompProfile: { type: Unconfined } }'),
    'refused spec.containers[0].securityContext.seccompProfile',
  ],
  [
    'a profile of the host',
    container('securityContext: { seccompProfile: { type: Localhost, localhostProfile: a.json } }'),
    'refused spec.containers[0].securityContext.seccompProfile',
  ],
  [
    'no AppArmor',
    container('securityContext: { appArmorProfile: { type: Unconfined } }'),
    'refused spec.containers[0].securityContext.appArmorProfile',
  ],
  [
    'another SELinux type',
    container('securityContext: { seLinuxOptions: { type: spc_t } }'),
    'refused spec.containers[0].securityContext.seLinuxOptions',
  ],
  [
    'a process of the host',
    container('securityContext: { windowsOptions: { hostProcess: true } }'),
    'refused spec.containers[0].securityContext.windowsOptions',
  ],
  [
    'settings of the kernel',
    pod('securityContext: { sysctls: [{ name: kernel.msgmax, value: "1" }] }'),
    'refused spec.securityContext.sysctls',
  ],
  ['the network of the host', pod('hostNetwork: true'), 'refused spec.hostNetwork'],
  ['the processes of the host', pod('hostPID: true'), 'refused spec.hostPID'],
  ['the memory of the host', pod('hostIPC: true'), 'refused spec.hostIPC'],
  ['users of its own', pod('hostUsers: false'), 'refused spec.hostUsers'],
  [
    'a container for debugging',
    pod('ephemeralContainers: [{ name: e, image: "a:1", securityContext: { privileged: true } }]'),
    'refused spec.ephemeralContainers',
  ],
  ['a device by claim', pod('resourceClaims: [{ name: gpu, resourceClaimName: a }]'), 'refused spec.resourceClaims'],
  [
    'a device by number',
    container('resources: { limits: { nvidia.com/gpu: 1 } }'),
    'refused spec.containers[0].resources.limits',
  ],
  [
    'a probe of the host',
    container('livenessProbe: { httpGet: { port: 2375, host: 127.0.0.1 } }'),
    'expected the pod itself, found "127.0.0.1"',
  ],
  [
    'a probe of others',
    container('readinessProbe: { tcpSocket: { port: 5432, host: 10.244.0.9 } }'),
    'expected the pod itself',
  ],
  [
    'a hook to others',
    container('lifecycle: { preStop: { httpGet: { port: 80, host: api.shop } } }'),
    'expected the pod itself',
  ],
  ['flags as an image', container('command: [a]').replace('"a:1"', '"-v /:/host a"'), 'expected an image reference'],
  ['a variable with "="', container('env: [{ name: "A=B", value: c }]'), 'expected a variable name'],
  [
    'a ConfigMap elsewhere',
    container('envFrom: [{ configMapRef: { name: ../shop/c } }]'),
    'refused spec.containers[0].envFrom[0].configMapRef.name',
  ],
  [
    'a Secret elsewhere',
    container('env: [{ name: A, valueFrom: { secretKeyRef: { name: shop/s, key: k } } }]'),
    'refused spec.containers[0].env[0].valueFrom.secretKeyRef.name',
  ],
  ['pull secrets', pod('imagePullSecrets: [{ name: registry }]'), 'left out Pod p: spec.imagePullSecrets'],
  ['an account', pod('serviceAccountName: admin'), 'left out Pod p: spec.serviceAccountName'],
  [
    'a class that goes first',
    pod('priorityClassName: system-node-critical'),
    'left out Pod p: spec.priorityClassName: nothing is preempted',
  ],
  [
    'a line in /etc/hosts',
    pod('hostAliases: [{ ip: 1.1.1.1, hostnames: ["a\\n2.2.2.2 b"] }]'),
    'refused spec.hostAliases[0].hostnames[0]',
  ],
  [
    'a line in resolv.conf',
    pod('dnsConfig: { searches: ["a\\nnameserver 1.1.1.1"] }'),
    'refused spec.dnsConfig.searches[0]',
  ],
  ['an hour to end', pod('terminationGracePeriodSeconds: 3600'), 'left out Pod p: spec.terminationGracePeriodSeconds'],
  [
    'a thousand volumes',
    pod(`volumes: [${Array.from({ length: 1000 }, (_, at) => `{ name: v${at}, emptyDir: {} }`)}]`),
    'expected at most 100 volumes in a pod of a preview, found 1000',
  ],
  ['a pod of a megabyte', container(`args: ["${'x'.repeat(900_000)}"]`), 'expected a pod of at most 131072 characters'],
  [
    'all memory',
    volume('emptyDir: { medium: Memory, sizeLimit: 900Gi }'),
    'left out Pod p: spec.volumes[0].emptyDir.sizeLimit',
  ],
  ['huge annotations', annotated('ConfigMap', `a: "${'x'.repeat(300_000)}"`), 'expected at most 262144 characters'],
  [
    'a wave beyond all',
    annotated('ConfigMap', 'berth.dev/wave: "99999999999999999999"'),
    'refused metadata.annotations["berth.dev/wave"]',
  ],
  ['a hook on another kind', annotated('ConfigMap', 'berth.dev/preview-hook: create'), 'expected it on a Job'],
  [
    'data of production',
    `{ apiVersion: v1, kind: PersistentVolumeClaim, ${claim('berth.dev/seeded-from: shop/data-db-0')} }`,
    'as berth alone writes it',
  ],
  [
    'data of production by template',
    `{ apiVersion: apps/v1, kind: StatefulSet, metadata: { name: db }, spec: { serviceName: db, selector: { matchLabels: { app: a } }, template: { metadata: { labels: { app: a } }, spec: { containers: [{ ${main} }] } }, volumeClaimTemplates: [{ ${claim('berth.dev/seeded-from: shop/data-db-0')} }] } }`,
    'as berth alone writes it',
  ],
  ['a namespace of the cluster', pod('').replace('name: p', 'name: p, namespace: kube-system'), 'found "kube-system"'],
  [
    'the namespace of another preview',
    pod('').replace('name: p', 'name: p, namespace: shop-pr-8'),
    'found "shop-pr-8"',
  ],
  ['Markdown as a name', pod('').replace('name: p', 'name: "<!-- @all -->"'), 'refused metadata.name'],
  [
    'its own limits',
    '{ apiVersion: v1, kind: ResourceQuota, metadata: { name: berth-preview }, spec: { hard: { pods: "999" } } }',
    'left out ResourceQuota berth-preview',
  ],
  [
    'its own policy',
    '{ apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: { name: berth-preview }, spec: { podSelector: {} } }',
    'is berth’s own in a preview',
  ],
  [
    'another namespace by policy',
    '{ apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: { name: open }, spec: { podSelector: {}, policyTypes: [Egress], egress: [{ to: [{ namespaceSelector: {} }] }] } }',
    'a preview reaches no other namespace',
  ],
  [
    'an address of production',
    '{ apiVersion: v1, kind: Endpoints, metadata: { name: s }, subsets: [{ addresses: [{ ip: 10.244.1.2 }], ports: [{ port: 5432 }] }] }',
    'left out Endpoints s: a preview does not lead to written addresses',
  ],
  [
    'a slice of production',
    '{ apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: { name: s, labels: { kubernetes.io/service-name: web } }, addressType: IPv4, endpoints: [{ addresses: [10.244.1.2] }], ports: [{ port: 5432 }] }',
    'left out EndpointSlice s: a preview does not lead to written addresses',
  ],
  [
    'addresses of hosts',
    service('ports: [{ port: 80 }], externalIPs: [192.0.2.1]'),
    'left out Service s: spec.externalIPs',
  ],
  [
    'an address of its choice',
    service('ports: [{ port: 80 }], clusterIP: 10.96.0.20'),
    'left out Service s: spec.clusterIP',
  ],
  [
    'a node port of its choice',
    service('type: NodePort, ports: [{ port: 80, nodePort: 30080 }]'),
    'left out Service s: spec.ports: a preview is given node ports of its own',
  ],
  [
    'all node ports',
    service(`type: NodePort, ports: [${Array.from({ length: 21 }, (_, at) => `{ name: p${at}, port: ${at + 1} }`)}]`),
    'expected at most 20 node ports in a preview',
  ],
  [
    'the port of a balancer',
    service('type: LoadBalancer, loadBalancerIP: 192.0.2.1, ports: [{ port: 80 }]'),
    'left out Service s: spec.type',
  ],
  [
    'lines in a zone of names',
    service('type: ExternalName, externalName: "a\\nupdate add b"'),
    'refused spec.externalName',
  ],
  [
    'every host',
    ingress('defaultBackend: { service: { name: s, port: { number: 80 } } }'),
    'expected a host, as all others are production’s',
  ],
  ['a wildcard', ingress('rules: [{ host: "*.example.com" }]'), 'expected no wildcard in a preview'],
  [
    'a wildcard by its certificate',
    ingress('tls: [{ hosts: ["*.example.com"], secretName: t }], rules: [{ host: a.example.com }]'),
    'expected no wildcard in a preview',
  ],
  ['a certificate for everybody', ingress('tls: [{ secretName: t }]'), 'expected rules or a defaultBackend'],
  [
    'the default class of volumes',
    '{ apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: { name: local }, provisioner: berth.dev/local, parameters: { type: none, o: bind, device: / } }',
    'left out StorageClass local',
  ],
  [
    'the disk of the host',
    '{ apiVersion: v1, kind: PersistentVolume, metadata: { name: v }, spec: { capacity: { storage: 1Gi }, accessModes: [ReadWriteOnce], hostPath: { path: / } } }',
    'left out PersistentVolume v',
  ],
  ['a Secret', '{ apiVersion: v1, kind: Secret, metadata: { name: s } }', 'left out Secret s'],
  ['hosts of its own', other('berth.dev/v1', 'Engine'), 'left out Engine x: configures berth'],
  ['rights', other('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding'), 'left out ClusterRoleBinding x'],
  [
    'a webhook of the cluster',
    other('admissionregistration.k8s.io/v1', 'MutatingWebhookConfiguration'),
    'left out MutatingWebhookConfiguration x',
  ],
  ['a kind of its own', other('evil.example.com/v1', 'Whatever'), 'left out Whatever x: a custom resource'],
])('%s', (_title, manifest, expected) => {
  expect(said(manifest).join('\n')).toContain(expected)
})

test.each([
  ['annotations that another runtime would obey', 'container.apparmor.security.beta.kubernetes.io/main: unconfined'],
  ['an order among its own', 'berth.dev/wave: "-1000"'],
])('%s are the preview’s own business', (_title, annotation) => {
  const manifest = pod('').replace('name: p', `name: p, annotations: { ${annotation} }`)
  expect(said(manifest)).toEqual([])
})
