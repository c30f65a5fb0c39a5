import { Agent, get, request } from 'node:http'
import { connect, createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startLoad } from './haproxy-load.ts'
import { bring, type HaproxyWorld, haproxyWorld, httpPod, type Pod, service, tcpPod } from './haproxy-world.ts'

let world: HaproxyWorld
beforeAll(async () => {
  world = await haproxyWorld('10.97.32.0/20')
})
afterAll(() => world[Symbol.asyncDispose]())

function fetchText(address: string, port = 80, agent?: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { host: address, port, ...(agent ? { agent } : { agent: false as const }) }
    get(options, (response) => {
      let text = ''
      response.on('data', (chunk) => (text += chunk))
      response.on('end', () => resolve(response.statusCode === 200 ? text : `${response.statusCode}`))
      response.on('error', reject)
    }).on('error', reject)
  })
}

const modes = ['tcp', 'http', 'detect'] as const

describe('a Service', () => {
  test.each(modes)('%s: carries requests, and follows its pods without a new worker', async (mode) => {
    await using one = await httpPod(`${mode}-one`)
    await using two = await httpPod(`${mode}-two`)
    const address = `10.97.32.${20 + modes.indexOf(mode)}`
    const table = (...backends: (typeof one.row)[]) => ({
      services: [service(`web-${mode}`, address, { mode, backends })],
    })
    expect(await world.apply(table(one.row))).toEqual([])
    expect(await fetchText(address)).toBe(`${mode}-one`)
    const { reloads } = await world.workers()
    await world.apply(table(two.row, one.draining))
    expect(await fetchText(address)).toBe(`${mode}-two`)
    expect(await fetchText(address)).toBe(`${mode}-two`)
    await expect.poll(() => world.applier.trafficOf(`shop/${mode}-one`)).toBe('out')
    await world.apply(table(two.row))
    expect(world.applier.trafficOf(`shop/${mode}-two`)).toBe('serving')
    expect((await world.workers()).reloads).toBe(reloads)
    expect(await world.shell.read(`haproxy/20-shop_web-${mode}.cfg`)).not.toContain(`${mode}-one`)
  })

  test('is reached from a pod by way of the host', async () => {
    await using one = await httpPod('from-pod')
    await world.apply({ services: [service('from-pod', '10.97.32.30', { backends: [one.row] })] })
    const client = await world.container('client', ['sleep', '600'])
    expect(await world.docker.exec(client, ['wget', '-qO-', 'http://10.97.32.30/'])).toBe('from-pod')
  })

  test('without pods ends connections at once', async () => {
    await world.apply({
      services: [
        service('none-tcp', '10.97.32.31', { mode: 'tcp' }),
        service('none-http', '10.97.32.32', { mode: 'http' }),
        service('none-detect', '10.97.32.33', { mode: 'detect' }),
      ],
    })
    await expect(fetchText('10.97.32.31')).rejects.toThrow(/hang up|ECONNRESET/)
    expect(await fetchText('10.97.32.32')).toBe('503')
    await expect(fetchText('10.97.32.33')).rejects.toThrow(/hang up|ECONNRESET/)
  })

  test('takes no pod in that never was in traffic', async () => {
    await using one = await httpPod('never')
    await world.apply({ services: [service('never', '10.97.32.34', { mode: 'http', backends: [one.draining] })] })
    expect(await fetchText('10.97.32.34')).toBe('503')
    await expect.poll(() => world.applier.trafficOf('shop/never')).toBe('out')
  })
})

