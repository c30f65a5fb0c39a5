import type { PodSpec } from '../../../src/manifests/types.ts'
import type { Template } from '../../../src/reconcile/plan/desired.ts'
import type { LiveContainer, LivePod } from '../../../src/runtime/live.ts'
import { lines, one, type Row, two } from './rollout-rows.ts'
import {
  barePod,
  container,
  deployment,
  ended,
  healthy,
  host,
  liveContainer,
  now,
  pod,
  podSpec,
  replicaSet,
  template,
  unready,
  written,
} from './world.ts'

const oneDeployment = deployment(one, { replicas: 1 })
const pausedSandbox = liveContainer('', { state: 'paused', startedAt: now - 100_000 })

function ported(changes: Partial<PodSpec>): Template {
  const ports = [{ containerPort: 80, hostPort: 80, protocol: 'TCP' as const }]
  return template('port', podSpec({ containers: [container({ ports })], ...changes }))
}

/** A pod of another owner that has ended, or runs. */
function stranger(each: Partial<LiveContainer>): LivePod {
  const wanted = ported({ hostNetwork: true, restartPolicy: 'Never' })
  return pod(wanted, 0, { name: 'proxy-0', owner: 'Job/proxy', each })
}

export const upkeep: readonly Row[] = [
  {
    title: 'the first crash is restarted at once',
    desired: oneDeployment,
    pods: [pod(one, 0, { each: ended(1) })],
    expected: 'restart container app of pod web-aaa-0 (Error, exit code 1)',
  },
  {
    title: 'the second crash waits ten seconds',
    desired: oneDeployment,
    pods: [pod(one, 0, { each: ended(1, 9_999, { restarts: 1, startedAt: now - 10_000 }) })],
    expected: '',
  },
  {
    title: 'and is then restarted',
    desired: oneDeployment,
    pods: [pod(one, 0, { each: ended(1, 10_000, { restarts: 1, startedAt: now - 10_500 }) })],
    expected: 'restart container app of pod web-aaa-0 (Error, exit code 1)',
    calls: ['recreateContainer after 10000 ms, attempt 2', 'start app', 'remove'],
  },
  {
    title: 'the wait doubles',
    desired: oneDeployment,
    pods: [pod(one, 0, { each: ended(1, 79_999, { restarts: 4, backoffMs: 40_000, startedAt: now - 81_000 }) })],
    expected: '',
  },
  {
    title: 'a long run starts the count anew',
    desired: oneDeployment,
    pods: [
      pod(one, 0, {
        createdAt: now - 2_000_000,
        each: ended(1, 0, { restarts: 4, backoffMs: 300_000, startedAt: now - 600_001 }),
      }),
    ],
    expected: 'restart container app of pod web-aaa-0 (Error, exit code 1)',
  },
  {
    title: 'a container that was created and not started',
    desired: oneDeployment,
    pods: [pod(one, 0, { each: { state: 'created', startedAt: 0, health: unready } })],
    expected: 'start container app of pod web-aaa-0 (it was not started yet)',
  },
  {
    title: 'a start that failed waits like a crash',
    desired: oneDeployment,
    pods: [
      pod(one, 0, {
        each: {
          state: 'created',
          error: 'exec: "webb": not found',
          exitCode: 127,
          startedAt: 0,
          createdAt: now - 5_000,
          restarts: 1,
          health: unready,
        },
      }),
    ],
    expected: '',
  },
  {
    title: 'paused by hand',
    desired: oneDeployment,
    pods: [pod(one, 0, { each: { state: 'paused', health: unready } })],
    expected: 'unpause container app of pod web-aaa-0 (it was paused)',
  },
  {
    title: 'a sandbox paused by hand does not touch the containers',
    desired: oneDeployment,
    pods: [pod(one, 0, { sandbox: pausedSandbox })],
    expected: 'unpause sandbox of pod web-aaa-0 (it was paused)',
    calls: ['unpause'],
  },
  {
    title: 'nor does it start any before it goes on',
    desired: oneDeployment,
    pods: [pod(one, 0, { sandbox: pausedSandbox, each: ended(1) })],
    expected: 'unpause sandbox of pod web-aaa-0 (it was paused)',
    calls: ['unpause'],
  },
  {
    title: 'liveness given up',
    desired: oneDeployment,
    pods: [
      pod(one, 0, { each: { health: { ...healthy, ready: false, failing: true, message: 'liveness: HTTP 500' } } }),
    ],
    expected: 'restart container app of pod web-aaa-0 (liveness: HTTP 500)',
  },
  {
    title: 'a container that is being stopped is left alone',
    desired: oneDeployment,
    pods: [pod(one, 0, { each: { stopping: true, health: { ...unready, failing: true } } })],
    expected: '',
  },
  {
    title: 'the daemon was restarted: everything starts again, without back-off',
    desired: oneDeployment,
    pods: [
      pod(one, 0, {
        sandbox: liveContainer('', { state: 'exited', finishedAt: now }),
        each: ended(137, 0, { restarts: 3, backoffMs: 160_000 }),
      }),
    ],
    expected: 'start sandbox of pod web-aaa-0 (it ended)',
    calls: ['start sandbox', 'recreateContainer after 160000 ms, attempt 4', 'start app', 'remove'],
  },
  {
    title: 'what outlives its sandbox ends first: later its times alone would tell that it is cut off',
    desired: oneDeployment,
    pods: [pod(one, 0, { sandbox: liveContainer('', { state: 'exited', finishedAt: now }) })],
    expected: 'restart container app of pod web-aaa-0 (its sandbox ended)',
    calls: ['stop app within 30000 ms'],
  },
  {
    title: 'the sandbox waits for that',
    desired: oneDeployment,
    pods: [pod(one, 0, { sandbox: liveContainer('', { state: 'exited', finishedAt: now }), each: { stopping: true } })],
    expected: '',
  },
  {
    title: 'a container cut off by a restart of its sandbox',
    desired: oneDeployment,
    pods: [pod(one, 0, { sandbox: liveContainer('', { startedAt: now - 10 }) })],
    expected: 'restart container app of pod web-aaa-0 (its sandbox was restarted)',
  },
  {
    title: 'the clock was set back: a container is not cut off because its sandbox started in the future',
    desired: oneDeployment,
    pods: [pod(one, 0, { sandbox: liveContainer('', { startedAt: now + 3_600_000 }) })],
    expected: '',
  },
  {
    title: 'the clock was set back: an end in the far future is waited for no longer',
    desired: oneDeployment,
    pods: [pod(one, 0, { each: ended(1, -3_600_000, { restarts: 3, backoffMs: 20_000, startedAt: now + 3_599_000 }) })],
    expected: 'restart container app of pod web-aaa-0 (Error, exit code 1)',
  },
  {
    title: 'a host whose clock is a little ahead still has its waits',
    desired: oneDeployment,
    pods: [pod(one, 0, { each: ended(1, -2_000, { restarts: 3, backoffMs: 20_000, startedAt: now + 1_000 }) })],
    expected: '',
  },
  {
    title: 'the sandbox was removed: the pod is made anew under its name',
    desired: oneDeployment,
    pods: [pod(one, 0, { sandbox: undefined, spec: undefined, uid: '' })],
    expected: 'create pod web-aaa-0 on local (its sandbox or a container was removed)',
    calls: ['remove', 'createSandbox', 'start sandbox', 'createContainer app web:1', 'start app'],
  },
  {
    title: 'half made: what is missing is made',
    desired: oneDeployment,
    pods: [pod(one, 0, { containers: [] })],
    expected: 'create container app of pod web-aaa-0 (the pod was half made)',
  },
  {
    title: 'a removed container of an old revision: the pod cannot come back',
    desired: deployment(two, { replicas: 1 }),
    pods: [pod(one, 0, { containers: [] }), pod(two, 0)],
    expected: 'remove pod web-aaa-0 (it cannot come back: its sandbox or a container was removed)',
  },
  {
    title: 'the container of an earlier attempt is removed',
    desired: oneDeployment,
    pods: [pod(one, 0, { leftovers: [liveContainer('app', { id: 'old', state: 'exited' })] })],
    expected: 'remove ended containers of pod web-aaa-0 (replaced by a later attempt)',
  },
  {
    title: 'a pod of an old revision is kept running too',
    desired: deployment(two, { replicas: 1 }),
    pods: [pod(one, 0, { each: ended(1) }), pod(two, 0, { each: { health: unready } })],
    expected: 'restart container app of pod web-aaa-0 (Error, exit code 1)',
  },
  {
    title: 'after a restart of Berth a leaving pod that still runs is stopped again',
    desired: deployment(one, { replicas: 0 }),
    pods: [pod(one, 0, { leaving: true })],
    expected: 'stop pod web-aaa-0 (marked for removal)',
  },
]

