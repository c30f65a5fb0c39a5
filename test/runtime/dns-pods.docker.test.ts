import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PodSpec } from '../../src/manifests/types.ts'
import { sandboxOptions } from '../../src/runtime/docker/options.ts'
import { engineCall, engineJson } from '../support/engine-call.ts'
import { testImages } from '../support/images.ts'
import { type DnsWorld, dnsWorld, nodeImage, outside } from './dns-world.ts'
import { testSocket } from './docker-world.ts'
import { endpointRow, portRow, serviceRow, tableOf } from './network/dns-rows.ts'
import { podSpec, sandboxSpec } from './samples.ts'

let world: DnsWorld
let network: string
let webAddress: string
const made: string[] = []

beforeAll(async () => {
  world = await dnsWorld(testSocket)
  webAddress = world.settings.dnsAddress.replace(/\d+$/, '20')
  network = world.settings.engine
  await engineJson(testSocket, 'POST', '/networks/create', { Name: network })
  await world.apply(
    tableOf(
      serviceRow('web', { clusterIP: webAddress, ports: [portRow('http', 80)] }),
      serviceRow('db', { clusterIP: 'None', addresses: [endpointRow('10.195.3.4', 'db-0')] }),
      serviceRow('outside', { type: 'ExternalName', externalName: outside.name }),
    ),
  )
})

afterAll(async () => {
  for (const id of made) await world.docker.destroy(id)
  await engineCall(testSocket, 'DELETE', `/networks/${network}`)
  await world[Symbol.asyncDispose]()
})

/** A sandbox of namespace `shop`, and a container that joined it. */
async function pod(given: Partial<PodSpec> = {}): Promise<{ readonly sandbox: string; readonly container: string }> {
  const { dnsAddress: address, zone } = world.settings
  const spec = { ...podSpec(), ...given }
  const options = sandboxOptions('', testImages.pause, network, 'shop', sandboxSpec({ spec }), {}, { address, zone })
  const sandbox = await started(options)
  const joined = { NetworkMode: `container:${sandbox}` }
  return {
    sandbox,
    container: await started({ Image: nodeImage, Entrypoint: ['sleep', '600'], HostConfig: joined }),
  }
}

async function started(options: object): Promise<string> {
  const { Id: id } = await engineJson<{ Id: string }>(testSocket, 'POST', '/containers/create', options)
  made.unshift(id)
  await engineJson(testSocket, 'POST', `/containers/${id}/start`)
  return id
}

/** As the C library finds it, by the search path. */
async function lookUp(container: string, name: string): Promise<string> {
  const script =
    'socat -d -d -u OPEN:/dev/null "TCP4:$0:80,connect-timeout=0.1" 2>&1 | sed -n "s/.*opening connection to AF=2 \\(.*\\):80/\\1/p"'
  return (await world.docker.exec(container, ['sh', '-c', script, name])).trim()
}

test('containers of a pod find short and full names', async () => {
  const { container } = await pod()
  const names = {
    ...{
      web: webAddress,
      'web.shop': webAddress,
      'web.shop.svc': webAddress,
      'web.shop.svc.cluster.local': webAddress,
    },
    ...{ db: '10.195.3.4', 'db-0.db': '10.195.3.4' },
    ...{ outside: outside.address, [outside.name]: outside.address },
  }
  // The C library gives up after ten seconds without an answer, which a busy machine takes.
  for (const [name, address] of Object.entries(names)) {
    await expect.poll(() => lookUp(container, name), { message: name }).toBe(address)
  }
  expect(await lookUp(container, 'nothing')).toBe('')
})

test('the file is the same again after a restart of the sandbox', async () => {
  const { sandbox } = await pod()
  const before = await world.docker.exec(sandbox, ['cat', '/etc/resolv.conf'])
  expect(before).toContain(`nameserver ${world.settings.dnsAddress}`)
  expect(before).not.toContain('127.0.0.11')
  await engineJson(testSocket, 'POST', `/containers/${sandbox}/restart?t=1`)
  await expect.poll(() => world.docker.exec(sandbox, ['cat', '/etc/resolv.conf'])).toBe(before)
})

test('a pod that asks for nothing of the cluster has the engine’s', async () => {
  const { container } = await pod({ dnsPolicy: 'Default' })
  expect(await world.docker.exec(container, ['cat', '/etc/resolv.conf'])).toContain('127.0.0.11')
  expect(await lookUp(container, 'web')).toBe('')
})
