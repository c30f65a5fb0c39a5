// Whatever is cut short, restarted or removed by hand at whatever moment: a pod comes to run as it should, and nothing starts too early.
import { describe, expect, test } from 'vitest'
import type { Action } from '../../../src/reconcile/plan/action.ts'
import type { Template, View } from '../../../src/reconcile/plan/desired.ts'
import { ideal } from '../../../src/reconcile/plan/forecast.ts'
import { plan } from '../../../src/reconcile/plan/plan.ts'
import { roleOf } from '../../../src/reconcile/plan/start-order.ts'
import type { LiveContainer, LivePod } from '../../../src/runtime/live.ts'
import type { Planned } from './rollout-rows.ts'
import { mounting, secret } from './volume-rows.ts'
import { barePod, container, deployment, podSpec, template, view } from './world.ts'

const setup = container({ name: 'setup' })
const proxy = container({ name: 'proxy', restartPolicy: 'Always' })
const migrate = container({ name: 'migrate' })
const lifecycle = { postStart: { exec: { command: ['warm-up'] } } }
const inits = [setup, proxy, migrate]
const cache = { name: 'cache', emptyDir: {} }

const ports = [{ containerPort: 80, hostPort: 80, protocol: 'TCP' as const }]

const shapes: Readonly<Record<string, Planned>> = {
  plain: one(template('aaa')),
  'with init containers': one(template('aaa', podSpec({ initContainers: inits }))),
  'with hooks': one(template('aaa', podSpec({ containers: [container({ lifecycle }), container({ name: 'late' })] }))),
  'with a Secret': one(mounting({ volumes: [secret], spec: { initContainers: inits } })),
  'with a directory': one(
    mounting({
      volumes: [cache],
      mounts: [{ name: 'cache', mountPath: '/a', subPath: 'a' }],
      spec: { initContainers: inits },
    }),
  ),
  'that ends': barePod(template('aaa', podSpec({ initContainers: inits, restartPolicy: 'Never' }))),
  'that ends well some time': barePod(template('aaa', podSpec({ restartPolicy: 'OnFailure' }))),
  'that ends with a port of the host': barePod(
    template('aaa', podSpec({ restartPolicy: 'Never', containers: [container({ ports })] })),
  ),
}

function one(wanted: Template): Planned {
  return deployment(wanted, { replicas: 1 })
}

const hourMs = 3_600_000

interface Run {
  /** After each single call, until nothing is left to be done. */
  readonly worlds: readonly View[]
  /** Names of containers that were started, in order. */
  readonly started: readonly string[]
}

function run(desired: Planned, begin: View, end: 'healthy' | 'waiting' = 'healthy'): Run {
  const worlds: View[] = [begin]
  const started: string[] = []
  let world = begin
  for (let look = 0; look < 40; look += 1) {
    const { tasks, status } = plan(desired, world)
    if (tasks.length === 0) {
      if (end === 'healthy') expect(status).toMatchObject({ sync: 'Synced', health: 'Healthy' })
      return { worlds, started }
    }
    for (const action of tasks.flatMap((task) => task.actions)) {
      check(desired.template, world, action)
      if (action.kind === 'start') started.push(action.container)
      world = ideal(world, action)
      worlds.push(world)
    }
    world = { ...world, now: world.now + hourMs }
  }
  throw new Error(`it never ends: ${plan(desired, world).tasks.map(({ text }) => text)}`)
}

/** Of a container that is about to be started: its sandbox runs, its files are there, what comes before it is done. */
function check(wanted: Template, world: View, action: Action): void {
  if (action.kind !== 'start' || action.container === '') return
  const pod = world.pods.find(({ name }) => name === action.pod.name)
  expect(pod?.sandbox?.state).toBe('running')
  const files = wanted.volumes.filter(({ volume }) => volume.kind === 'files').map(({ volume }) => volume.name)
  expect(files.filter((name) => !pod?.contents.has(name))).toEqual([])
  if (roleOf(wanted.spec, action.container) !== 'init') return
  const beside = pod?.containers.filter(
    ({ name, state }) => state === 'running' && roleOf(wanted.spec, name) === 'main',
  )
  expect(beside).toEqual([])
}