const withLevel = template(
  'aaa',
  podSpec({
    containers: [container({ env: [{ name: 'LEVEL', value: '1' }], resources: { limits: { cpu: '200m' } } })],
  }),
)

const edited = { config: { ...withLevel.containers[0]!, env: [] } }

export const drift: readonly Row[] = [
  {
    title: 'edited by hand: replaced with surge, like an old revision',
    desired: deployment(withLevel, { replicas: 1 }),
    pods: [pod(withLevel, 0, { each: edited })],
    expected: 'create pod web-aaa-1 on local (replaces web-aaa-0, changed by hand: env.LEVEL: missing, wanted "1")',
  },
  {
    title: 'then the edited one goes',
    desired: deployment(withLevel, { replicas: 1 }),
    pods: [pod(withLevel, 0, { each: edited }), pod(withLevel, 1)],
    expected: 'stop pod web-aaa-0 (changed by hand: env.LEVEL: missing, wanted "1")',
  },
  {
    title: 'also where another host has a pod of the same name, which is as it should be',
    desired: deployment(withLevel, { replicas: 2 }),
    world: { hosts: [host(), host({ name: 'second' })] },
    pods: [pod(withLevel, 0, { each: edited }), pod(withLevel, 0, { host: 'second' }), pod(withLevel, 1)],
    expected: 'stop pod web-aaa-0 (changed by hand: env.LEVEL: missing, wanted "1")',
  },
  {
    title: 'resources are changed in place',
    desired: deployment(withLevel, { replicas: 1 }),
    pods: [pod(withLevel, 0)].map((live) => ({
      ...live,
      containers: live.containers.map((each) => ({ ...each, config: { ...each.config, resources: cpu(100) } })),
    })),
    expected:
      'update resources of pod web-aaa-0 (resources.requests.cpu: 100 -> 200, resources.limits.cpu: 100 -> 200)',
  },
]

