import { describe, expect, test } from 'vitest'
import { check, container, deployment, job, json, object, plain, pod, withContainer } from './manifest.ts'

const name =
  'expected a name of lower-case letters, digits and "-", 63 at most, that begins and ends with a letter or digit'
const key =
  'expected a label key like "app" or "example.com/app", its name of letters, digits, "-", "_" and ".", 63 at most'
const probe = { tcpSocket: { port: 80 } }
const first = { ...container, name: 'first' }
/** A Pod with an init container that has `extra`. */
const beginning = (extra: object) => pod({ initContainers: [{ ...first, ...extra }] })

describe('init containers', () => {
  test.each([
    [
      beginning({ name: 'web' }),
      'spec.containers[0].name: expected another name for each container, found "web" again',
    ],
    [
      beginning({ restartPolicy: 'Never' }),
      'spec.initContainers[0].restartPolicy: expected Always or nothing for an init container, found "Never" (string)',
    ],
    [
      beginning({ readinessProbe: probe }),
      'spec.initContainers[0].readinessProbe: expected nothing for an init container that is no sidecar, found a map',
    ],
    [
      beginning({ lifecycle: { preStop: { exec: { command: ['a'] } } } }),
      'spec.initContainers[0].lifecycle: expected nothing for an init container that is no sidecar, found a map',
    ],
    [
      beginning({ image: 'No' }),
      'spec.initContainers[0].image: expected an image reference like "registry.example.com/shop/web:1.2", found "No" (string)',
    ],
    [
      beginning({ volumeMounts: [{ name: 'a', mountPath: '/a' }] }),
      'spec.initContainers[0].volumeMounts[0].name: expected a volume of the pod, which has none, found "a" (string)',
    ],
    [
      pod({
        initContainers: [{ ...first, restartPolicy: 'Always', ports: [{ containerPort: 1, hostPort: 80 }] }],
        containers: [{ ...container, ports: [{ containerPort: 2, hostPort: 80 }] }],
      }),
      'spec.containers[0].ports[0].hostPort: expected another host port, found 80 again',
    ],
  ])('%#: %j', (manifest, problem) => {
    expect(plain(manifest)).toEqual([problem])
  })
  test('sidecars have probes and hooks', () => {
    const hooks = { lifecycle: { postStart: { exec: { command: ['a'] } } }, startupProbe: probe }
    expect(plain(beginning({ restartPolicy: 'Always', readinessProbe: probe, ...hooks }))).toEqual([])
  })
  test('have the defaults of all containers', () => {
    const given = object('Pod', beginning({ resources: { limits: { cpu: 1 } } }))
    expect(given.spec.initContainers![0]).toMatchObject({
      imagePullPolicy: 'IfNotPresent',
      resources: { requests: { cpu: '1' } },
    })
  })
})

describe('hooks', () => {
  const hooked = (preStop: object, extra: object = {}) =>
    pod({ containers: [{ ...container, lifecycle: { preStop } }], ...extra })
  const at = 'spec.containers[0].lifecycle.preStop'
  test.each([
    [hooked({}), `${at}: expected one of exec, httpGet or sleep, found none`],
    [
      hooked({ exec: { command: ['a'] }, sleep: { seconds: 1 } }),
      `${at}: expected one of exec, httpGet or sleep, found exec and sleep`,
    ],
    [hooked({ exec: {} }), `${at}.exec.command: expected a command, found nothing`],
    [hooked({ httpGet: { port: 0 } }), `${at}.httpGet.port: expected a port from 1 to 65535, found 0 (number)`],
    [
      hooked({ sleep: { seconds: 31 } }),
      `${at}.sleep.seconds: expected a whole number from 0 to terminationGracePeriodSeconds, which is 30, found 31 (number)`,
    ],
  ])('%#: %j', (manifest, problem) => {
    expect(plain(manifest)).toEqual([problem])
  })
  test('a longer grace period allows a longer sleep', () => {
    expect(plain(hooked({ sleep: { seconds: 31 } }, { terminationGracePeriodSeconds: 60 }))).toEqual([])
  })
  test('tcpSocket does nothing, which is said', () => {
    const { problems, warnings } = check(json(hooked({ tcpSocket: { port: 80 } })))
    expect(problems).toEqual([])
    expect(warnings.map(({ path }) => path)).toEqual([`${at}.tcpSocket`])
  })
})

