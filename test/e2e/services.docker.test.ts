import { rmSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { engineCall } from '../support/engine-call.ts'
import { ensureTestImages, testImages } from '../support/images.ts'
import { ensureNodeImage, testNodeImage } from '../support/node-image.ts'
import type { TestBerth } from './berth.ts'
import { askAll, client, closeServices, lookUpAll, nodes, podAddress, service, servicesBerth } from './network.ts'

const socket = process.env.BERTH_TEST_DOCKER ?? ''
const range = 200
const nodePort = 30_000 + (process.pid % 1300)
const balancerPort = 20_000 + (process.pid % 10_000)
let berth: TestBerth

/** Answers with the name of its pod. */
const template = (app: string, more = '') => `
  template:
    metadata: { labels: { app: ${app} } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: main
          image: ${testImages.one}
          ports: [{ name: web, containerPort: 8080 }]
          env:
            - { name: MESSAGE, valueFrom: { fieldRef: { fieldPath: metadata.name } } }${more}
          readinessProbe: { httpGet: { path: /ready, port: web }, periodSeconds: 1 }`

const web = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }${template('web')}
`
const database = `apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db }
spec:
  replicas: 2
  serviceName: db
  selector: { matchLabels: { app: db } }${template('db')}
`
const late = `apiVersion: apps/v1
kind: Deployment
metadata: { name: late }
spec:
  selector: { matchLabels: { app: late } }${template('late', '\n            - { name: READY_AFTER, value: never }')}
`
const echo = `apiVersion: v1
kind: Pod
metadata: { name: echo, labels: { app: echo } }
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - name: main
      image: ${testNodeImage}
      command: [socat, 'UDP4-RECVFROM:9053,fork', 'SYSTEM:read line; echo $line again']
      ports: [{ containerPort: 9053, protocol: UDP }]
`
const twoPorts = '[{ name: http, port: 80, targetPort: web }, { name: other, port: 9000, targetPort: 8080 }]'
const files = {
  'app/client.yaml': client(),
  'app/elsewhere.yaml': client('elsewhere', ', namespace: other'),
  'app/web.yaml': web,
  'app/db.yaml': database,
  'app/echo.yaml': echo,
  'app/services.yaml': [
    service('web', `{ selector: { app: web }, ports: ${twoPorts} }`),
    service('db', '{ clusterIP: None, selector: { app: db }, ports: [{ port: 8080 }] }'),
    service('outside', '{ type: ExternalName, externalName: web.shop.svc.cluster.local }'),
    service('sticky', '{ sessionAffinity: ClientIP, selector: { app: web }, ports: [{ port: 80, targetPort: 8080 }] }'),
    service(
      'fixed',
      `{ clusterIP: 10.${range + 1}.7.7, selector: { app: web }, ports: [{ port: 80, targetPort: web }] }`,
    ),
    service('echo', '{ selector: { app: echo }, ports: [{ port: 53, targetPort: 9053, protocol: UDP }] }'),
    service(
      'node',
      `{ type: NodePort, selector: { app: web }, ports: [{ name: a, port: 80, targetPort: web, nodePort: ${nodePort} }, { name: b, port: 81, targetPort: web }] }`,
    ),
    service(
      'balancer',
      `{ type: LoadBalancer, selector: { app: web }, ports: [{ port: ${balancerPort}, targetPort: web }] }`,
    ),
  ].join('---\n'),
}

beforeAll(async () => {
  await ensureTestImages(socket)
  await ensureNodeImage(socket)
  berth = servicesBerth('services', { range })
  const commit = berth.repository.commit('Add', files)
  berth.start()
  await berth.synced(commit)
})
afterAll(() => closeServices(berth, { range }))

const isWeb = expect.stringMatching(/^web-/)
/** Its name is. */
const unknown = expect.stringMatching(/^- .*(not known|No address|Temporary failure)/)

test('a Service is found by name, short and full, and at its address', async () => {
  const [address = ''] = await lookUpAll(berth, ['web'])
  expect(address).toMatch(new RegExp(`^10\\.${range + 1}\\.`))
  const names = ['web', 'web.shop', 'web.shop.svc', 'web.shop.svc.cluster.local']
  expect(await lookUpAll(berth, names)).toEqual(names.map(() => address))
  const targets = [...names.map((name) => `${name}:80`), `${address}:80`, 'web:9000', 'fixed:80']
  expect(await askAll(berth, targets)).toEqual(targets.map(() => isWeb))
  expect(await lookUpAll(berth, ['fixed', 'nothing', 'db-9.db'])).toEqual([`10.${range + 1}.7.7`, '-', '-'])
  expect(await askAll(berth, ['web.shop:80', 'web:80'], 'elsewhere')).toEqual([isWeb, unknown])
})

test('all pods of a Service take part, and one client keeps to one where that is asked', async () => {
  const answers = new Set(await askAll(berth, Array(8).fill('web:80')))
  expect([...answers]).toEqual([isWeb, isWeb])
  expect(new Set(await askAll(berth, Array(8).fill('sticky:80'))).size).toBe(1)
})

test('a headless Service has the addresses of its pods, and each of a StatefulSet a name', async () => {
  const addresses = await Promise.all([podAddress(berth, 'db-0'), podAddress(berth, 'db-1')])
  const found = await lookUpAll(berth, ['db', 'db-0.db', 'db-1.db.shop.svc.cluster.local'])
  expect(found).toEqual([[...addresses].sort().join(' '), ...addresses])
  expect(await askAll(berth, ['db-0.db:8080', 'db-1.db:8080'])).toEqual(['db-0', 'db-1'])
})

test('a Service is a name for another one', async () => {
  expect(await lookUpAll(berth, ['outside'])).toEqual(await lookUpAll(berth, ['web']))
  expect(await askAll(berth, ['outside:80'])).toEqual([isWeb])
})

test('UDP goes there and back', async () => {
  const { output } = await berth.exec('client', 'main', 'sh', '-c', 'echo hello | socat -t2 - UDP4:echo:53')
  expect(output.trim()).toBe('hello again')
})

test('ports of the host lead to the pods', async () => {
  const status = await berth.status()
  const message = messageOf(status, 'node')
  const given = Number(/81 on (\d+)/.exec(message)?.[1])
  expect(given).toBeGreaterThanOrEqual(30_000)
  expect(message).toContain(`80 on ${nodePort}`)
  for (const port of [nodePort, given, balancerPort]) expect(await fromHost(port)).toMatch(/^web-/)
})

test('the status tells addresses and how many pods take part', async () => {
  const { objects } = await berth.status()
  const [address = ''] = await lookUpAll(berth, ['web'])
  const told = (name: string) => objects.find((object) => object.kind === 'Service' && object.name === name)
  expect(told('web')).toMatchObject({ sync: 'Synced', health: 'Healthy', ready: '2/2', message: address })
  expect(told('db')).toMatchObject({ ready: '2/2', message: 'headless' })
  expect(told('outside')).toMatchObject({ ready: '', message: 'web.shop.svc.cluster.local' })
  expect(told('balancer')?.message).toMatch(/^10\.\d+\.\d+\.\d+, \d+\.\d+\.\d+\.\d+/)
})

test('addresses that are written down, and pods that are not ready', async () => {
  const address = await podAddress(berth, 'db-1')
  const written = `apiVersion: v1
