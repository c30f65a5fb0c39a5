// Previews whose Services are served: each has its own, reaches nobody else's, and takes all of it along when it goes.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensureTestImages, testImages } from '../support/images.ts'
import { ensureNodeImage, testNodeImage } from '../support/node-image.ts'
import { service } from './network.ts'
import { PreviewWorld } from './preview-world.ts'

const httpPort = 22_000 + (process.pid % 1000)
const range = 206
let world: PreviewWorld

const safe = `securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: [ALL] } }`
const pod = `
      terminationGracePeriodSeconds: 1
      securityContext: { runAsNonRoot: true, runAsUser: 65534, fsGroup: 65534, seccompProfile: { type: RuntimeDefault } }`
const template = (app: string, message: string, more = '') => `
  selector: { matchLabels: { app: ${app} } }
  template:
    metadata: { labels: { app: ${app} } }
    spec:${pod}
      containers:
        - name: main
          image: ${testImages.one}
          ${safe}
          env: [{ name: MESSAGE, value: ${message} }]
          readinessProbe: { httpGet: { path: /ready, port: 8080 }, periodSeconds: 1 }${more}`
const path = '{ path: /, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }'

/** Everything that a shop has; answers `message`. */
const shop = (message: string) => ({
  'shop.yaml': `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:${template('web', message)}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db }
spec:
  serviceName: db${template('db', message, '\n          volumeMounts: [{ name: data, mountPath: /data }]')}
  volumeClaimTemplates:
    - metadata: { name: data }
      spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
---
apiVersion: v1
kind: Pod
metadata: { name: client, labels: { app: client } }
spec:${pod.replaceAll('\n      ', '\n  ')}
  containers: [{ name: main, image: '${testNodeImage}', command: [sleep, infinity], ${safe} }]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: web }
spec: { rules: [{ host: shop.example.com, http: { paths: [${path}] } }] }
---
${service('web', '{ type: NodePort, selector: { app: web }, ports: [{ port: 80, targetPort: 8080 }] }')}---
${service('db', '{ clusterIP: None, selector: { app: db }, ports: [{ port: 8080 }] }')}`,
})
const names = ['shop', 'shop-pr-1', 'shop-pr-2', 'shop-pr-3']

beforeAll(async () => {
  world = new PreviewWorld('preview-services', range, httpPort)
  await ensureTestImages(world.socket)
  await ensureNodeImage(world.socket)
  world.repository.push('Start', shop('production'))
  await world.engine.start()
  await world.healthy('shop')
  world.forge.open(1, shop('one'))
  world.forge.open(2, shop('two'))
  world.forge.open(3, shop('three'), { fork: true, author: 'eve', authorMayWrite: false })
  world.forge.approve(3)
  await Promise.all([1, 2, 3].map((number) => world.healthy(`shop/pr-${number}`)))
})
afterAll(() => world?.close())

/** Asks each `name:port` over HTTP from the client of a namespace: what it answers; `-`: nothing. */
async function ask(namespace: string, ...targets: readonly string[]): Promise<string[]> {
  const request = `printf 'GET / HTTP/1.0\\r\\nHost: shop.example.com\\r\\n\\r\\n'`
  const answers = targets.map(async (target) => {
    const script = `${request} | timeout 20 socat -t10 - TCP4:${target},connect-timeout=4,shut-none 2>/dev/null | tail -n 1`
    return (await world.lines(namespace, 'client', script)).at(-1)?.trim() || '-'
  })
  return Promise.all(answers)
}

function lookUp(namespace: string, ...hosts: readonly string[]): Promise<string[]> {
  const script = hosts.map((host) => `echo "$(dig +search +short +time=5 +tries=1 ${host} A | tail -n 1)."`)
  return world.lines(namespace, 'client', script.join('\n'))
}

async function visit(host: string): Promise<string> {
  const script = `printf 'GET / HTTP/1.0\\r\\nHost: ${host}\\r\\n\\r\\n' | timeout 20 socat -t10 - TCP4:127.0.0.1:${httpPort},shut-none | tail -n 1`
  return (await world.inNode(script)).at(-1)?.trim() ?? ''
}