describe('detect', () => {
  test('carries an echo, a server that speaks first, and HTTP on one connection', async () => {
    await using echo = await tcpPod('echo', (socket) => socket.pipe(socket))
    await using greeter = await tcpPod('greeter', (socket) => socket.write('220 hello\r\n'))
    await using web = await httpPod('talk')
    const port = (name: string, number: number, pod: Pod) =>
      ({ name, protocol: 'TCP', port: number, nodePort: 0, mode: 'detect', backends: [pod.row] }) as const
    const ports = [port('echo', 7, echo), port('smtp', 25, greeter), port('web', 80, web)]
    await world.apply({ services: [service('talk', '10.97.32.40', {}, { ports })] })
    expect(await say('10.97.32.40', 7, '\0\x01raw')).toBe('\0\x01raw')
    expect(await say('10.97.32.40', 25, undefined)).toBe('220 hello\r\n')
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    expect([await fetchText('10.97.32.40', 80, agent), await fetchText('10.97.32.40', 80, agent)]).toEqual([
      'talk',
      'talk',
    ])
    agent.destroy()
  })

  test('answers clients that close their sending side with the request, and names them', async () => {
    await using web = await httpPod('half', (request, response) => response.end(request.headers['x-forwarded-for']))
    await world.apply({ services: [service('half', '10.97.32.46', { mode: 'detect', backends: [web.row] })] })
    const request = 'GET / HTTP/1.1\r\nHost: half\r\n\r\n'
    const answers: string[] = []
    const client = async () => {
      for (let time = 0; time < 25; time += 1) answers.push(await sayAndClose('10.97.32.46', request))
    }
    await Promise.all(Array.from({ length: 8 }, client))
    const [status, from] = [/^HTTP\/1\.1 200 /, /10\.97\.32\.46/]
    expect(answers.filter((answer) => !status.test(answer) || !from.test(answer))).toEqual([])
    expect(answers).toHaveLength(200)
  })
})

describe('a pod that leaves', () => {
  test.each(['http', 'detect', 'tcp'] as const)('%s: finishes a POST in flight before it is out', async (mode) => {
    let finish: (() => void) | undefined
    await using slow = await httpPod('slow', (incoming, response) => {
      incoming.resume()
      finish = () => response.end('done')
    })
    await using other = await httpPod('other')
    const table = (...backends: (typeof slow.row)[]) => ({
      services: [service(`post-${mode}`, '10.97.32.41', { mode, backends })],
    })
    await world.apply(table(slow.row))
    const answer = post('10.97.32.41', 'body')
    await expect.poll(() => finish).toBeDefined()
    world.applier.expect({ ...world.empty, ...table(slow.draining, other.row) })
    expect(world.applier.trafficOf('shop/slow')).toBe('draining')
    await world.apply(table(slow.draining, other.row))
    expect(await fetchText('10.97.32.41')).toBe('other')
    expect(world.applier.trafficOf('shop/slow')).toBe('draining')
    finish?.()
    expect(await answer).toBe('done')
    await expect.poll(() => world.applier.trafficOf('shop/slow')).toBe('out')
    expect(world.changes).toContain('shop/slow')
    await world.apply(table(other.row))
    await expect.poll(() => world.servers()).not.toContain('slow_8080')
  })

  test('finishes it also when a new worker came meanwhile', async () => {
    let finish: (() => void) | undefined
    await using slow = await httpPod('slow-reload', (incoming, response) => {
      incoming.resume()
      finish = () => response.end('done')
    })
    await using other = await httpPod('other-reload')
    const web = (...backends: (typeof slow.row)[]) => service('post-reload', '10.97.32.42', { mode: 'http', backends })
    await world.apply({ services: [web(slow.row)] })
    const answer = post('10.97.32.42', 'body')
    await expect.poll(() => finish).toBeDefined()
    const added = service('added', '10.97.32.43', {})
    await world.apply({ services: [added, web(slow.draining, other.row)] })
    expect(await fetchText('10.97.32.42')).toBe('other-reload')
    expect(world.applier.trafficOf('shop/slow-reload')).toBe('draining')
    finish?.()
    expect(await answer).toBe('done')
    await expect.poll(() => world.applier.trafficOf('shop/slow-reload')).toBe('out')
  })

  test('is not asked by a connection that was idle since before a new worker', async () => {
    await using before = await httpPod('idle-before')
    await using after = await httpPod('idle-after')
    const web = (...backends: (typeof before.row)[]) => service('idle', '10.97.32.44', { mode: 'http', backends })
    await world.apply({ services: [web(before.row)] })
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    expect(await fetchText('10.97.32.44', 80, agent)).toBe('idle-before')
    await world.apply({ services: [service('extra', '10.97.32.45', {}), web(before.row)] })
    await world.apply({ services: [service('extra', '10.97.32.45', {}), web(before.draining, after.row)] })
    await before.crash()
    expect(await fetchText('10.97.32.44', 80, agent)).toBe('idle-after')
    agent.destroy()
  })
})

