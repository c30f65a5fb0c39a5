import { expect, test } from 'vitest'
import { preview } from './isolated.ts'

const forced = ['shop-pr-7/ResourceQuota/berth-preview', 'shop-pr-7/NetworkPolicy/berth-preview']
const template = (pod = '', container = '') => `
  template:
    metadata: { labels: { app: web } }
    spec:
      containers: [{ name: main, image: a:1${container} }]${pod}`
const deployment = (pod = '', container = '', namespace = '') => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web${namespace} }
spec:
  selector: { matchLabels: { app: web } }${template(pod, container)}
---`
const ingress = (spec: string) => `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: web }
spec: ${spec}
---`
const backend = '{ service: { name: web, port: { number: 80 } } }'
const paths = `http: { paths: [{ path: /, pathType: Prefix, backend: ${backend} }] }`
const policy = (spec: string) => `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: web }
spec: { podSelector: {}, ${spec} }
---`

test('numbers of pods that the quota never lets in are refused before anybody plans them', () => {
  const replicas = (count: number) => deployment().replace('spec:', `spec:\n  replicas: ${count}`)
  expect(preview(replicas(20)).problems).toEqual([])
  expect(preview(replicas(100_000)).problems).toEqual([
    expect.stringContaining(
      'spec.replicas: expected at most 20, which is the limit of pods in a preview, found 100000',
    ),
  ])
  expect(preview(replicas(101), { quota: { 'limits.cpu': '4' } }).problems).toHaveLength(1)
  const job = `
apiVersion: batch/v1
kind: Job
metadata: { name: many }
spec:
  parallelism: 1000
  completions: 100${template('\n      restartPolicy: Never')}
`
  expect(preview(job).problems).toEqual([expect.stringContaining('spec.parallelism: expected at most 20')])
})

test('objects of all namespaces of the application are in that of the preview', () => {
  const text = `${deployment()}
apiVersion: v1
kind: ConfigMap
metadata: { name: c, namespace: shop-data }
data: { a: b }
---
apiVersion: v1
kind: Namespace
metadata: { name: shop }
`
  const { keys, problems, ignored } = preview(text)
  expect(keys).toEqual(['shop-pr-7/Deployment/web', 'shop-pr-7/ConfigMap/c', ...forced])
  expect([problems, ignored]).toEqual([[], ['Namespace shop: a preview has one namespace, which berth makes']])
})

test('an object of any other namespace is refused', () => {
  const { keys, problems } = preview(deployment('', '', ', namespace: kube-system'))
  expect(keys).toEqual(forced)
  const message = 'expected a namespace of the application (shop, shop-data), found "kube-system"'
  expect(problems).toEqual([`app.yaml:2: metadata.namespace: ${message}`])
})

test('one name in two namespaces cannot be in one', () => {
  const { problems } = preview(deployment() + deployment('', '', ', namespace: shop-data'))
  expect(problems[0]).toContain('expected one definition of Deployment shop-pr-7/web')
  expect(problems[0]).toContain('all namespaces of the application are one in a preview')
})

test('ports of hosts are left out', () => {
  const { object, ignored } = preview(
    deployment('', ', ports: [{ containerPort: 80, hostPort: 80 }, { containerPort: 81 }]'),
  )
  const [main] = object('Deployment/web').spec.template.spec.containers
  expect(main.ports).toEqual([
    { containerPort: 80, protocol: 'TCP' },
    { containerPort: 81, protocol: 'TCP' },
  ])
  expect(ignored).toEqual([
    'Deployment web: spec.template.spec.containers[0].ports: ports of the host are production’s: use a Service or an Ingress',
  ])
})

test('affinity is to pods of the same preview', () => {
  const term = '{ topologyKey: kubernetes.io/hostname, namespaces: [shop], namespaceSelector: {}, labelSelector: {} }'
  const affinity = `\n      affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [${term}] } }`
  const { object } = preview(deployment(affinity))
  const { podAntiAffinity } = object('Deployment/web').spec.template.spec.affinity
  expect(podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution).toEqual([
    { topologyKey: 'kubernetes.io/hostname', namespaces: ['shop-pr-7'], labelSelector: {} },
  ])
})

test('addresses and ports of Services are given anew', () => {
  const { object, ignored } = preview(`
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { type: LoadBalancer, clusterIP: 10.96.0.20, externalIPs: [192.0.2.1], ports: [{ port: 80, nodePort: 30080 }] }
---
apiVersion: v1
kind: Service
metadata: { name: db }
spec: { clusterIP: None, ports: [{ port: 80 }] }
`)
  const { spec } = object('Service/web')
  expect(spec).toMatchObject({ type: 'ClusterIP', ports: [{ port: 80, targetPort: 80 }] })
  expect([spec.clusterIP, spec.externalIPs, spec.ports[0].nodePort]).toEqual([undefined, undefined, undefined])
  expect(object('Service/db').spec.clusterIP).toBe('None')
  expect(ignored.map((line) => line.split(': ')[1]).sort()).toEqual([
    'spec.clusterIP',
    'spec.externalIPs',
    'spec.ports',
    'spec.type',
  ])
})

test('hosts of Ingresses are the preview’s own', () => {
  const { object, problems } = preview(
    ingress(`{ rules: [{ host: shop.example.com, ${paths} }], tls: [{ hosts: [shop.example.com], secretName: t }] }`),
  )
  expect(problems).toEqual([])
  const { spec } = object('Ingress/web')
  expect([spec.rules[0].host, spec.tls]).toEqual([
    'pr-7.shop.example.com',
    [{ hosts: ['pr-7.shop.example.com'], secretName: 't' }],
  ])
})

test('an Ingress for all hosts is for one, or refused', () => {
  const text = ingress(`{ defaultBackend: ${backend} }`)
  const { object } = preview(text, { defaultHost: 'pr-7.preview.example.com' })
  expect(object('Ingress/web').spec).toMatchObject({ rules: [{ host: 'pr-7.preview.example.com' }] })
  expect(object('Ingress/web').spec.defaultBackend).toBeUndefined()
  expect(preview(text).problems[0]).toContain('spec.defaultBackend: expected a host')
})

test.each([
  [`{ rules: [{ host: "*.example.com", ${paths} }] }`, 'expected no wildcard in a preview, found "*.example.com"'],
  [`{ rules: [{ host: ${`${'a'.repeat(49)}.`.repeat(5)}b, ${paths} }] }`, 'the host of the preview would be too long'],
])('a host that cannot be: %#', (spec, problem) => {
  expect(preview(ingress(spec)).problems.join()).toContain(problem)
})

test('volumes are the preview’s own', () => {
  const { object, keys, ignored } = preview(`
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data }
spec: { accessModes: [ReadWriteOnce], volumeName: production, resources: { requests: { storage: 1Gi } } }
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: { name: fast }
provisioner: berth.dev/local
`)
  expect(keys).toEqual(['shop-pr-7/PersistentVolumeClaim/data', ...forced])
  expect(object('PersistentVolumeClaim/data').spec.volumeName).toBeUndefined()
  expect(ignored).toEqual([
    'PersistentVolumeClaim data: spec.volumeName: a preview is given volumes of its own',
    'StorageClass fast: classes of storage are for all namespaces: production’s hold for previews, too',
  ])
})

test('limits are not the business of a pull request', () => {
  const { object, keys, ignored } = preview(`
