import { describe, expect, test } from 'vitest'
import { pod, unseen } from '../reconcile/plan/world.ts'
import { cpuMetric, FakeFigures, scaleTarget, web, webScaler, webTemplate, world } from './world.ts'

describe('numbers', () => {
  test('twice the wanted use asks for twice the pods', async () => {
    const it = world([scaleTarget()])
    it.runtime.run(3)
    it.runtime.cpuMillis = 100
    await it.tick()
    expect([it.number(), it.message()]).toEqual([
      3,
      'FailedGetResourceMetric: cpu: no figures of cpu yet from a ready pod; cpu <unknown>/50%, 3 of 2..10 replicas',
    ])
    await it.tick()
    expect([it.number(), it.message(), it.scaled]).toEqual([6, 'cpu 100%/50%, 6 of 2..10 replicas', [web]])
  })

  test('what is asked for stays within the range', async () => {
    const it = world([scaleTarget({ maxReplicas: 4 })])
    it.runtime.run(3)
    it.runtime.cpuMillis = 400
    await it.tick()
    await it.tick()
    expect([it.number(), it.message()]).toEqual([4, 'cpu 400%/50%, 4 of 2..4 replicas, TooManyReplicas'])
    expect(it.scaler.statusOf(webScaler)?.conditions.map(({ type, status, reason }) => [type, status, reason])).toEqual(
      [
        ['AbleToScale', 'True', 'SucceededRescale'],
        ['ScalingActive', 'True', 'ValidMetricFound'],
        ['ScalingLimited', 'True', 'TooManyReplicas'],
      ],
    )
  })

  test('less is wanted only after the window of five minutes', async () => {
    const it = world([scaleTarget()])
    it.runtime.run(3)
    it.runtime.cpuMillis = 10
    await it.tick()
    for (let seconds = 0; seconds < 285; seconds += 15) await it.tick()
    expect(it.number()).toBe(3)
    expect(it.scaler.statusOf(webScaler)?.conditions[0]?.reason).toBe('ScaleDownStabilized')
    await it.tick()
    expect(it.number()).toBe(2)
  })

  test('the manifest says how many until something is decided, then never again', async () => {
    const it = world([scaleTarget()])
    expect([it.number(1), it.number(5), it.number(50)]).toEqual([2, 5, 10])
    it.runtime.run(3)
    it.runtime.cpuMillis = 100
    await it.tick()
    await it.tick()
    it.targets = [scaleTarget({}, 9)]
    it.scaler.refresh()
    expect(it.number(9)).toBe(6)
  })

  test('other limits hold at once', async () => {
    const it = world([scaleTarget()])
    it.runtime.run(3)
    it.runtime.cpuMillis = 100
    await it.tick()
    await it.tick()
    it.targets = [scaleTarget({ minReplicas: 8 })]
    it.scaler.refresh()
    expect([it.number(), it.scaled]).toEqual([8, [web, web]])
  })

  test('without an autoscaler the manifest says how many', () => {
    const it = world([])
    expect(it.number(7)).toBe(7)
  })

  test('one that goes leaves its target to the manifest and its record behind to nobody', async () => {
    const it = world([scaleTarget()])
    it.runtime.run(3)
    it.runtime.cpuMillis = 100
    await it.tick()
    await it.tick()
    it.targets = []
    it.scaler.refresh()
    expect([it.number(3), it.scaled, it.runtime.kept.length]).toEqual([3, [web, web], 1])
    await it.tick()
    expect(it.runtime.kept).toEqual([])
  })

  test('pods that are still to be made do not lower the number again', async () => {
    const it = world([scaleTarget({ behavior: { scaleDown: { stabilizationWindowSeconds: 0 } } })])
    it.runtime.run(3)
    it.runtime.cpuMillis = 100
    await it.tick()
    await it.tick()
    // Three pods at 75 % would ask for five.
    it.runtime.cpuMillis = 75
    await it.tick()
    expect([it.number(), it.message()]).toEqual([6, 'cpu 75%/50%, 6 of 2..10 replicas'])
  })
})