describe('under load', () => {
  test.each(['http', 'detect'] as const)('%s: five new workers and replaced pods, no failed request', async (mode) => {
    const pods: Pod[] = [await httpPod('l0'), await httpPod('l1')]
    const web = (backends: (typeof pods)[number]['row'][]) => service('load', '10.97.32.50', { mode, backends })
    await world.apply({ services: [web(pods.map(({ row }) => row))] })
    await using load = startLoad('10.97.32.50', 80, 4, 4)
    for (let round = 0; round < 5; round += 1) {
      const extra = service(`round-${round}`, '10.97.32.51', { mode })
      const fresh = await httpPod(`l${round + 2}`)
      const old = pods.shift()
      if (!old) throw new Error('no pod is left')
      pods.push(fresh)
      await world.apply({ services: [web([old.row, ...pods.map(({ row }) => row)]), extra] })
      const leaving = { services: [web([old.draining, ...pods.map(({ row }) => row)]), extra] }
      await world.apply(leaving)
      await expect.poll(() => world.applier.trafficOf(old.row.pod)).toBe('out')
      await old.leave()
      await load.more(200)
    }
    // Who goes on asking is with the newest worker by then, so the others can end.
    await expect.poll(async () => (await world.workers()).running).toBe(1)
    expect(await load.end()).toMatchObject({ failures: [] })
    await Promise.all(pods.map((pod) => pod.crash()))
  })
})

describe('a client that sticks', () => {
  test.each(modes)('%s: stays with its pod over a new worker', async (mode) => {
    const pods = await Promise.all([0, 1, 2, 3].map((index) => httpPod(`${mode}-aff-${index}`)))
    const web = (backends: (typeof pods)[number]['row'][]) =>
      service('sticky', '10.97.32.60', { mode, backends }, { affinitySeconds: 600 })
    await world.apply({ services: [web(pods.slice(0, 1).map(({ row }) => row))] })
    const first = await fetchText('10.97.32.60')
    // Others come, one of which would be chosen by now if the choice was made anew.
    await world.apply({ services: [web(pods.map(({ row }) => row))] })
    expect(await fetchText('10.97.32.60')).toBe(first)
    await world.apply({ services: [web(pods.map(({ row }) => row)), service('beside', '10.97.32.61', { mode })] })
    const seen = await Promise.all(Array.from({ length: 8 }, () => fetchText('10.97.32.60')))
    expect(new Set(seen)).toEqual(new Set([first]))
    // The pod goes: so does who stuck to it.
    await world.apply({
      services: [web(pods.slice(1).map(({ row }) => row)), service('beside', '10.97.32.61', { mode })],
    })
    expect(await fetchText('10.97.32.60')).not.toBe(first)
    await Promise.all(pods.map((each) => each.crash()))
  })
})

