// What a pull request tries to get hold of: data, network and host of production, more than its share, and to outlive its end.
import { expect, test } from 'vitest'
import type { PersistentVolume, StorageClass } from '../../src/manifests/types.ts'
import { ownStorage } from '../../src/preview/claims.ts'
import { object } from '../manifests/manifest.ts'
import { preview } from './isolated.ts'

const pod = (spec: string, container = '') => `
apiVersion: v1
kind: Pod
metadata: { name: web }
spec: { containers: [{ name: main, image: "a:1"${container} }]${spec} }
---`
const claim = (spec: string) => `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } }${spec} }
---`
const job = (spec: string) => `
apiVersion: batch/v1
kind: Job
metadata: { name: many }
spec: { ${spec}, template: { spec: { restartPolicy: Never, containers: [{ name: main, image: "a:1" }] } } }
---`
const storageClass = (name: string, text: string): StorageClass =>
  object('StorageClass', `{ apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: { name: ${name} }, ${text} }`)
const volume = (name: string, className: string): PersistentVolume =>
  object(
    'PersistentVolume',
    `{ apiVersion: v1, kind: PersistentVolume, metadata: { name: ${name} }, spec: { accessModes: [ReadWriteOnce],
      capacity: { storage: 1Gi }, storageClassName: "${className}", hostPath: { path: /srv/data } } }`,
  )

test.each([
  ['volumes: [{ name: v, hostPath: { path: /var/run/docker.sock } }]', 'spec.volumes[0].hostPath: a preview has no'],
  ['volumes: [{ name: v, nfs: { server: nas, path: /production } }]', 'spec.volumes[0].nfs: a preview has no folders'],
  ['hostNetwork: true', 'spec.hostNetwork: a preview has nothing in common with the host'],
  ['hostPID: true', 'spec.hostPID: a preview has nothing in common with the host'],
  ['hostIPC: true', 'spec.hostIPC: a preview has nothing in common with the host'],
])('whatever podSecurity says, a preview cannot have %s', (spec, problem) => {
  expect(preview(pod(`, ${spec}`)).problems.join()).toContain(problem)
})

test('ports of the host are left out of init containers, too', () => {
  const init =
    ', initContainers: [{ name: i, image: "a:1", ports: [{ containerPort: 1, hostPort: 1, hostIP: 192.0.2.1 }] }]'
  const { object, ignored } = preview(pod(init))
  expect(object('Pod/web').spec.initContainers[0].ports).toEqual([{ containerPort: 1, protocol: 'TCP' }])
  expect(ignored.join()).toContain('spec.initContainers[0].ports')
})

test('the end of a preview waits for no pod longer than a minute', () => {
  const probe = ', livenessProbe: { tcpSocket: { port: 1 }, terminationGracePeriodSeconds: 86400 }'
  const { object, ignored } = preview(pod(', terminationGracePeriodSeconds: 86400', probe))
  expect(object('Pod/web').spec.terminationGracePeriodSeconds).toBe(60)
  expect(object('Pod/web').spec.containers[0].livenessProbe.terminationGracePeriodSeconds).toBe(60)
  expect(ignored.join()).toContain('a preview that is closed does not wait longer than 60 s')
  expect(preview(pod(', terminationGracePeriodSeconds: 5')).object('Pod/web').spec.terminationGracePeriodSeconds).toBe(
    5,
  )
})

test('a probe of a preview is over within a minute', () => {
  const probe = (seconds: number) => `, readinessProbe: { exec: { command: [sleep, inf] }, timeoutSeconds: ${seconds} }`
  const { object, ignored } = preview(pod('', probe(86_400)))
  expect(object('Pod/web').spec.containers[0].readinessProbe.timeoutSeconds).toBe(60)
  expect(ignored.join()).toContain('spec.containers[0].readinessProbe.timeoutSeconds: nobody waits longer than 60 s')
  expect(preview(pod('', probe(5))).object('Pod/web').spec.containers[0].readinessProbe.timeoutSeconds).toBe(5)
})

