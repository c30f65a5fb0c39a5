import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Container, Lifecycle } from '../../src/manifests/types.ts'
import type { PodRef } from '../../src/runtime/port.ts'
import { type DockerWorld, dockerWorld } from './docker-world.ts'
import { plainConfig, podSpec, runPod, sandboxSpec, until, webKey } from './samples.ts'

const sh = (script: string) => ({ exec: { command: ['sh', '-c', script] } })
const probe = { periodSeconds: 1, timeoutSeconds: 1, successThreshold: 1, failureThreshold: 1 }
/** Prints a line when it is told to end, and then takes its time. */
const telling = (afterSeconds: number) => [
  '/bin/sh',
  '-c',
  `trap 'echo told; sleep ${afterSeconds}; exit 0' TERM; while :; do sleep 60 & wait $!; done`,
]

describe('lifecycle hooks on Docker', () => {
  let world: DockerWorld
  let pod: PodRef

  beforeEach(async () => {
    world = await dockerWorld()
    pod = { host: world.host, namespace: 'shop', name: 'web-abc-0' }
  })

  afterEach(() => world.close())

  const run = (lifecycle: Lifecycle, container: Partial<Container> = {}, command: readonly string[] = telling(0)) =>
    runPod(world.runtime, pod, plainConfig({ command }), sandboxSpec({ spec: podSpec({ lifecycle, ...container }) }))
  const web = () => world.runtime.podsOf(webKey)[0]?.containers[0]
  const health = () => web()?.health
  const file = (...command: string[]) => world.exec(web()?.id ?? '', ...command)
  const lines = () => world.runtime.logTail(pod, web()?.id ?? '', 10)
  /** Until it has ended; how long that took. */
  const stopped = async (graceMs: number) => {
    const begin = Date.now()
    world.runtime.stopContainer(pod, web()?.id ?? '', graceMs)
    expect(web()?.stopping).toBe(true)
    await until(world.runtime, () => web()?.state === 'exited' && !web()?.stopping, 'it has been stopped')
    return Date.now() - begin
  }

  test('a container has started only once its postStart hook is done', async () => {
    await run(
      { postStart: sh('while [ ! -e /tmp/go ]; do sleep 0.1; done') },
      { readinessProbe: { ...probe, ...sh('true') } },
    )
    expect(web()).toMatchObject({ state: 'running' })
    expect(health()).toMatchObject({ known: true, started: false, hookDone: false, ready: false, failing: false })
    await file('touch', '/tmp/go')
    await until(world.runtime, () => health()?.ready === true, 'it is ready')
    expect(health()).toMatchObject({ known: true, started: true, hookDone: true, failing: false })
  })

  test('a startup probe goes on after the hook', async () => {
    await run(
      { postStart: sh('true') },
      { startupProbe: { ...probe, ...sh('test -e /tmp/go'), failureThreshold: 600 } },
    )
    await until(world.runtime, () => health()?.hookDone === true, 'the hook is done')
    expect(health()).toMatchObject({ started: false, ready: false, failing: false })
    await file('touch', '/tmp/go')
    await until(world.runtime, () => health()?.started === true, 'it has started')
  })

  test('without probes it is ready from the end of the hook', async () => {
    await run({ postStart: { sleep: { seconds: 1 } } })
    expect(health()).toMatchObject({ started: false, ready: false, readySince: undefined })
    await until(world.runtime, () => health()?.ready === true, 'it is ready')
    expect((health()?.readySince ?? 0) - (web()?.startedAt ?? 0)).toBeGreaterThan(900)
  })

  test.each([
    ['a command', sh('echo no such thing >&2; exit 3'), 'exec sh: exit code 3: no such thing'],
    [
      'a request',
      { httpGet: { path: '/', port: 9, scheme: 'HTTP' } } as const,
      /^GET http:.*:9\/: connect ECONNREFUSED/,
    ],
    ['a connection', { tcpSocket: { port: 9 } }, /^connect to .*:9: connect ECONNREFUSED/],
  ])('the failure of a hook is that of the container: %s', async (_, postStart, words) => {
    await run({ postStart })
    await until(world.runtime, () => health()?.failing === true, 'it is failing')
    const { message } = health() ?? {}
    expect(message).toMatch(/^postStart hook failed: /)
    expect(message?.replace('postStart hook failed: ', '')).toEqual(
      typeof words === 'string' ? words : expect.stringMatching(words),
    )
    expect(health()).toMatchObject({ started: false, ready: false })
    await stopped(0)
    expect(health()).toMatchObject({ failing: false, message: '' })
  })

  test('the hook belongs to each start, and a runtime that comes later does not run it again', async () => {
    await run({ postStart: sh('echo x >>/tmp/runs') })
    await until(world.runtime, () => health()?.started === true, 'the hook is done')
    const other = await world.another('same')
    expect(other.podsOf(webKey)[0]?.containers[0]?.health).toMatchObject({ known: true, started: true, ready: true })
    await stopped(0)
    await world.runtime.startContainer(pod, 'web')
    await until(world.runtime, () => health()?.started === true, 'the hook is done again')
    expect((await file('wc', '-l', '/tmp/runs')).trim()).toBe('2 /tmp/runs')
  })

  test('a container that ends takes its hook along', async () => {
    await run({ postStart: { sleep: { seconds: 600 } } }, {}, ['/bin/sleep', '0.5'])
    await until(world.runtime, () => web()?.state === 'exited', 'it has ended')
    expect(health()).toMatchObject({ started: false, failing: false })
  })

  test('the preStop hook runs before the signal', async () => {
    await run({ preStop: sh('echo hook >/proc/1/fd/1; sleep 1') })
    const took = await stopped(20_000)
    expect(await lines()).toEqual(['hook', 'told'])
    expect(web()?.exitCode).toBe(0)
    expect(took).toBeGreaterThan(1000)
    expect(took).toBeLessThan(18_000)
  })

  test('a hook may use up the grace period, and two seconds are left', async () => {
    await run({ preStop: sh('sleep 60') }, {}, telling(30))
    const took = await stopped(1000)
    expect(await lines()).toEqual(['told'])
    expect(web()?.exitCode).toBe(137)
    expect(took).toBeGreaterThan(2500)
    expect(took).toBeLessThan(20_000)
  })

  test('a hook that fails does not hold up the stop', async () => {
    await run({ preStop: sh('exit 1') })
    expect(await stopped(20_000)).toBeLessThan(18_000)
    expect(await lines()).toEqual(['told'])
  })

  test('without grace there is no hook', async () => {
    await run({ preStop: sh('echo hook >/proc/1/fd/1') }, {}, telling(30))
    expect(await stopped(0)).toBeLessThan(20_000)
    expect(web()?.exitCode).toBe(137)
    expect(await lines()).not.toContain('hook')
  })

  test('a second stop cuts the hook of the first one short', async () => {
    await run({ preStop: { sleep: { seconds: 60 } } }, {}, telling(30))
    world.runtime.stopContainer(pod, web()?.id ?? '', 60_000)
    expect(await stopped(0)).toBeLessThan(20_000)
    expect(web()?.exitCode).toBe(137)
  })

  test('a hook calls the pod by its address, and any answer will do', async () => {
    const ports = [{ name: 'http', containerPort: 8080, protocol: 'TCP' as const }]
    const httpGet = { path: '/none', port: 'http', scheme: 'HTTP' } as const
    const readinessProbe = { ...probe, tcpSocket: { port: 'http' } }
    await run({ preStop: { httpGet } }, { ports, readinessProbe }, ['/bin/sh', '-c', 'exec httpd -fvv -p 8080 -h /srv'])
    await until(world.runtime, () => health()?.ready === true, 'it is ready')
    await stopped(1000)
    expect((await lines()).join('\n')).toContain('/none')
  })

  test('a hook may call elsewhere', async () => {
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(`${request.url} ${request.headers['x-pod']}`)
      response.end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const httpHeaders = [{ name: 'X-Pod', value: 'web' }]
    await run({ postStart: { httpGet: { host: '127.0.0.1', path: '/hi?a=b', port, scheme: 'HTTP', httpHeaders } } })
    await until(world.runtime, () => health()?.started === true, 'the hook is done')
    server.close()
    expect(asked).toEqual(['/hi?a=b web'])
  })

  test('sidecars have hooks and probes; other init containers have neither', async () => {
    const { containers, ...rest } = podSpec()
    const [web] = containers
    if (!web) throw new Error('no container')
    const readinessProbe = { ...probe, failureThreshold: 30, ...sh('test -e /tmp/go') }
    const lifecycle = { postStart: { sleep: { seconds: 1 } } }
    const spec = {
      ...rest,
      containers,
      initContainers: [
        { ...web, name: 'side', restartPolicy: 'Always', lifecycle, readinessProbe },
        { ...web, name: 'first', lifecycle, readinessProbe },
      ],
    }
    await runPod(world.runtime, pod, plainConfig({ name: 'first', command: telling(0) }), sandboxSpec({ spec }))
    await world.runtime.createContainer(pod, plainConfig({ name: 'side', command: telling(0) }))
    await world.runtime.startContainer(pod, 'side')
    const of = (name: string) => world.runtime.podsOf(webKey)[0]?.containers.find((each) => each.name === name)
    expect(of('first')?.health).toMatchObject({ known: true, started: true, ready: true })
    expect(of('side')?.health).toMatchObject({ known: true, started: false, ready: false })
    await until(world.runtime, () => of('side')?.health.started === true, 'the sidecar has started')
    expect(of('side')?.health).toMatchObject({ ready: false })
    await world.exec(of('side')?.id ?? '', 'touch', '/tmp/go')
    await until(world.runtime, () => of('side')?.health.ready === true, 'the sidecar is ready')
  })
})