describe('switched off', () => {
  test('by a manifest with no replicas; it begins anew with the next number', async () => {
    const it = world([scaleTarget()])
    it.runtime.run(3)
    it.runtime.cpuMillis = 100
    await it.tick()
    await it.tick()
    it.targets = [scaleTarget({}, 0)]
    await it.tick()
    expect(it.number(0)).toBe(0)
    expect(it.scaler.statusOf(webScaler)).toMatchObject({
      health: 'Suspended',
      message: 'ScalingDisabled: scaling is off while the target asks for 0 replicas',
    })
    expect(it.runtime.kept).toEqual([])
    it.targets = [scaleTarget({}, 4)]
    it.scaler.refresh()
    expect(it.number(4)).toBe(4)
  })

  test('of two autoscalers of one target the first by name scales', async () => {
    const it = world([scaleTarget({ name: 'z', minReplicas: 9 }), scaleTarget({ name: 'a' })])
    it.runtime.run(3)
    it.runtime.cpuMillis = 100
    await it.tick()
    await it.tick()
    expect(it.number()).toBe(6)
    expect(it.message('z')).toBe('AmbiguousSelector: Deployment/web is already scaled by HorizontalPodAutoscaler a')
  })

  test.each([
    ['FailedGetScale: Deployment/web is not in the repository', { ...scaleTarget(), replicas: undefined }],
    [
      'FailedGetScale: DaemonSet has no number of pods: expected Deployment, StatefulSet, ReplicaSet or ReplicationController',
      scaleTarget({ scaleTargetRef: { kind: 'DaemonSet', name: 'web' } }),
    ],
    [
      'FailedGetScale: Deployment/web has no pod template that can be read',
      { ...scaleTarget(), template: () => undefined },
    ],
  ])('%s', async (message, target) => {
    const it = world([target])
    await it.tick()
    expect([it.message(), it.number(3)]).toEqual([message, 3])
  })
})

