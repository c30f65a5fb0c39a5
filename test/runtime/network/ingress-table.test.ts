import { expect, test } from 'vitest'
import { type Key, keyOf } from '../../../src/base/key.ts'
import type { Ingress, IngressClass, Secret } from '../../../src/manifests/types.ts'
import { ingressKey, ingressTable } from '../../../src/runtime/network/ingress-table.ts'
import type { ServiceRow } from '../../../src/runtime/network/table.ts'

type Spec = Ingress['spec']

function ingress(name: string, spec: Spec, annotations: Readonly<Record<string, string>> = {}): Ingress {
  const metadata = { name, namespace: 'shop', annotations }
  return { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata, spec }
}

function rule(
  host: string,
  path = '/',
  service = 'web',
  port: object = { number: 80 },
): NonNullable<Spec['rules']>[number] {
  return { host, http: { paths: [{ path, pathType: 'Prefix', backend: { service: { name: service, port } } }] } }
}

function ingressClass(
  name: string,
  controller: string,
  annotations: Readonly<Record<string, string>> = {},
): IngressClass {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IngressClass',
    metadata: { name, annotations },
    spec: { controller },
  }
}

const row: ServiceRow = {
  key: 'shop/Service/web',
  ...{ namespace: 'shop', name: 'web', type: 'ClusterIP', clusterIP: '10.96.0.9', externalName: '', externalIPs: [] },
  ...{ selector: {}, sourceRanges: [], affinitySeconds: undefined, addresses: [] },
  ports: [
    { name: 'http', protocol: 'TCP', port: 80, nodePort: 0, mode: 'http', backends: [] },
    { name: 'udp', protocol: 'UDP', port: 81, nodePort: 0, mode: 'kernel', backends: [] },
  ],
}

interface World {
  readonly classes?: readonly IngressClass[]
  readonly className?: string
  readonly services?: readonly ServiceRow[]
  readonly secrets?: readonly Secret[]
}

function outcome(
  ingresses: readonly Ingress[],
  { classes = [], className, services = [row], secrets = [] }: World = {},
) {
  const named = (kind: string, name: string): Key => keyOf({ namespace: 'shop', kind, name })
  const { table, problems, notes } = ingressTable({
    ...{ ingresses, classes, className, obtained: [], challenges: {} },
    service: (key) => services.find((one) => one.key === key),
    secret: (key) => secrets.find(({ metadata }) => named('Secret', metadata.name) === key),
  })
  const routes = table.routes.map(({ ingress, host, path, isDefault, backend, tls }) =>
    [
      ingress.split('/')[2],
      `${host || '*'}${path}`,
      ...(isDefault ? ['default'] : []),
      backend ? `${backend.service.split('/')[2]}:${backend.port}` : '503',
      ...(tls ? ['tls'] : []),
    ].join(' '),
  )
  const told = [...problems].map(([key, messages]) => `${key.split('/')[2]}: ${messages.join('; ')}`)
  return { routes, told, notes, certificates: table.certificates }
}

function tlsSecret(name: string, data: Readonly<Record<string, string>> = pem): Secret {
  const encoded = Object.fromEntries(Object.entries(data).map(([key, text]) => [key, btoa(text)]))
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: 'shop' },
    type: 'kubernetes.io/tls',
    data: encoded,
  }
}

const block = (what: string) => `-----BEGIN ${what}-----\nAAAA\n-----END ${what}-----\n`
const pem = { 'tls.crt': `subject=x\n\n${block('CERTIFICATE')}\n`, 'tls.key': block('PRIVATE KEY') }

test('a backend is found by name or number', () => {
  const rules = [
    rule('a.org', '/', 'web', { name: 'http' }),
    rule('B.org'),
    rule('c.org', '/', 'none'),
    rule('d.org', '/', 'web', { number: 81 }),
    rule('e.org', '/', 'web', { name: 'grpc' }),
  ]
  expect(outcome([ingress('one', { rules })])).toMatchObject({
    routes: ['one a.org/ web:80', 'one b.org/ web:80', 'one c.org/ 503', 'one d.org/ 503', 'one e.org/ 503'],
    told: [
      'one: Service none does not exist: answers 503; Service web has no TCP port 81: answers 503; Service web has no TCP port "grpc": answers 503',
    ],
  })
})

test('of several Ingresses the paths of a host count together, of one path the first', () => {
  const found = outcome([
    ingress('second', { rules: [rule('a.org', '/x/'), rule('a.org', '/y')] }),
    ingress('first', { rules: [rule('a.org', '/x')] }),
  ])
  expect(found.routes).toEqual(['first a.org/x web:80', 'second a.org/y web:80'])
  expect(found.told).toEqual(['second: a.org/x/ is served by shop/Ingress/first, which comes first'])
})

test('a canary stands beside the route that it is for', () => {
  const canary = { 'nginx.ingress.kubernetes.io/canary': 'true', 'nginx.ingress.kubernetes.io/canary-weight': '10' }
  const found = outcome([ingress('a', { rules: [rule('a.org')] }), ingress('b', { rules: [rule('a.org')] }, canary)])
  expect(found).toMatchObject({ routes: ['a a.org/ web:80', 'b a.org/ web:80'], told: [] })
})

