import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Probe } from '../../src/manifests/types.ts'
import type { ContainerHealth } from '../../src/runtime/live.ts'
import type { PodRef } from '../../src/runtime/port.ts'
import { type DockerWorld, dockerWorld } from './docker-world.ts'
import { plainConfig, podSpec, runPod, sandboxSpec, until, webKey } from './samples.ts'

const timing = { periodSeconds: 1, timeoutSeconds: 10, successThreshold: 1, failureThreshold: 1 }
const ready: Probe = { ...timing, httpGet: { path: '/ready', port: 'http', scheme: 'HTTP' } }
const accepts: Probe = { ...timing, tcpSocket: { port: 8080 } }
const exec = (...command: string[]): Probe => ({ ...timing, exec: { command } })

describe('probes on Docker', () => {
  let world: DockerWorld
  let pod: PodRef

  beforeEach(async () => {
    world = await dockerWorld()
    pod = { host: world.host, namespace: 'shop', name: 'web-abc-0' }
  })

  afterEach(() => world.close())

  type Probes = { readinessProbe?: Probe; livenessProbe?: Probe; startupProbe?: Probe }
  const run = (probes: Probes, env: Record<string, string> = {}) => {
    const ports = [{ name: 'http', containerPort: 8080, protocol: 'TCP' as const }]
    const variables = Object.entries(env).map(([name, value]) => ({ name, value, secret: false }))
    return runPod(
      world.runtime,
      pod,
      plainConfig({ env: variables }),
      sandboxSpec({ spec: podSpec({ ports, ...probes }) }),
    )
  }
  const web = () => world.runtime.podsOf(webKey)[0]?.containers[0]
  const health = (): Partial<ContainerHealth> => web()?.health ?? {}
  const file = (...command: string[]) => world.exec(web()?.id ?? '', ...command)

  test('an HTTP readiness probe follows the answers, quickly at first', async () => {
    await run({ readinessProbe: { ...ready, periodSeconds: 30 } }, { READY_AFTER: '0.7' })
    expect(health()).toMatchObject({ known: true, started: true, ready: false, readySince: undefined })
    await until(world.runtime, () => health().message?.includes('status 404') ?? false, 'the failure is told')
    await until(world.runtime, () => health().ready === true, 'it is ready')
    expect(health().readySince).toBeGreaterThan(web()?.startedAt ?? 0)
    expect(health().message).toBe('')
  })

  test('becomes unready when the answers change', async () => {
    await run({ readinessProbe: ready })
    await until(world.runtime, () => health().ready === true, 'it is ready')
    await file('rm', '/tmp/www/ready')
    await until(world.runtime, () => health().ready === false, 'it is not ready any more')
    expect(health()).toMatchObject({ started: true, failing: false, readySince: undefined })
    expect(health().message).toMatch(/^readiness probe failed: GET http:\/\/10\.196\.\d+\.\d+:8080\/ready: status 404$/)
  })

  test('a TCP startup probe gates an exec readiness probe', async () => {
    const patient = { ...accepts, failureThreshold: 60 }
    await run({ startupProbe: patient, readinessProbe: exec('test', '-f', '/tmp/www/ready') }, { READY_AFTER: '0.5' })
    await until(world.runtime, () => health().started === true, 'it has started')
    await until(world.runtime, () => health().ready === true, 'it is ready')
  })

  test('liveness fails when its command does', async () => {
    await run({ livenessProbe: exec('test', '-f', '/tmp/www/ready') })
    expect(health()).toMatchObject({ ready: true, failing: false })
    await file('rm', '/tmp/www/ready')
    await until(world.runtime, () => health().failing === true, 'it is failing')
    expect(health().message).toBe('liveness probe failed: exec test: exit code 1')
    expect(web()?.state).toBe('running')
  })

  test('a command that takes too long has failed, and is not begun again beside itself', async () => {
    await run({ livenessProbe: { ...exec('sleep', '600'), timeoutSeconds: 1, failureThreshold: 2 } })
    await until(world.runtime, () => health().failing === true, 'it is failing')
    expect(health().message).toContain('not done within 1 s, and still running')
    const processes = await file('ps', '-o', 'args')
    expect(processes.match(/^sleep 600\b/gm)).toHaveLength(1)
  })

  test('a probe that cannot be carried out says so and decides nothing', async () => {
    const httpGet = { path: '/', port: 8080, scheme: 'HTTP', host: 'no such host' } as const
    await run({ livenessProbe: { ...timing, httpGet }, readinessProbe: { ...timing, httpGet } })
    await until(world.runtime, () => health().message?.includes('Invalid URL') ?? false, 'the reason is told')
    expect(health()).toMatchObject({ ready: false, failing: false })
  })

  test('a runtime that comes later says so until it has looked itself', async () => {
    // Answers once the file is there, however long it takes to begin.
    const held = exec('sh', '-c', 'until [ -e /tmp/www/ready ]; do sleep 0.1; done')
    await run({ readinessProbe: { ...held, periodSeconds: 120, timeoutSeconds: 60 }, livenessProbe: accepts })
    await until(world.runtime, () => health().ready === true, 'it is ready')
    await file('rm', '/tmp/www/ready')
    const other = await world.another('same')
    const seen = () => other.podsOf(webKey)[0]?.containers[0]?.health
    expect(seen()).toMatchObject({ known: false, ready: false })
    await file('touch', '/tmp/www/ready')
    await until(other, () => seen()?.known === true, 'it has looked')
    expect(seen()).toMatchObject({ started: true, ready: true, failing: false })
  })
})