describe('records', () => {
  const decided = async () => {
    const it = world([scaleTarget()])
    it.runtime.run(3)
    it.runtime.cpuMillis = 100
    await it.tick()
    await it.tick()
    return it
  }

  test('a number is recorded once, and the one before it removed after that', async () => {
    const it = await decided()
    expect(it.runtime.calls).toEqual(['create shop/HorizontalPodAutoscaler/web 6'])
    expect(it.runtime.kept[0]?.facts).toEqual({ replicas: '6', target: 'Deployment/web' })
    it.runtime.run(6)
    await it.tick()
    await it.tick()
    expect(it.runtime.calls.slice(1)).toEqual([
      'create shop/HorizontalPodAutoscaler/web 10',
      'remove shop_HorizontalPodAutoscaler/web_6',
    ])
  })

  test('a new process goes on with it, whatever the manifest says', async () => {
    const { runtime } = await decided()
    const next = world([scaleTarget()], { runtime })
    expect([next.number(), next.scaled]).toEqual([6, [web]])
    runtime.run(6)
    runtime.cpuMillis = 5
    await next.tick()
    await next.tick()
    expect(next.number()).toBe(6)
  })

  test('one that becomes known late counts', async () => {
    const { runtime } = await decided()
    const { kept } = runtime
    runtime.kept = []
    const next = world([scaleTarget()], { runtime })
    expect(next.number()).toBe(3)
    runtime.kept = kept
    expect(next.number()).toBe(6)
    next.scaler.refresh()
    expect(next.scaled).toEqual([web])
  })

  test('it holds until all applications are read: the autoscaler may be in one that is not', async () => {
    const { runtime } = await decided()
    const next = world([], { runtime })
    next.allRead = false
    await next.tick()
    expect([next.number(), next.number(0), next.scaler.replicasOf('shop/Deployment/other', 3)]).toEqual([6, 0, 3])
    next.allRead = true
    await next.tick()
    expect([next.number(), next.scaled, runtime.kept]).toEqual([3, [web], []])
  })

  test('one of another target does not count', async () => {
    const { runtime } = await decided()
    const next = world([scaleTarget({ scaleTargetRef: { kind: 'StatefulSet', name: 'web' } })], { runtime })
    expect(next.scaler.replicasOf('shop/StatefulSet/web', 3)).toBe(3)
  })

  test('an autoscaler that turns to another target begins anew', async () => {
    const it = await decided()
    it.targets = [scaleTarget({ scaleTargetRef: { kind: 'StatefulSet', name: 'web' } }, 4)]
    it.scaler.refresh()
    expect([it.number(), it.scaler.replicasOf('shop/StatefulSet/web', 4)]).toEqual([3, 4])
    expect(it.scaled).toEqual([web, web])
  })

  test('an engine that refuses does not hold the number back; it is recorded later', async () => {
    const it = world([scaleTarget()])
    it.runtime.run(3)
    it.runtime.cpuMillis = 100
    await it.tick()
    const { createVolume } = it.runtime
    it.runtime.createVolume = () => Promise.reject(new Error('no space left on device'))
    await it.tick()
    expect([it.number(), it.runtime.kept.length]).toEqual([6, 0])
    it.runtime.createVolume = createVolume
    it.runtime.run(6)
    it.runtime.cpuMillis = 50
    await it.tick()
    await it.tick()
    expect(it.runtime.kept.map(({ detail }) => detail)).toEqual(['6'])
  })

  test('nothing is recorded as long as no metric could be had', async () => {
    const it = world([scaleTarget()])
    it.runtime.run(3)
    it.runtime.refusal = 'out of order'
    await it.tick()
    await it.tick()
    expect([it.number(5), it.runtime.kept]).toEqual([5, []])
  })
})

describe('what cannot be measured', () => {
  test('is said with its reason, and nothing changes', async () => {
    const it = world([scaleTarget()])
    it.runtime.run(3)
    it.runtime.refusal = 'out of order'
    await it.tick()
    expect(it.scaler.statusOf(webScaler)).toMatchObject({
      health: 'Degraded',
      ready: '3/3',
      message:
        'FailedGetResourceMetric: cpu: figures of host local cannot be read: out of order; cpu <unknown>/50%, 3 of 2..10 replicas',
    })
  })

  test('a container without a request', async () => {
    const it = world([scaleTarget({ metrics: [{ type: 'Resource', resource: memoryTarget }] })])
    const bare = { ...webTemplate, spec: { ...webTemplate.spec, containers: bareContainers } }
    it.targets = it.targets.map((target) => ({ ...target, template: () => bare }))
    it.runtime.run(3)
    await it.tick()
    expect(it.message()).toMatch(/^FailedGetResourceMetric: memory: missing request for memory in container app;/)
  })

  test('one metric that fails lets the number grow but not shrink', async () => {
    const queue = { type: 'External' as const, external: { metric: { name: 'queue' }, target: queueTarget } }
    const it = world([scaleTarget({ metrics: [queue, cpuMetric()], behavior: atOnce })])
    it.runtime.run(4)
    it.targets = it.targets.map((target) => ({ ...target, replicas: 4 }))
    it.runtime.cpuMillis = 10
    await it.tick()
    await it.tick()
    expect(it.number(4)).toBe(4)
    expect(it.message()).toMatch(/^FailedGetExternalMetric: queue: no Prometheus to ask: /)
    it.runtime.cpuMillis = 1000
    await it.tick()
    expect(it.number(4)).toBeGreaterThan(4)
  })

  test('pods that were not probed yet say nothing', async () => {
    const it = world([scaleTarget({ metrics: [{ type: 'Resource', resource: memoryTarget }] })])
    it.runtime.run(3, { each: { health: unseen } })
    it.runtime.memoryBytes = 2 ** 30
    await it.tick()
    expect([it.number(), it.scaler.statusOf(webScaler)?.health]).toEqual([3, 'Progressing'])
  })

  test('a container that was started again counts from its next read', async () => {
    const it = world([scaleTarget()])
    it.runtime.run(3)
    it.runtime.cpuMillis = 100
    await it.tick()
    it.runtime.clock.advance(10_000)
    it.runtime.restart()
    await it.tick(5_000)
    expect(it.message()).toMatch(/no figures of cpu yet/)
    await it.tick()
    expect(it.message()).toBe('cpu 100%/50%, 6 of 2..10 replicas')
  })

  const memoryTarget = { name: 'memory', target: { type: 'Utilization' as const, averageUtilization: 50 } }
  const queueTarget = { type: 'Value' as const, value: '10' }
  const atOnce = { scaleDown: { stabilizationWindowSeconds: 0 } }
  const bareContainers = webTemplate.spec.containers.map((one) => ({ ...one, resources: {} }))
})