test('a pod of many containers does not get past a quota that counts pods', () => {
  const more = Array.from({ length: 20 }, (_, index) => `{ name: c${index}, image: "a:1" }`).join()
  expect(preview(pod(`, initContainers: [${more}]`)).problems.join()).toContain(
    'at most 20 containers in a preview, found 21',
  )
})

test('names of Secrets and ConfigMaps are looked for in the preview alone', () => {
  const env =
    ', envFrom: [{ secretRef: { name: production } }], env: [{ name: A, valueFrom: { configMapKeyRef: { name: c, key: k } } }]'
  const { keys, object } = preview(pod('', env))
  expect(keys[0]).toBe('shop-pr-7/Pod/web')
  expect(object('Pod/web').metadata.namespace).toBe('shop-pr-7')
})

const classes = [
  storageClass('own', 'provisioner: berth.dev/local'),
  storageClass('memory', 'provisioner: berth.dev/local, parameters: { type: tmpfs, device: tmpfs }'),
  storageClass(
    'each',
    'provisioner: berth.dev/local, parameters: { type: nfs, device: ":/$(claim.namespace)/$(claim.name)" }',
  ),
  storageClass(
    'shared',
    'provisioner: berth.dev/local, parameters: { type: nfs, o: addr=nas, device: ":/e/$(claim.name)" }',
  ),
  storageClass('bind', 'provisioner: berth.dev/local, parameters: { type: none, o: bind, device: /srv }'),
  storageClass('plugin', 'provisioner: berth.dev/rclone, parameters: { remote: "nas:production" }'),
  storageClass('sized', 'provisioner: berth.dev/zfs, parameters: { size: 10G }'),
  storageClass('cloud', 'provisioner: ebs.csi.aws.com, parameters: { type: gp3 }'),
  storageClass('static', 'provisioner: kubernetes.io/no-provisioner'),
  storageClass('both', 'provisioner: berth.dev/local'),
]

test.each([
  ['own', 'own'],
  ['memory', 'memory'],
  ['each', 'each'],
  ['shared', 'berth-preview'],
  ['bind', 'berth-preview'],
  ['plugin', 'berth-preview'],
  ['sized', 'sized'],
  ['cloud', 'cloud'],
  ['static', 'berth-preview'],
  ['both', 'berth-preview'],
  ['unknown', 'berth-preview'],
  ['', 'berth-preview'],
])('a claim of the class "%s" has the class %s in a preview', (name, expected) => {
  const storage = ownStorage(classes, [volume('spare', 'both')], 'own')
  const { object, problems } = preview(claim(`, storageClassName: "${name}"`), { storage })
  expect([problems, object('PersistentVolumeClaim/data').spec.storageClassName]).toEqual([[], expected])
})

test('a claim without a class gets the usual one only if that one is nobody else’s', () => {
  const of = (usual: string) => {
    const storage = ownStorage(classes, [volume('spare', 'both')], usual)
    return preview(claim(''), { storage }).object('PersistentVolumeClaim/data').spec.storageClassName
  }
  expect([of('own'), of('shared'), of('local')]).toEqual(['own', 'berth-preview', 'berth-preview'])
  expect(ownStorage([], [], 'local')).toBeUndefined()
  expect(preview(claim('')).object('PersistentVolumeClaim/data').spec.storageClassName).toBeUndefined()
})

test('claims inside of pods and of StatefulSets are no way around that', () => {
  const storage = ownStorage(classes, [], 'own')
  const template =
    'volumeClaimTemplate: { spec: { accessModes: [ReadWriteOnce], storageClassName: shared, volumeName: p, resources: { requests: { storage: 1Gi } } } }'
  const { object } = preview(pod(`, volumes: [{ name: v, ephemeral: { ${template} } }]`), { storage })
  const { spec } = object('Pod/web').spec.volumes[0].ephemeral.volumeClaimTemplate
  expect([spec.storageClassName, spec.volumeName]).toEqual(['berth-preview', undefined])
  const set = `
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db }
spec:
  serviceName: db
  selector: { matchLabels: { app: db } }
  template: { metadata: { labels: { app: db } }, spec: { containers: [{ name: main, image: "a:1" }] } }
  volumeClaimTemplates:
    - metadata: { name: data }
      spec: { accessModes: [ReadWriteOnce], storageClassName: bind, resources: { requests: { storage: 1Gi } } }
`
  const [own] = preview(set, { storage }).object('StatefulSet/db').spec.volumeClaimTemplates
  expect(own.spec.storageClassName).toBe('berth-preview')
})