test('each has addresses, names, an Ingress and a database of its own', async () => {
  const messages = ['production', 'one', 'two', 'three']
  const found = await Promise.all(names.map((namespace) => ask(namespace, 'web:80', 'db-0.db:8080')))
  expect(found).toEqual(messages.map((message) => [message, message]))
  const addresses = (await Promise.all(names.map((namespace) => lookUp(namespace, 'web')))).flat()
  expect(new Set(addresses).size).toBe(4)
  for (const address of addresses) expect(address).toMatch(new RegExp(`^10\\.${range + 1}\\.`))
  expect(await lookUp('shop', ...names.map((namespace) => `web.${namespace}`))).toEqual(addresses)
  const hosts = ['shop.example.com', ...[1, 2, 3].map((number) => `pr-${number}.shop.example.com`)]
  expect(await Promise.all(hosts.map(visit))).toEqual(messages)
})

test('no preview reaches production, another one or the data of the machine, by whatever way', async () => {
  const looked = await Promise.all(['shop', 'shop-pr-1'].map((namespace) => lookUp(namespace, 'web')))
  const services = looked.flat().map((address) => `${address.replace(/\.$/, '')}:80`)
  const found = await Promise.all(['shop', 'shop-pr-1'].map((namespace) => world.addresses(namespace, 'db-0')))
  const pods = found.map(({ own }) => `${own}:8080`)
  expect(await lookUp('shop-pr-2', 'web.shop')).toEqual(looked[0])
  const targets = ['web.shop:80', 'db-0.db.shop:8080', 'web.shop-pr-1:80', ...services, ...pods, '169.254.169.254:80']
  const both = await Promise.all(['shop-pr-2', 'shop-pr-3'].map((namespace) => ask(namespace, ...targets, 'web:80')))
  expect(both).toEqual(['two', 'three'].map((own) => [...targets.map(() => '-'), own]))
  // The other way is open, as it is between all namespaces.
  expect(await ask('shop', 'web.shop-pr-1:80', 'web:80')).toEqual(['one', 'production'])
})

test('of its host a preview reaches what everybody does, and that of a stranger only names and its Services', async () => {
  const given = JSON.parse((await world.inNode('cat /state/allocations.json')).join('')) as Record<
    string,
    { readonly nodePorts: Readonly<Record<string, number>> }
  >
  const nodePort = (namespace: string) => given[`${namespace}/Service/web`]?.nodePorts['80/TCP']
  const reach = async (namespace: string) => {
    const { host } = await world.addresses(namespace, 'client')
    return ask(namespace, `${host}:${httpPort}`, `${host}:${nodePort('shop')}`, `${host}:${nodePort(namespace)}`)
  }
  expect(await reach('shop-pr-2')).toEqual(['production', '-', 'two'])
  expect(await reach('shop-pr-3')).toEqual(['-', '-', '-'])
  expect(await lookUp('shop-pr-3', 'web')).not.toEqual(['.'])
})

test('when they are closed, nothing is left of them anywhere', async () => {
  const rules = `nft list table ip berth_${world.id.replaceAll('-', '_')}`
  const left = `cd /state; grep -rl shop-pr . 2>/dev/null | grep -v haproxy.log; ${rules} 2>/dev/null | grep shop-pr; true`
  expect(await world.inNode(left)).not.toEqual([])
  for (const number of [1, 2, 3]) world.forge.shut(number)
  await world.until('they are gone', async () => (await world.traces()).join() === 'shop')
  let found: string[] = []
  const isForgotten = async () => {
    found = await world.inNode(left)
    return found.length === 0
  }
  await world.until('nobody knows them', isForgotten).catch((error) => {
    throw new Error(found.join('\n'), { cause: error })
  })
  expect(await lookUp('shop', 'web.shop-pr-1', 'db-0.db.shop-pr-2')).toEqual(['.', '.'])
  expect(await visit('pr-1.shop.example.com')).not.toBe('one')
  expect(await visit('shop.example.com')).toBe('production')
  expect(world.app('shop')).toMatchObject({ sync: 'Synced', health: 'Healthy', previews: [] })
})