describe('probes', () => {
  const at = 'spec.containers[0].livenessProbe'
  test.each([
    [
      withContainer({ livenessProbe: { grpc: { port: 70_000 } } }),
      `${at}.grpc.port: expected a port from 1 to 65535, found 70000 (number)`,
    ],
    [
      withContainer({ livenessProbe: { ...probe, terminationGracePeriodSeconds: 0 } }),
      `${at}.terminationGracePeriodSeconds: expected a whole number from 1, found 0 (number)`,
    ],
    [
      withContainer({ readinessProbe: { ...probe, terminationGracePeriodSeconds: 5 } }),
      'spec.containers[0].readinessProbe.terminationGracePeriodSeconds: expected nothing for a readinessProbe, found 5 (number)',
    ],
  ])('%#: %j', (manifest, problem) => {
    expect(plain(manifest)).toEqual([problem])
  })
})

describe('hosts', () => {
  const node = 'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms'
  const required = (nodeSelectorTerms: object[]) =>
    pod({ affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } } })
  const expression = (given: object) => required([{ matchExpressions: [given] }])
  const spread = { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }
  test.each([
    [pod({ nodeSelector: { 'a b': 'c' } }), `spec.nodeSelector["a b"]: ${key}, found "c" (string)`],
    [required([]), `${node}: expected at least one term, found none`],
    [expression({ key: 'a', operator: 'In' }), `${node}[0].matchExpressions[0].values: expected values for In`],
    [
      expression({ key: 'a', operator: 'Exists', values: ['b'] }),
      `${node}[0].matchExpressions[0].values: expected no values for Exists`,
    ],
    [
      expression({ key: 'a', operator: 'Gt', values: ['many'] }),
      `${node}[0].matchExpressions[0].values: expected one whole number for Gt, found "many" (string)`,
    ],
    [
      required([{ matchFields: [{ key: 'spec.nodeName', operator: 'In', values: ['a'] }] }]),
      `${node}[0].matchFields[0].key: expected metadata.name, found "spec.nodeName" (string)`,
    ],
    [
      pod({ affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: '' }] } } }),
      `spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: ${key}, found "" (string)`,
    ],
    [
      pod({ tolerations: [{ value: 'a' }] }),
      'spec.tolerations[0].operator: expected Exists without a key, found "Equal" (string)',
    ],
    [
      pod({ tolerations: [{ key: 'a', operator: 'Exists', value: 'b' }] }),
      'spec.tolerations[0].value: expected nothing for Exists, found "b" (string)',
    ],
    [
      pod({ tolerations: [{ key: 'a', operator: 'Exists', tolerationSeconds: 5 }] }),
      'spec.tolerations[0].effect: expected NoExecute beside tolerationSeconds, found nothing',
    ],
    [
      pod({ topologySpreadConstraints: [{ ...spread, maxSkew: 0 }] }),
      'spec.topologySpreadConstraints[0].maxSkew: expected a whole number from 1, found 0 (number)',
    ],
    [
      pod({ topologySpreadConstraints: [spread, spread] }),
      'spec.topologySpreadConstraints[1]: expected one constraint for zone DoNotSchedule, found another one',
    ],
  ])('%#: %j', (manifest, problem) => {
    expect(plain(manifest)).toEqual([problem])
  })
  test('preferences are checked like what is required', () => {
    const preference = { matchExpressions: [{ key: 'a b', operator: 'Exists' }] }
    const podAffinityTerm = { topologyKey: '' }
    const affinity = {
      nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 0, preference }] },
      podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 101, podAffinityTerm }] },
    }
    const weight = 'expected a whole number from 1 to 100, found'
    const node = 'spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0]'
    const others = 'spec.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[0]'
    const found = plain(pod({ affinity }))
    expect(found.map((text) => text.split(': ')[0])).toEqual([
      `${node}.preference.matchExpressions[0].key`,
      `${node}.weight`,
      `${others}.podAffinityTerm.topologyKey`,
      `${others}.weight`,
    ])
    expect(found).toContain(`${node}.weight: ${weight} 0 (number)`)
    expect(found).toContain(`${others}.weight: ${weight} 101 (number)`)
  })
})