type Fault = (pod: LivePod, world: View) => LivePod

const stopped = (one: LiveContainer, now: number): LiveContainer =>
  one.state === 'running' ? { ...one, state: 'exited', exitCode: 137, finishedAt: now } : one

const faults: Readonly<Record<string, Fault>> = {
  'Berth is killed': (pod) => pod,
  'Docker is restarted': (pod, { now }) => ({
    ...pod,
    sandbox: pod.sandbox && stopped(pod.sandbox, now),
    containers: pod.containers.map((one) => stopped(one, now)),
    contents: new Map(),
  }),
  'the sandbox is restarted by hand': (pod, { now }) => ({
    ...pod,
    sandbox: pod.sandbox && { ...pod.sandbox, state: 'running', startedAt: now + 1 },
    contents: new Map(),
  }),
  'the sandbox is removed': (pod) => ({ ...pod, sandbox: undefined, spec: undefined, uid: '', contents: new Map() }),
  'the first container is removed': (pod) => ({ ...pod, containers: pod.containers.slice(1) }),
  'the last container is removed': (pod) => ({ ...pod, containers: pod.containers.slice(0, -1) }),
  'all is removed but the sandbox': (pod) => ({ ...pod, containers: [], leftovers: [] }),
  'all is pruned': (pod) => ({ ...pod, sandbox: undefined, containers: [], leftovers: [] }),
  'all is paused': (pod) => ({
    ...pod,
    sandbox: pod.sandbox && paused(pod.sandbox),
    containers: pod.containers.map(paused),
  }),
}

function paused(one: LiveContainer): LiveContainer {
  return one.state === 'running' ? { ...one, state: 'paused' } : one
}

/** Its work is done, and one can see that it is. */
function hasEndedWell({ template: { spec } }: Planned, pods: readonly LivePod[]): boolean {
  const ended = pods.flatMap(({ containers }) => containers.filter(({ state }) => state === 'exited'))
  return spec.restartPolicy !== 'Always' && ended.some(({ name, exitCode }) => name === 'app' && exitCode === 0)
}

function isWritten({ volumesOf }: View): boolean {
  return volumesOf('shop/Pod/web').length > 0
}

function isThere({ sandbox, containers, leftovers }: LivePod): boolean {
  return sandbox !== undefined || containers.length + leftovers.length > 0
}

describe.each(Object.entries(shapes))('a pod %s', (_shape, desired) => {
  test.each(Object.entries(faults))('comes to rest when %s at any moment', (_fault, fault) => {
    for (const world of run(desired, view([])).worlds) {
      const pods = world.pods.map((pod) => fault(pod, world)).filter(isThere)
      const { started } = run(desired, { ...world, pods, now: world.now + 2 })
      if (hasEndedWell(desired, pods) || isWritten(world)) expect(started).not.toContain('app')
    }
  })
})

describe('a commit arrives at any moment', () => {
  const restarted = faults['Docker is restarted']
  const changed = podSpec({ containers: [container({ image: 'web:2' })], initContainers: [setup] })

  test.each(Object.entries(shapes))('while a pod %s is made', (_shape, desired) => {
    const next = { ...desired, template: template('bbb', changed) }
    for (const world of run(desired, view([])).worlds) {
      run(next, world)
      const pods = world.pods.map((pod) => restarted?.(pod, world) ?? pod)
      run(next, { ...world, pods, now: world.now + 2 })
    }
  })

  test('and takes a Secret away, and brings it back', () => {
    const spec = { initContainers: inits }
    const whole = one(mounting({ volumes: [secret], spec }))
    const without = one(mounting({ volumes: [secret], spec, without: true }))
    for (const world of run(whole, view([])).worlds) {
      for (const fault of Object.values(faults)) {
        const pods = world.pods.map((pod) => fault(pod, world)).filter(isThere)
        const waiting = run(without, { ...world, pods, now: world.now + 2 }, 'waiting')
        const rest = waiting.worlds.at(-1)
        if (rest) run(whole, rest)
      }
    }
  })
})