describe('what HAProxy cannot do', () => {
  test('a port that somebody else has is said, the rest goes on, and it is taken once it is free', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(31_999, '127.0.0.1', resolve))
    await using one = await httpPod('taken')
    const web = service('taken', '10.97.32.70', { nodePort: 31_999, backends: [one.row] })
    expect(await world.apply({ services: [web] })).toEqual([
      { key: 'shop/Service/taken', message: 'port 31999 is in use on this host' },
    ])
    expect(await fetchText('10.97.32.70')).toBe('taken')
    await new Promise((resolve) => other.close(resolve))
    expect(await world.apply({ services: [web] })).toEqual([])
    expect(await fetchText('127.0.0.1', 31_999)).toBe('taken')
  })

  test('a part that it refuses is left out, with its words', async () => {
    await using one = await httpPod('fine')
    const bad = service('bad', '10.97.32.72', { backends: [one.row] }, { affinitySeconds: -1 })
    const fine = service('fine', '10.97.32.73', { backends: [one.row] })
    // Of an earlier start, which went on without it.
    await world.shell.run('touch /state/haproxy/20-shop_earlier.cfg.refused')
    const problems = await world.apply({ services: [bad, fine] })
    expect(problems).toHaveLength(1)
    expect(problems[0]?.key).toBe('shop/Service/bad')
    expect(problems[0]?.message).toMatch(/^HAProxy refuses it: .*expire/)
    expect(await fetchText('10.97.32.73')).toBe('fine')
    expect(await world.shell.run('ls /state/haproxy')).not.toContain('refused')
    expect(world.applier.trafficOf(one.row.pod)).toBe('serving')
  })
})

describe('a start', () => {
  test('of another applier finds all as it is, and leaves it so', async () => {
    await using one = await httpPod('again')
    await using two = await httpPod('again-two')
    const table = { services: [service('again', '10.97.32.80', { mode: 'http', backends: [one.row] })] }
    await world.apply(table)
    const { reloads } = await world.workers()
    const applier = await world.again()
    // Not probed yet: it stays in traffic.
    const unknown = { ...one.row, state: 'unknown' } as const
    await bring(applier, { services: [service('again', '10.97.32.80', { mode: 'http', backends: [unknown] })] })
    expect(applier.trafficOf('shop/again')).toBe('serving')
    expect(await fetchText('10.97.32.80')).toBe('again')
    await bring(applier, {
      services: [service('again', '10.97.32.80', { mode: 'http', backends: [one.row, two.row] })],
    })
    expect((await world.workers()).reloads).toBe(reloads)
    expect(new Set([await fetchText('10.97.32.80'), await fetchText('10.97.32.80')])).toEqual(
      new Set(['again', 'again-two']),
    )
    applier.detach()
    await world.applier.attach(world.shell)
  })

  test('of HAProxy after its end comes from its files, and is noticed', async () => {
    await using one = await httpPod('restart')
    await using two = await httpPod('restart-two')
    const web = (...backends: (typeof one.row)[]) => ({ services: [service('restart', '10.97.32.81', { backends })] })
    await world.apply(web(one.row))
    const processes = async () => (await world.shell.run('pidof haproxy || true')).trim().split(/\s+/)
    const before = await processes()
    // A worker may end with its master before its own turn comes.
    await world.shell.run('kill -9 $(pidof haproxy) || true')
    await expect
      .poll(async () => {
        const now = await processes()
        return before.filter((pid) => now.includes(pid))
      })
      .toEqual([])
    await expect.poll(() => fetchText('10.97.32.81').catch(() => '')).toBe('restart')
    await world.apply(web(one.row, two.row))
    await expect.poll(() => fetchText('10.97.32.81')).toBe('restart-two')
  })
})

function say(address: string, port: number, text: string | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, address, () => text !== undefined && socket.write(text))
    socket.once('data', (data) => {
      socket.destroy()
      resolve(data.toString())
    })
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('closed')))
  })
}

/** All that comes back. */
function sayAndClose(address: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port: 80, allowHalfOpen: true }, () => socket.end(text))
    let answer = ''
    socket.on('data', (data) => (answer += data))
    socket.once('end', () => resolve(answer))
    socket.once('error', reject)
  })
}

function post(address: string, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request({ host: address, method: 'POST', agent: false }, (response) => {
      response.on('data', (data) => resolve(`${data}`))
      response.on('error', reject)
    })
    call.on('error', reject)
    call.end(body)
  })
}