test('a default backend is for the hosts of its Ingress, and for all that nobody serves', () => {
  const defaultBackend = { service: { name: 'web', port: { number: 80 } } }
  const found = outcome([
    ingress('a', { rules: [rule('a.org', '/x')], defaultBackend }),
    ingress('b', { defaultBackend }),
  ])
  expect(found.routes).toEqual(['a a.org/x web:80', 'a a.org/ default web:80', 'a */ default web:80'])
  expect(found.told).toEqual(['b: the default backend is served by shop/Ingress/a, which comes first'])
})

test.each<{
  title: string
  spec?: Partial<Spec>
  annotations?: Record<string, string>
  world?: World
  served: boolean
  notes?: string[]
}>([
  { title: 'no class', served: true, notes: [] },
  {
    title: 'a class that nobody knows',
    spec: { ingressClassName: 'nginx' },
    served: true,
    notes: ['IngressClass nginx is not in the manifests; its Ingresses are served by berth'],
  },
  {
    title: 'a class of another controller',
    annotations: { 'kubernetes.io/ingress.class': 'nginx' },
    world: { classes: [ingressClass('nginx', 'k8s.io/ingress-nginx')] },
    served: true,
    notes: ['IngressClass nginx is for the controller k8s.io/ingress-nginx; its Ingresses are served by berth'],
  },
  {
    title: 'a class that is not to be served',
    spec: { ingressClassName: 'own' },
    world: { classes: [ingressClass('own', 'example.com/own', { 'berth.dev/serve': 'false' })] },
    served: false,
    notes: [],
  },
  { title: 'an Ingress that is not to be served', annotations: { 'berth.dev/serve': 'false' }, served: false },
  {
    title: 'another class than the one of the settings',
    spec: { ingressClassName: 'b' },
    world: { className: 'a' },
    served: false,
  },
  { title: 'the class of the settings', spec: { ingressClassName: 'a' }, world: { className: 'a' }, served: true },
  {
    title: 'a class of berth beside the one of the settings',
    spec: { ingressClassName: 'b' },
    world: { className: 'a', classes: [ingressClass('b', 'berth.dev/ingress')] },
    served: true,
    notes: [],
  },
])('$title', ({ spec, annotations, world, served, notes }) => {
  const found = outcome([ingress('one', { rules: [rule('a.org')], ...spec }, annotations)], world)
  expect(found.routes).toEqual(served ? ['one a.org/ web:80'] : [])
  if (notes) expect(found.notes).toEqual(notes)
})

test('certificates come from Secrets, with nothing but their blocks', () => {
  const tls = [{ hosts: ['A.org', '*.b.org'], secretName: 'cert' }]
  const rules = [rule('a.org'), rule('x.b.org'), rule('x.y.b.org'), rule('c.org')]
  const found = outcome([ingress('one', { rules, tls })], { secrets: [tlsSecret('cert')] })
  expect(found.told).toEqual([])
  expect(found.routes).toEqual([
    'one a.org/ web:80 tls',
    'one x.b.org/ web:80 tls',
    'one x.y.b.org/ web:80',
    'one c.org/ web:80',
  ])
  expect(found.certificates).toEqual([
    { key: 'shop/Secret/cert', hosts: ['*.b.org', 'a.org'], pem: `${block('CERTIFICATE')}${block('PRIVATE KEY')}` },
  ])
})

test.each([
  { title: 'is missing', secrets: [], told: 'Secret cert does not exist' },
  {
    title: 'has no key',
    secrets: [tlsSecret('cert', { 'tls.crt': pem['tls.crt'] })],
    told: 'Secret cert has no tls.key',
  },
  {
    title: 'is no PEM',
    secrets: [tlsSecret('cert', { 'tls.crt': 'x', 'tls.key': 'y' })],
    told: 'tls.crt of Secret cert is not PEM',
  },
])('a Secret that $title is told, and the host has TLS all the same', ({ secrets, told }) => {
  const found = outcome([ingress('one', { rules: [rule('a.org')], tls: [{ secretName: 'cert' }] })], { secrets })
  expect(found.routes).toEqual(['one a.org/ web:80 tls'])
  expect(found.told).toEqual([`one: ${told}: https has a certificate that nobody trusts`])
  expect(found.certificates).toEqual([])
})

test('of two certificates for a host the first counts', () => {
  const of = (secretName: string) => [{ hosts: ['a.org'], secretName }]
  const found = outcome(
    [
      ingress('one', { rules: [rule('a.org')], tls: of('x') }),
      ingress('two', { rules: [rule('a.org', '/2')], tls: of('y') }),
    ],
    { secrets: [tlsSecret('x'), tlsSecret('y')] },
  )
  expect(found.told).toEqual(['two: a.org has the certificate of shop/Secret/x, which comes first'])
  expect(found.certificates.map(({ key }) => key)).toEqual(['shop/Secret/x'])
})

test('what an annotation asks for in vain is told', () => {
  const one = ingress('one', { rules: [rule('a.org')] }, { 'nginx.ingress.kubernetes.io/server-snippet': 'return 1;' })
  expect(outcome([one]).notes.join()).toContain('nginx.ingress.kubernetes.io/server-snippet')
  expect(ingressKey(one)).toBe('shop/Ingress/one')
})