test('jobs are bounded, and few that have ended are kept', () => {
  expect(preview(job('completions: 100000')).problems.join()).toContain('spec.completions: expected at most 100 in a')
  const cron = `
apiVersion: batch/v1
kind: CronJob
metadata: { name: often }
spec:
  schedule: "* * * * *"
  successfulJobsHistoryLimit: 100000
  failedJobsHistoryLimit: 2
  jobTemplate: { spec: { template: { spec: { restartPolicy: Never, containers: [{ name: main, image: "a:1" }] } } } }
`
  const { object, ignored } = preview(cron)
  expect(object('CronJob/often').spec).toMatchObject({ successfulJobsHistoryLimit: 10, failedJobsHistoryLimit: 2 })
  expect(ignored).toEqual([
    'CronJob often: spec.successfulJobsHistoryLimit: a preview keeps at most 10 jobs that have ended',
  ])
})

const services = (count: number, ports = 1) =>
  Array.from({ length: count }, (_, index) => {
    const list = Array.from({ length: ports }, (_, port) => `{ name: p${port}, port: ${port + 1} }`).join()
    return `{ apiVersion: v1, kind: Service, metadata: { name: s${index} }, spec: { ports: [${list}] } }`
  }).join('\n---\n')

test('addresses of Services and ports of the network are not used up', () => {
  expect(preview(services(100)).problems).toEqual([])
  expect(preview(services(101)).problems.join()).toContain('expected at most 100 services in a preview, found more')
  expect(preview(services(6), { quota: { services: '5' } }).problems.join()).toContain('expected at most 5 services')
  expect(preview(services(10, 51)).problems.join()).toContain('expected at most 500 entries of services')
})

test('metrics of others are not asked for', () => {
  const autoscaler = (metrics: string) => `
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: web, annotations: { berth.dev/query.secret: 'sum(production_revenue)' } }
spec: { scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }, maxReplicas: 3, metrics: [${metrics}] }
`
  const cpu = '{ type: Resource, resource: { name: cpu, target: { type: Utilization, averageUtilization: 50 } } }'
  const external = '{ type: External, external: { metric: { name: secret }, target: { type: Value, value: "1" } } }'
  expect(preview(autoscaler(`${external}, ${cpu}`)).object('HorizontalPodAutoscaler/web').spec.metrics).toMatchObject([
    { type: 'Resource' },
  ])
  expect(preview(autoscaler(external)).object('HorizontalPodAutoscaler/web')).toBeUndefined()
  expect(preview(autoscaler(cpu)).ignored).toEqual([])
})

test('who may not write gets no certificates of the domain', () => {
  const ingress = `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: web, annotations: { berth.dev/acme: "true", cert-manager.io/issuer: le, berth.dev/app-root: /x } }
spec:
  rules: [{ host: a.example.com, http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: w, port: { number: 80 } } } }] } }]
`
  const annotationsOf = (untrusted: boolean) =>
    preview(ingress, { untrusted }).object('Ingress/web').metadata.annotations
  expect(annotationsOf(true)).toEqual({ 'berth.dev/app-root': '/x' })
  expect(Object.keys(annotationsOf(false))).toHaveLength(3)
})

