// Figures of a real engine: a container that burns cpu asks for more pods, and the number outlives the process.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Autoscaler } from '../../src/autoscale/autoscaler.ts'
import { systemClock } from '../../src/base/clock.ts'
import type { Key } from '../../src/base/key.ts'
import { silentLog } from '../../src/base/log.ts'
import { type DockerWorld, dockerWorld } from '../runtime/docker-world.ts'
import { plainConfig, podSpec, runPod, sandboxSpec } from '../runtime/samples.ts'
import { cpuMetric, autoscaler as made, web, webScaler } from './world.ts'

let docker: DockerWorld
beforeAll(async () => {
  docker = await dockerWorld()
})
afterAll(() => docker.close())

const spec = podSpec({ resources: { requests: { cpu: '100m', memory: '32Mi' } } })
const busy = 'until [ -e /tmp/burn ]; do sleep 0.1; done; while :; do :; done'

function scaling(scaled: Key[] = []): Autoscaler {
  const memory = { name: 'memory', target: { type: 'Utilization' as const, averageUtilization: 100 } }
  const autoscaler = made({ minReplicas: 1, metrics: [cpuMetric(), { type: 'Resource', resource: memory }] })
  const scaler = new Autoscaler({
    runtime: docker.runtime,
    clock: systemClock,
    log: silentLog,
    targets: () => [{ app: 'shop', autoscaler, replicas: 1, template: () => ({ hash: 'abc', spec }) }],
    allRead: () => true,
    prometheusURL: undefined,
    onScale: (target) => scaled.push(target),
  })
  scaler.refresh()
  return scaler
}

/** Evaluates again and again until the status matches. */
async function until(scaler: Autoscaler, words: RegExp): Promise<void> {
  const giveUpAt = Date.now() + 120_000
  for (;;) {
    await scaler.tick()
    const message = scaler.statusOf(webScaler)?.message ?? ''
    if (words.test(message)) return
    if (Date.now() > giveUpAt) throw new Error(`still not ${words}, but "${message}"`)
    await new Promise((done) => setTimeout(done, 500))
  }
}

test('a container that burns cpu asks for more pods', async () => {
  const { runtime, host } = docker
  const config = plainConfig({ command: ['/bin/sh', '-c'], args: [busy] })
  await runPod(runtime, { host, namespace: 'shop', name: 'web-abc-0' }, config, sandboxSpec({ spec }))
  const scaled: Key[] = []
  const scaler = scaling(scaled)
  await until(scaler, /^cpu [0-4]?\d%\/50%, memory \d{1,2}%\/100%, 1 of 1\.\.10 replicas/)
  expect(scaler.statusOf(webScaler)).toMatchObject({ health: 'Healthy', ready: '1/1' })
  expect(scaled).toEqual([])

  const [container] = runtime.podsOf(web)[0]?.containers ?? []
  await docker.exec(container?.id ?? '', 'touch', '/tmp/burn')
  await until(scaler, /^cpu \d{3,}%\/50%/)
  const number = scaler.replicasOf(web, 1)
  expect(number).toBeGreaterThan(1)
  expect(scaled).toContain(web)

  // A new process, with the manifest's number as before.
  expect(scaling().replicasOf(web, 1)).toBe(number)
  const [record] = runtime.volumesOf(webScaler)
  expect(record?.facts).toEqual({ replicas: String(number), target: 'Deployment/web' })
})

test('the record goes when nobody wants the autoscaler', async () => {
  const { runtime } = docker
  expect(runtime.volumesOf(webScaler)).toHaveLength(1)
  const scaler = new Autoscaler({
    ...{ runtime, clock: systemClock, log: silentLog, prometheusURL: undefined },
    ...{ targets: () => [], allRead: () => true, onScale: () => {} },
  })
  await scaler.tick()
  expect(runtime.volumesOf(webScaler)).toEqual([])
})
