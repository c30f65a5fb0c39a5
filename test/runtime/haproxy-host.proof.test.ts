// What HAProxy has to share with other programs of the host.
import { get } from 'node:http'
import { createServer, type Server } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type HaproxyWorld, haproxyWorld, httpPod, service } from './haproxy-world.ts'

let world: HaproxyWorld
beforeAll(async () => {
  world = await haproxyWorld('10.97.224.0/20')
})
afterAll(() => world[Symbol.asyncDispose]())

function fetchText(host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ host, port, agent: false }, (response) => {
      let text = ''
      response.on('data', (chunk) => (text += chunk))
      response.on('end', () => resolve(text))
      response.on('error', reject)
    }).on('error', reject)
  })
}

interface Listener extends AsyncDisposable {
  close(): Promise<void>
}

/** Another program. */
async function listener(port: number, address: string): Promise<Listener> {
  const server: Server = createServer()
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, address, resolve))
  const close = () => new Promise<void>((resolve) => (server.listening ? server.close(() => resolve()) : resolve()))
  return { close, [Symbol.asyncDispose]: close }
}

async function fromPod(name: string, url: string): Promise<string> {
  const client = await world.container(name, ['sleep', '600'])
  return world.docker.exec(client, ['wget', '-qO-', url])
}

describe('a port that another program has', () => {
  test('on all addresses: the Service is reached all the same, and has its port once it is free', async () => {
    await using other = await listener(31_998, '0.0.0.0')
    await using one = await httpPod('behind')
    const port = { name: '', protocol: 'TCP', nodePort: 0, mode: 'http', backends: [one.row] } as const
    const table = { services: [service('shared', '10.97.224.20', {}, { ports: [{ ...port, port: 31_998 }] })] }
    expect(await world.apply(table)).toEqual([])
    expect(await fetchText('10.97.224.20', 31_998)).toBe('behind')
    expect(await fromPod('shares', 'http://10.97.224.20:31998/')).toBe('behind')
    expect(await world.shell.read('haproxy/20-shop_shared.cfg')).not.toContain('bind 10.97.224.20:31998')

    const again = new Promise<void>((resolve) => world.applier.outdated(resolve))
    await other.close()
    await again
    expect(await world.apply(table)).toEqual([])
    expect(await world.shell.read('haproxy/20-shop_shared.cfg')).toContain('bind 10.97.224.20:31998')
    expect(await fetchText('10.97.224.20', 31_998)).toBe('behind')
    expect(await world.shell.run('nft list tables ip')).not.toContain(
      `${world.settings.engine.replace('-', '_')}_redir`,
    )
  })

  test('without listening there: HAProxy cannot start with it, which is told of its Service alone', async () => {
    await using one = await httpPod('fine')
    await using peer = await listener(31_994, '127.0.0.1')
    expect(await world.apply({ services: [service('fine', '10.97.224.25', { backends: [one.row] })] })).toEqual([])
    const pid = await world.shell.run(
      'socat PIPE TCP:127.0.0.1:31994,sourceport=31995,forever,interval=60 >/dev/null 2>&1 & echo $!; sleep 0.3',
    )
    const fine = service('fine', '10.97.224.25', { backends: [one.row] })
    const held = service('held', '10.97.224.26', { nodePort: 31_995, backends: [one.row] })
    const beside = service('beside', '10.97.224.27', { backends: [one.row] })
    expect(await world.apply({ services: [fine, held, beside] })).toEqual([
      { key: 'shop/Service/held', message: expect.stringMatching(/^HAProxy refuses it: .*cannot bind/) },
    ])
    expect(await fetchText('10.97.224.27', 80)).toBe('fine')
    await world.shell.run(`kill ${pid.trim()}`)
    await peer.close()
  })
})

describe('an external address', () => {
  const local = () => world.shell.run('ip route show table local')

  test('is the host’s own as long as it is wanted', async () => {
    await using one = await httpPod('outside')
    const web = service('outside', '10.97.224.30', { backends: [one.row] }, { externalIPs: ['198.18.77.5'] })
    expect(await world.apply({ services: [web] })).toEqual([])
    expect(await fetchText('198.18.77.5', 80)).toBe('outside')
    expect(await fromPod('visitor', 'http://198.18.77.5/')).toBe('outside')
    expect(await local()).toContain('local 198.18.77.5 dev lo')
    await world.apply({ services: [{ ...web, externalIPs: [] }] })
    expect(await local()).not.toContain('198.18.77.5')
  })
})

describe('a load balancer', () => {
  test('serves only the sources that it names', async () => {
    await using one = await httpPod('balanced')
    // Any address of the host that is not only for itself: that of the bridge of an earlier pod.
    const addresses = await world.shell.run("ip -4 -o addr show scope global up | grep -v ' lo '")
    const gateway = addresses.match(/inet ([0-9.]+)/)?.[1] ?? ''
    const ports = [{ name: '', protocol: 'TCP', port: 31_997, nodePort: 0, mode: 'http', backends: [one.row] }] as const
    const web = (sourceRanges: string[]) =>
      service('balanced', '10.97.224.40', {}, { type: 'LoadBalancer', sourceRanges, ports })
    expect(await world.apply({ services: [web(['192.0.2.0/24'])] })).toEqual([])
    expect(await fromPod('stranger', `http://${gateway}:31997/`)).not.toBe('balanced')
    await world.apply({ services: [web(['0.0.0.0/0'])] })
    expect(await fromPod('guest', `http://${gateway}:31997/`)).toBe('balanced')
  })
})

test('a start without Berth on a host where a port is taken serves all the rest', async () => {
  await using one = await httpPod('rest')
  const web = service('rest', '10.97.224.50', { mode: 'http', nodePort: 31_996, backends: [one.row] })
  expect(await world.apply({ services: [web] })).toEqual([])
  await world.docker.post(world.node, 'stop?t=10')
  await using other = await listener(31_996, '127.0.0.1')
  await world.docker.post(world.node, 'start')
  await expect.poll(() => fetchText('10.97.224.50', 80).catch(() => '')).toBe('rest')

  const applier = await world.again()
  applier.expect({ ...world.empty, services: [web] })
  expect(await applier.apply({ ...world.empty, services: [web] })).toEqual([
    { key: 'shop/Service/rest', message: 'port 31996 is in use on this host' },
  ])
  await other.close()
  expect(await applier.apply({ ...world.empty, services: [web] })).toEqual([])
  expect(await fetchText('127.0.0.1', 31_996)).toBe('rest')
  applier.detach()
})