test('marks that look like ours are the pod’s own labels, and finalizers and owners do not exist', () => {
  const { object } = preview(`
apiVersion: v1
kind: Pod
metadata: { name: web, labels: { berth.dev/app: shop, berth.dev/namespace: shop }, finalizers: [keep.me/forever] }
spec: { containers: [{ name: main, image: "a:1" }], priorityClassName: system-node-critical, priority: 2000000000 }
`)
  const { metadata } = object('Pod/web')
  expect(metadata).toEqual({
    name: 'web',
    namespace: 'shop-pr-7',
    labels: { 'berth.dev/app': 'shop', 'berth.dev/namespace': 'shop' },
  })
})

test('an Engine and an Application in the repository configure nothing', () => {
  const { keys, ignored } = preview(`
apiVersion: berth.dev/v1
kind: Application
metadata: { name: shop }
spec: { source: { repoURL: "https://evil.example.com/x.git" }, previews: { provider: branches, quota: { pods: "9999" } } }
---
apiVersion: v1
kind: LimitRange
metadata: { name: l }
spec: { limits: [{ type: Container, max: { cpu: "100" } }] }
`)
  expect(keys).toEqual(['shop-pr-7/ResourceQuota/berth-preview', 'shop-pr-7/NetworkPolicy/berth-preview'])
  expect(ignored.join()).toContain('limits of a preview are set by spec.previews')
})

test('volumes in memory hold no more than the containers of their pod may have', () => {
  const sizes = (volumes: string, container = '', quota: Record<string, string> = { 'limits.memory': '4Gi' }) => {
    const { object, ignored } = preview(pod(`, volumes: [${volumes}]`, container), { quota })
    const all = object('Pod/web').spec.volumes as { emptyDir: { sizeLimit?: string } }[]
    return [all.map(({ emptyDir }) => emptyDir.sizeLimit), ignored.length]
  }
  const memory = (name: string, more = '') => `{ name: ${name}, emptyDir: { medium: Memory${more} } }`
  expect(sizes(memory('a'))).toEqual([[`${512 * 2 ** 20}`], 0])
  expect(sizes(memory('a'), ', resources: { limits: { memory: 64Mi } }')).toEqual([[`${64 * 2 ** 20}`], 0])
  expect(sizes([memory('a'), memory('b'), '{ name: c, emptyDir: {} }'].join())).toEqual([
    [`${256 * 2 ** 20}`, `${256 * 2 ** 20}`, undefined],
    0,
  ])
  expect(sizes(memory('a', ', sizeLimit: 16Mi'))).toEqual([['16Mi'], 0])
  expect(sizes(memory('a', ', sizeLimit: 900Gi'))).toEqual([[`${512 * 2 ** 20}`], 1])
  expect(sizes(memory('a'), '', { pods: '20' })).toEqual([[undefined], 0])
})

test('node ports are not used up', () => {
  const open = (count: number) => services(2, count).replaceAll('spec: {', 'spec: { type: NodePort,')
  expect(preview(open(10)).problems).toEqual([])
  expect(preview(open(11)).problems.join()).toContain('expected at most 20 node ports in a preview, found more')
  expect(preview(open(11), { quota: { 'services.nodeports': '22' } }).problems).toEqual([])
})

test('claims that ask for next to nothing are counted', () => {
  const template = (name: string) =>
    `{ metadata: { name: ${name} }, spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1 } } } }`
  const set = (name: string, templates: number) => `
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: ${name} }
spec:
  serviceName: db
  replicas: 20
  selector: { matchLabels: { app: db } }
  template: { metadata: { labels: { app: db } }, spec: { containers: [{ name: main, image: "a:1" }] } }
  volumeClaimTemplates: [${Array.from({ length: templates }, (_, at) => template(`d${at}`)).join()}]
---`
  expect(preview(set('a', 5)).problems).toEqual([])
  expect(preview(set('a', 6)).problems.join()).toContain('expected at most 100 claims in a preview, found more')
  expect(preview(set('a', 5) + claim('')).problems.join()).toContain('expected at most 100 claims in a preview')
  expect(preview(set('a', 6), { quota: { persistentvolumeclaims: '120' } }).problems).toEqual([])
})
