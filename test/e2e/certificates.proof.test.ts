// From an Ingress that names no certificate to https with one of a real ACME server.
import { once } from 'node:events'
import { connect, type PeerCertificate } from 'node:tls'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { Pebble } from '../certificates/pebble.ts'
import { EngineWorld } from '../support/engine-world.ts'
import { ensureTestImages } from '../support/images.ts'
import { ensureNodeImage, testNodeImage } from '../support/node-image.ts'
import { deployment, TestBerth } from './berth.ts'

const socket = process.env.BERTH_TEST_DOCKER ?? ''
const place = process.pid % 250
const [httpPort, httpsPort] = [21_000 + place, 21_300 + place]

const service = JSON.stringify({
  ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' } },
  spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
})
const path = { path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } }
const ingress = JSON.stringify({
  ...{ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' },
  metadata: { name: 'web', annotations: { 'cert-manager.io/cluster-issuer': 'letsencrypt' } },
  spec: {
    tls: [{ hosts: ['shop.example.com'], secretName: 'web-tls' }],
    rules: [{ host: 'shop.example.com', http: { paths: [path] } }],
  },
})

let berth: TestBerth
let pebble: Pebble
beforeAll(async () => {
  await ensureTestImages(socket)
  await ensureNodeImage(socket)
})
beforeEach(async () => {
  pebble = await Pebble.start({ httpPort })
  berth = new TestBerth('acme')
  berth.network = 'services'
  berth.configure(
    {},
    {
      podCIDR: '10.222.0.0/16',
      serviceCIDR: `10.111.${place}.0/24`,
      nodeImage: testNodeImage,
      ingress: { httpPort, httpsPort },
      acme: { server: pebble.directory, agreeToTerms: true, caFile: pebble.caFile },
    },
  )
})
afterEach(async () => {
  await berth.stop()
  await new EngineWorld(socket).clean(berth.id)
  await berth.close()
  await pebble[Symbol.asyncDispose]()
})

/** What the host is shown as; undefined: https is not served. */
async function shown(): Promise<PeerCertificate | undefined> {
  const connection = connect({
    ...{ host: '127.0.0.1', port: httpsPort },
    servername: 'shop.example.com',
    rejectUnauthorized: false,
  })
  try {
    await once(connection, 'secureConnect')
    return connection.getPeerCertificate()
  } catch {
    return undefined
  } finally {
    connection.destroy()
  }
}

test('an Ingress gets a certificate by itself, and has it after a restart', async () => {
  berth.repository.commit('Add web', {
    'app/web.yaml': deployment(),
    'app/service.yaml': service,
    'app/ingress.yaml': ingress,
  })
  berth.start()
  const isObtained = async () => String((await shown())?.issuer.CN).startsWith('Pebble')
  await berth.until('the certificate is there', isObtained)
  const first = await shown()
  expect(first?.subjectaltname).toBe('DNS:shop.example.com')
  await berth.until('the Ingress lacks nothing', ({ objects }) =>
    objects.some(
      ({ kind, health, message }) => kind === 'Ingress' && health === 'Healthy' && !message.includes('certificate'),
    ),
  )

  await berth.stop('SIGKILL')
  expect((await shown())?.fingerprint256).toBe(first?.fingerprint256)
  berth.start()
  await berth.until('it looks after the Ingress again', ({ objects }) =>
    objects.some(({ kind, health }) => kind === 'Ingress' && health === 'Healthy'),
  )
  expect((await shown())?.fingerprint256).toBe(first?.fingerprint256)
  expect(berth.log.match(/ordering a certificate/g)).toHaveLength(1)
})