kind: Endpoints
metadata: { name: written }
subsets: [{ addresses: [{ ip: ${address} }], ports: [{ port: 8080 }] }]
`
  const eager = '{ publishNotReadyAddresses: true, selector: { app: late }, ports: [{ port: 80, targetPort: web }] }'
  berth.repository.commit('More', {
    'app/late.yaml': late,
    'app/more.yaml': [
      service('written', '{ ports: [{ port: 80, targetPort: 8080 }] }'),
      written,
      service('eager', eager),
      service('patient', '{ selector: { app: late }, ports: [{ port: 80, targetPort: web }] }'),
    ].join('---\n'),
  })
  await berth.until('both answer', async () => {
    const answers = await askAll(berth, ['written:80', 'eager:80', 'patient:80'])
    return answers[0] === 'db-1' && /^late-/.test(answers[1] ?? '') && answers[2] === '-'
  })
  const { objects } = await berth.status()
  expect(objects.find(({ kind, name }) => kind === 'Service' && name === 'patient')?.ready).toBe('0/1')

  const gone = await lookUpAll(berth, ['written'])
  const less = berth.repository.commit('Less', { 'app/late.yaml': null, 'app/more.yaml': null })
  await berth.synced(less)
  expect(await lookUpAll(berth, ['written', 'eager'])).toEqual(['-', '-'])
  expect(await refusal(berth, `${gone}:80`)).toContain('Connection refused')
})

test('addresses and ports stay after a restart without state, and without the node container', async () => {
  const names = ['web', 'sticky', 'echo', 'node', 'balancer']
  const addresses = await lookUpAll(berth, names)
  const ports = messageOf(await berth.status(), 'node')
  const head = (await berth.status()).commit

  await berth.stop()
  expect(await askAll(berth, ['web:80'])).toEqual([isWeb])
  rmSync(join(berth.dir, 'state'), { recursive: true })
  berth.start()
  await berth.synced(head)
  expect(await lookUpAll(berth, names)).toEqual(addresses)
  await berth.until('the ports are told', (app) => messageOf(app, 'node') === ports)

  const [node] = await nodes(berth)
  await engineCall(socket, 'DELETE', `/containers/${node?.Id}?force=true`)
  await berth.until('names and Services are back', async () => {
    const found = await lookUpAll(berth, names)
    return found.join() === addresses.join() && /^web-/.test((await askAll(berth, ['web:80']))[0] ?? '')
  })
  expect(await fromHost(nodePort)).toMatch(/^web-/)

  await berth.stop()
  const [other] = await nodes(berth)
  await engineCall(socket, 'DELETE', `/containers/${other?.Id}?force=true`)
  rmSync(join(berth.dir, 'state'), { recursive: true })
  berth.start()
  await berth.until('names are back', async () => (await lookUpAll(berth, names)).join() === addresses.join())
  await berth.synced(head)
  await berth.until('the ports are told', (app) => messageOf(app, 'node') === ports)
})

function messageOf({ objects }: Awaited<ReturnType<TestBerth['status']>>, name: string): string {
  return objects.find((object) => object.kind === 'Service' && object.name === name)?.message ?? ''
}

/** What a connection from the client ends with. */
async function refusal(berth: TestBerth, target: string): Promise<string> {
  const { output } = await berth.exec(
    'client',
    'main',
    'sh',
    '-c',
    `socat -u - TCP4:${target},connect-timeout=2 </dev/null`,
  )
  return output
}

/** The last line of what a port of this machine answers. */
function fromHost(port: number): Promise<string> {
  return new Promise((done, fail) => {
    const connection = createConnection({ host: '127.0.0.1', port, timeout: 2000 }, () => {
      connection.write('GET / HTTP/1.0\r\n\r\n')
    })
    let text = ''
    connection.on('data', (part) => {
      text += part.toString()
    })
    connection.on('timeout', () => connection.destroy(new Error(`port ${port} does not answer`)))
    connection.on('error', fail)
    connection.on('close', () => done(text.trim().split('\n').at(-1) ?? ''))
  })
}
