import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensureTestImages, testImages } from '../support/images.ts'
import { ensureNodeImage } from '../support/node-image.ts'
import type { TestBerth } from './berth.ts'
import { askAll, client, closeServices, podAddress, service, servicesBerth } from './network.ts'

const socket = process.env.BERTH_TEST_DOCKER ?? ''
const range = 204
let berth: TestBerth
/** Where the pod of each namespace answers: its own address and its Service. */
let targets: { readonly pod: string; readonly service: string }

const web = `apiVersion: v1
kind: Pod
metadata: { name: web, labels: { app: web } }
spec:
  terminationGracePeriodSeconds: 1
  containers: [{ name: main, image: '${testImages.one}' }]
`
const namespace = (name: string) => `apiVersion: v1
kind: Namespace
metadata: { name: ${name}, labels: { team: ${name} } }
`
const policy = (name: string, spec: string) => `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: ${name} }
spec: ${spec}
`

beforeAll(async () => {
  await ensureTestImages(socket)
  await ensureNodeImage(socket)
  berth = servicesBerth('isolation', { range })
  const commit = berth.repository.commit('Add', {
    'app/namespaces.yaml': [namespace('shop'), namespace('other')].join('---\n'),
    'app/shop.yaml': [
      web,
      client(),
      client('neighbour'),
      service('web', '{ selector: { app: web }, ports: [{ port: 80, targetPort: 8080 }] }'),
      service('self', '{ selector: { app: neighbour }, ports: [{ port: 7000 }] }'),
    ].join('---\n'),
    'app/other.yaml': client('stranger', ', namespace: other'),
  })
  berth.start()
  await berth.synced(commit)
  targets = { pod: `${await podAddress(berth, 'web')}:8080`, service: 'web.shop:80' }
})
afterAll(() => closeServices(berth, { range }))

/** Who reaches the pod itself, and its Service: `pod service`, `pod`, `service` or nothing. */
async function reach(from: string): Promise<string> {
  const [pod, through] = await askAll(berth, [targets.pod, targets.service], from, 1)
  const ways = [pod === 'version 1' ? 'pod' : '', through === 'version 1' ? 'service' : '']
  return ways.filter((way) => way !== '').join(' ')
}

/** Of the client, its neighbour and the stranger. */
function whoReaches(): Promise<string[]> {
  return Promise.all([reach('client'), reach('neighbour'), reach('stranger')])
}

/** Waits until that is as expected with this policy in place, which stays. */
async function withPolicy(spec: string, expected: readonly string[]): Promise<void> {
  berth.repository.commit('Restrict', { 'app/policy.yaml': policy('web', spec) })
  let seen: string[] = []
  await berth
    .until('the policy is in effect', async () => {
      seen = await whoReaches()
      return seen.join() === expected.join()
    })
    .catch((error: unknown) => {
      throw new Error(`expected ${expected.join(' | ')}, found ${seen.join(' | ')}`, { cause: error })
    })
}

const open = ['pod service', 'pod service', 'service']

test('namespaces see each other through Services only', async () => {
  await expect.poll(whoReaches).toEqual(open)
})

test('a pod reaches itself through its own Service', async () => {
  const { output } = await berth.exec(
    ...(['neighbour', 'main', 'sh', '-c'] as const),
    `socat TCP4-LISTEN:7000,fork SYSTEM:"echo myself" & server=$!
for try in $(seq 100); do socat -u TCP4:self:7000,connect-timeout=5 - | grep . && break; sleep 0.1; done; kill $server`,
  )
  expect(output.trim()).toBe('myself')
})

test('a policy lets in who it names, by either way, and nobody else; removed, all is as before', async () => {
  const ofClient = '{ podSelector: { matchLabels: { app: client } } }'
  const ofOther = '{ namespaceSelector: { matchLabels: { team: other } } }'
  const ingress = (from: string) =>
    `{ podSelector: { matchLabels: { app: web } }, policyTypes: [Ingress], ingress: [${from}] }`
  await withPolicy(ingress(''), ['', '', ''])
  await withPolicy(ingress(`{ from: [${ofClient}] }`), ['pod service', '', ''])
  await withPolicy(ingress(`{ from: [${ofOther}] }`), ['', '', 'pod service'])
  const address = await podAddress(berth, 'neighbour')
  await withPolicy(ingress(`{ from: [{ ipBlock: { cidr: ${address}/32 } }] }`), ['', 'pod service', ''])
  await withPolicy(ingress(`{ from: [${ofClient}], ports: [{ port: 9999 }] }`), ['', '', ''])

  const egress = '{ podSelector: { matchLabels: { app: client } }, policyTypes: [Egress], egress: [] }'
  await withPolicy(egress, ['', 'pod service', 'service'])

  const commit = berth.repository.commit('Open', { 'app/policy.yaml': null })
  await berth.synced(commit)
  await berth.until('all is as before', async () => (await whoReaches()).join() === open.join())
})