function cpu(millis: number) {
  return { cpuRequestMillis: millis, cpuLimitMillis: millis, memoryLimitBytes: 0 }
}

const far = host({ name: 'far', reachable: false, message: 'no route to host' })

export const hosts: readonly Row[] = [
  {
    title: 'pods on a host that does not answer are neither replaced nor removed',
    desired: deployment(one, { replicas: 2 }),
    pods: [pod(one, 0), pod(one, 1, { host: 'far', each: ended(1) })],
    world: { hosts: [host(), far] },
    expected: '',
  },
  {
    title: 'nor do they count as available for taking others away',
    desired: deployment(two, { replicas: 1 }),
    pods: [pod(one, 0), pod(two, 0, { host: 'far' })],
    world: { hosts: [host(), far] },
    expected: '',
  },
  {
    title: 'a bare pod may be on the host that does not answer: there is never a second one of its name',
    desired: barePod(one),
    world: { hosts: [host(), far] },
    expected: '',
  },
  {
    title: 'of two pods of one name, on hosts that could not be asked, what is left of one is not made again',
    desired: deployment(one, { replicas: 2 }),
    pods: [pod(one, 0, { host: 'a' }), pod(one, 0, { host: 'b', sandbox: undefined })],
    world: { hosts: [host({ name: 'a' }), host({ name: 'b' })] },
    expected: lines(
      'remove pod web-aaa-0 (it cannot come back: its sandbox or a container was removed)',
      'create pod web-aaa-1 on a (2 replicas wanted)',
    ),
  },
  {
    title: 'spread over hosts',
    desired: deployment(one, { replicas: 3 }),
    world: { hosts: [host({ name: 'a' }), host({ name: 'b' })] },
    expected: lines(
      'create pod web-aaa-0 on a (3 replicas wanted)',
      'create pod web-aaa-1 on b (3 replicas wanted)',
      'create pod web-aaa-2 on a (3 replicas wanted)',
    ),
  },
  {
    title: 'no room: nothing is made',
    desired: deployment(
      template('big', podSpec({ containers: [container({ resources: { requests: { cpu: '5' } } })] })),
    ),
    expected: '',
  },
  {
    title: 'two pods with one host port go to two hosts',
    desired: deployment(
      template(
        'port',
        podSpec({ containers: [container({ ports: [{ containerPort: 80, hostPort: 80, protocol: 'TCP' }] })] }),
      ),
    ),
    world: { hosts: [host({ name: 'a' }), host({ name: 'b' })] },
    expected: lines('create pod web-port-0 on a (3 replicas wanted)', 'create pod web-port-1 on b (3 replicas wanted)'),
  },
  {
    title: 'a port that a pod of another owner has on the network of the host',
    desired: deployment(ported({ hostNetwork: true }), { replicas: 1 }),
    world: { allPods: () => [stranger({})] },
    expected: '',
  },
  {
    title: 'one that has ended has none there',
    desired: deployment(ported({ hostNetwork: true }), { replicas: 1 }),
    world: { allPods: () => [stranger(ended(0))] },
    expected: 'create pod web-port-0 on local (1 replica wanted)',
  },
  {
    title: 'a pod that has ended gives its ports back',
    desired: barePod(ported({ restartPolicy: 'Never' })),
    pods: [pod(ported({ restartPolicy: 'Never' }), 0, { name: 'web', each: ended(0) })],
    world: written('port', 'Succeeded'),
    expected: 'stop sandbox of pod web (it holds ports of the host)',
    calls: ['stop sandbox within 2000 ms'],
  },
  {
    title: 'once',
    desired: barePod(ported({ restartPolicy: 'Never' })),
    pods: [
      pod(ported({ restartPolicy: 'Never' }), 0, {
        ...{ name: 'web', each: ended(0), sandbox: liveContainer('', { state: 'exited', finishedAt: now }) },
      }),
    ],
    world: written('port', 'Succeeded'),
    expected: '',
  },
]