apiVersion: v1
kind: ResourceQuota
metadata: { name: berth-preview }
spec: { hard: { pods: "1000" } }
`)
  expect(keys).toEqual(forced)
  expect(object('ResourceQuota/berth-preview').spec.hard).toEqual({ pods: '20' })
  expect(ignored[0]).toContain('limits of a preview are set by spec.previews')
})

test('the policy of previews cannot be replaced', () => {
  const text = policy('policyTypes: [Egress], egress: [{}]').replace('name: web', 'name: berth-preview')
  expect(preview(text).problems[0]).toContain('"berth-preview" is berth’s own in a preview')
})

const world = { cidr: '0.0.0.0/0', except: ['10.244.0.0/14', '10.96.0.0/16', '169.254.0.0/16'] }

test('a preview reaches itself and the world, but no other namespace', () => {
  const { object } = preview('')
  const [{ to }] = object('NetworkPolicy/berth-preview').spec.egress
  expect(to).toEqual([{ podSelector: {} }, { ipBlock: world }])
})

test.each([
  ['egress: [{}]', [{ to: [{ podSelector: {} }, { ipBlock: world }] }]],
  ['egress: [{ to: [{ namespaceSelector: {} }] }]', []],
  [
    'egress: [{ to: [{ namespaceSelector: {}, podSelector: {} }, { podSelector: {} }] }]',
    [{ to: [{ podSelector: {} }] }],
  ],
  ['egress: [{ to: [{ ipBlock: { cidr: 0.0.0.0/0 } }] }]', [{ to: [{ ipBlock: world }] }]],
  ['egress: [{ to: [{ ipBlock: { cidr: 10.96.0.10/32 } }] }]', []],
  [
    'egress: [{ to: [{ ipBlock: { cidr: 10.96.0.0/12 } }] }]',
    [{ to: [{ ipBlock: { cidr: '10.96.0.0/12', except: ['10.96.0.0/16'] } }] }],
  ],
  ['egress: [{ to: [{ ipBlock: { cidr: "2001:db8::/32" } }] }]', []],
  ['egress: []', []],
])('a policy of a pull request opens no other namespace: %s', (spec, egress) => {
  expect(preview(policy(`policyTypes: [Egress], ${spec}`)).object('NetworkPolicy/web').spec.egress).toEqual(egress)
})

test('who may not write has no Secrets and no way out', () => {
  const secret = '\napiVersion: v1\nkind: Secret\nmetadata: { name: s }\nstringData: { a: b }\n---'
  const open = policy('policyTypes: [Egress], egress: [{}, { to: [{ ipBlock: { cidr: 192.0.2.0/24 } }] }]')
  const text = secret + open + deployment('\n      imagePullSecrets: [{ name: s }]')
  const { object, keys } = preview(text, { untrusted: true })
  expect(keys).toEqual(['shop-pr-7/NetworkPolicy/web', 'shop-pr-7/Deployment/web', ...forced])
  for (const name of ['web', 'berth-preview']) {
    expect(object(`NetworkPolicy/${name}`).spec.egress).toEqual([{ to: [{ podSelector: {} }] }])
  }
  expect(object('Deployment/web').spec.template.spec.imagePullSecrets).toBeUndefined()
  expect(preview(text).keys).toContain('shop-pr-7/Secret/s')
})

test('written addresses are left out', () => {
  const { keys, ignored } = preview(`
apiVersion: v1
kind: Endpoints
metadata: { name: db }
subsets: [{ addresses: [{ ip: 192.0.2.9 }], ports: [{ port: 5432 }] }]
`)
  expect([keys, ignored]).toEqual([
    forced,
    ['Endpoints db: a preview does not lead to written addresses, as Endpoints do'],
  ])
})