test('memory and figures of one container are measured at once', async () => {
  const it = world([
    scaleTarget({
      metrics: [
        { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '16Mi' } } },
        {
          type: 'ContainerResource',
          containerResource: {
            container: 'app',
            name: 'memory',
            target: { type: 'Utilization', averageUtilization: 100 },
          },
        },
      ],
    }),
  ])
  it.runtime.run(3)
  await it.tick()
  expect([it.number(), it.message()]).toEqual([6, 'memory 32Mi/16Mi, memory of app 50%/100%, 6 of 2..10 replicas'])
})

test('pods of an older revision count with the requests that they were made with', async () => {
  const it = world([scaleTarget()])
  it.runtime.run(2)
  const older = webTemplate.spec.containers.map((one) => ({ ...one, resources: { requests: { cpu: '300m' } } }))
  const old = { ...webTemplate, hash: 'old', spec: { ...webTemplate.spec, containers: older } }
  it.runtime.pods.push(pod(old, 0, { createdAt: it.runtime.clock.now() - 3_600_000 }))
  it.runtime.cpuMillis = 50
  await it.tick()
  await it.tick()
  expect(it.message()).toBe('cpu 30%/50%, 3 of 2..10 replicas')
})

test('evaluates every 15 s until it is closed, also after a bug', async () => {
  const errors: string[] = []
  const runtime = new FakeFigures()
  runtime.run(3)
  runtime.cpuMillis = 100
  const log = { debug() {}, info() {}, warn() {}, error: (message: string) => void errors.push(message) }
  const it = world([scaleTarget()], { runtime, log })
  const { podsOf } = runtime
  runtime.podsOf = () => {
    throw new TypeError('undefined is not a function')
  }
  it.scaler.start()
  await due(runtime)
  expect(errors).toEqual(['an evaluation of the autoscalers ended early; this is a bug'])
  runtime.podsOf = podsOf
  for (const number of [3, 6]) {
    runtime.clock.advance(15_000)
    await due(runtime)
    expect(it.number()).toBe(number)
  }
  await it.scaler.close()
  expect(runtime.clock.next()).toBeUndefined()
})

test('wanted objects may change while figures are read', async () => {
  const it = world([scaleTarget()])
  it.runtime.run(3)
  it.runtime.cpuMillis = 100
  await it.tick()
  it.runtime.clock.advance(15_000)
  const ticking = it.scaler.tick()
  it.targets = []
  it.scaler.refresh()
  await ticking
  expect([it.number(3), it.runtime.kept]).toEqual([3, []])
})

/** The next evaluation waits for its time. */
async function due(runtime: FakeFigures): Promise<void> {
  while (runtime.clock.next() === undefined) await new Promise((done) => setImmediate(done))
}