export const others: readonly Row[] = [
  {
    title: 'ReplicaSet: a new template is for new pods only',
    desired: replicaSet(two, 2),
    pods: [pod(one, 0)],
    expected: 'create pod web-bbb-0 on local (2 replicas wanted)',
  },
  {
    title: 'ReplicaSet: scaled down',
    desired: replicaSet(one, 1),
    pods: [pod(one, 0), pod(one, 1, { each: { health: unready } })],
    expected: 'stop pod web-aaa-1 (scaled down to 1)',
  },
  { title: 'Pod: made under its own name', desired: barePod(one), expected: 'create pod web on local (wanted)' },
  {
    title: 'Pod: a change means that the old one goes first',
    desired: barePod(two),
    pods: [pod(one, 0, { name: 'web' })],
    expected: 'stop pod web (old revision aaa)',
  },
  {
    title: 'Pod: but not for an image that is not there',
    desired: barePod(two),
    pods: [pod(one, 0, { name: 'web' })],
    world: { hosts: [host({ images: new Map() })] },
    expected: 'pull web:2 on local (not on the host)',
  },
  {
    title: 'Pod: ended for good, it stays',
    desired: barePod(template('job', podSpec({ restartPolicy: 'Never' }))),
    pods: [pod(template('job', podSpec({ restartPolicy: 'Never' })), 0, { name: 'web', each: ended(1) })],
    world: written('job', 'Failed'),
    expected: '',
  },
]