describe('names, and what is shared with the host', () => {
  test.each([
    [pod({ subdomain: 'a.b' }), `spec.subdomain: ${name}, found "a.b" (string)`],
    [
      pod({ hostAliases: [{ ip: '1.2.3', hostnames: ['a'] }] }),
      'spec.hostAliases[0].ip: expected an IP address, found "1.2.3" (string)',
    ],
    [
      pod({ hostAliases: [{ ip: '::1', hostnames: ['A'] }] }),
      'spec.hostAliases[0].hostnames[0]: expected a name of lower-case letters, digits, "-" and ".", 253 at most, that begins and ends with a letter or digit, found "A" (string)',
    ],
    [
      pod({ dnsPolicy: 'None' }),
      'spec.dnsConfig.nameservers: expected at least one address for the dnsPolicy None, found none',
    ],
    [
      pod({ dnsConfig: { nameservers: ['one.one.one.one'] } }),
      'spec.dnsConfig.nameservers[0]: expected an IP address, found "one.one.one.one" (string)',
    ],
    [
      pod({ dnsConfig: { nameservers: ['1.1.1.1', '1.1.1.2', '1.1.1.3', '1.1.1.4'] } }),
      'spec.dnsConfig.nameservers: expected at most 3, found 4',
    ],
    [
      pod({ dnsConfig: { options: [{ value: '2' }] } }),
      'spec.dnsConfig.options[0].name: expected a name, found nothing',
    ],
    [
      pod({ hostPID: true, shareProcessNamespace: true }),
      'spec.shareProcessNamespace: expected nothing beside hostPID, found true (boolean)',
    ],
    [
      pod({ hostNetwork: true, containers: [{ ...container, ports: [{ containerPort: 80, hostPort: 81 }] }] }),
      'spec.containers[0].ports[0].hostPort: expected the containerPort with hostNetwork, found 81 (number)',
    ],
    [
      pod({ securityContext: { sysctls: [{ name: 'vm.swappiness', value: '1' }] } }),
      'spec.securityContext.sysctls[0].name: expected a setting of the network (net.) or of IPC (kernel.shm, kernel.msg, kernel.sem, fs.mqueue.), found "vm.swappiness" (string)',
    ],
    [
      pod({ hostNetwork: true, securityContext: { sysctls: [{ name: 'net.core.somaxconn', value: '1' }] } }),
      'spec.securityContext.sysctls[0].name: expected a setting that the pod does not share with the host, found "net.core.somaxconn" (string)',
    ],
    [pod({ activeDeadlineSeconds: 0 }), 'spec.activeDeadlineSeconds: expected a whole number from 1, found 0 (number)'],
    [
      deployment({}, { activeDeadlineSeconds: 5 }),
      'spec.template.spec.activeDeadlineSeconds: expected nothing where pods are kept running, found a deadline',
    ],
    [pod({ imagePullSecrets: [{}] }), 'spec.imagePullSecrets[0].name: expected a name, found nothing'],
    [
      pod({ nodeName: 'A' }),
      'spec.nodeName: expected a name of lower-case letters, digits, "-" and ".", 253 at most, that begins and ends with a letter or digit, found "A" (string)',
    ],
  ])('%#: %j', (manifest, problem) => {
    expect(plain(manifest)).toEqual([problem])
  })
  test.each([
    pod({
      dnsPolicy: 'None',
      dnsConfig: { nameservers: ['1.1.1.1', '2606:4700::1111'], searches: ['a.b.', '_tcp.a'] },
    }),
    pod({ hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet', hostPID: true, hostIPC: true }),
    pod({ securityContext: { fsGroup: 5, sysctls: [{ name: 'kernel.shm_rmid_forced', value: '1' }] } }),
    pod({ hostname: 'a', subdomain: 'b', setHostnameAsFQDN: true, hostUsers: true }),
    pod({ hostAliases: [{ ip: '10.0.0.1', hostnames: ['a', 'b.c'] }], shareProcessNamespace: true }),
    pod({
      nodeName: 'one.example.com',
      nodeSelector: { 'kubernetes.io/os': 'linux' },
      tolerations: [{ operator: 'Exists' }],
    }),
    job({}, { activeDeadlineSeconds: 5 }),
    withContainer({ securityContext: { procMount: 'Default' }, readinessProbe: { grpc: { port: 5000 } } }),
  ])('taken: %j', (manifest) => {
    expect(plain(manifest)).toEqual([])
  })
  test('with the network of the host, each port is one of the host', () => {
    const ports = [{ containerPort: 80 }, { containerPort: 53, hostPort: 53 }]
    const given = object('Pod', pod({ hostNetwork: true, containers: [{ ...container, ports }] }))
    expect(given.spec.containers[0]!.ports!.map(({ hostPort }) => hostPort)).toEqual([80, 53])
  })
})

test.each([
  ['roll', []],
  [
    'restart',
    [
      'spec.template.metadata.annotations["berth.dev/on-config-change"]: expected roll, update or ignore, found "restart" (string)',
    ],
  ],
])('the annotation about changed configuration: %s', (value, expected) => {
  const annotations = { 'berth.dev/on-config-change': value }
  const { template } = deployment().spec
  const metadata = { ...template.metadata, annotations }
  expect(plain(deployment({ template: { ...template, metadata } }))).toEqual(expected)
})
