// Init containers, sidecars and hooks: who starts when, who stops when.
import type { Template } from '../../../src/reconcile/plan/desired.ts'
import type { LiveContainer, LivePod } from '../../../src/runtime/live.ts'
import type { Row } from './rollout-rows.ts'
import {
  barePod,
  container,
  deployment,
  ended,
  liveContainer,
  now,
  type PodChanges,
  pod,
  podSpec,
  template,
  unready,
  written,
} from './world.ts'

const hook = { postStart: { exec: { command: ['warm-up'] } } }
const setup = container({ name: 'setup' })
const proxy = container({ name: 'proxy', restartPolicy: 'Always' })
const logger = container({ name: 'logger', restartPolicy: 'Always' })
const migrate = container({ name: 'migrate' })

const inits = [setup, proxy, migrate]
export const staged = template('aaa', podSpec({ initContainers: inits }))
const newer = template('bbb', podSpec({ initContainers: inits }))
const once = template('job', podSpec({ initContainers: inits, restartPolicy: 'Never' }))
const retried = template('job', podSpec({ initContainers: inits, restartPolicy: 'OnFailure' }))
const helped = template('job', podSpec({ initContainers: [proxy, logger], restartPolicy: 'Never' }))
const hooked = template(
  'aaa',
  podSpec({ containers: [container({ lifecycle: hook }), container({ name: 'late' }), container({ name: 'last' })] }),
)
const limited = template('aaa', podSpec({ activeDeadlineSeconds: 60, initContainers: [proxy] }))
const limitedJob = template('job', podSpec({ activeDeadlineSeconds: 60, restartPolicy: 'Never' }))

const oneDeployment = deployment(staged, { replicas: 1 })

/** A pod with the containers that are named, in the states that are given. */
export function only(
  wanted: Template,
  states: Readonly<Record<string, Partial<LiveContainer>>>,
  changes: PodChanges = {},
): LivePod {
  const whole = pod(wanted, 0, changes)
  const containers = whole.containers
    .filter(({ name }) => name in states)
    .map((one) => ({ ...one, ...states[one.name] }))
  return { ...whole, containers }
}

const running = {}
const done = ended(0, 50_000)
const starting = { health: { ...unready, started: false, message: 'startup: connection refused' } }
const sandboxEnded = liveContainer('', { state: 'exited', startedAt: now - 200_000, finishedAt: now })
const sandboxRestarted = liveContainer('', { startedAt: now - 10_000 })
const bare = (wanted: Template) => barePod(wanted)
const named = { name: 'web' }

export const initContainers: readonly Row[] = [
  {
    title: 'a new pod begins with its first init container alone',
    desired: oneDeployment,
    expected: 'create pod web-aaa-0 on local (1 replica wanted)',
    calls: ['createSandbox', 'start sandbox', 'createContainer setup web:1', 'start setup'],
  },
  {
    title: 'images of init containers are pulled before the pod is made',
    desired: deployment(
      template('aaa', podSpec({ initContainers: [container({ name: 'setup', image: 'setup:1' })] })),
      { replicas: 1 },
    ),
    expected: 'pull setup:1 on local (not on the host)',
  },
  {
    title: 'as long as it runs nothing else does',
    desired: oneDeployment,
    pods: [only(staged, { setup: running })],
    expected: '',
  },
  {
    title: 'once it has ended well it is the next one',
    desired: oneDeployment,
    pods: [only(staged, { setup: done })],
    expected: 'create container proxy of pod web-aaa-0 (init container 2 of 3)',
    calls: ['createContainer proxy web:1', 'start proxy'],
  },
  {
    title: 'a sidecar that was not started yet holds up the next one',
    desired: oneDeployment,
    pods: [only(staged, { setup: done, proxy: starting })],
    expected: '',
  },
  {
    title: 'a sidecar that has started lets the next one start',
    desired: oneDeployment,
    pods: [only(staged, { setup: done, proxy: running })],
    expected: 'create container migrate of pod web-aaa-0 (init container 3 of 3)',
  },
  {
    title: 'the main containers come last',
    desired: oneDeployment,
    pods: [only(staged, { setup: done, proxy: running, migrate: done })],
    expected: 'create container app of pod web-aaa-0 (initialized)',
  },
  {
    title: 'an init container that was made and not started is started',
    desired: oneDeployment,
    pods: [only(staged, { setup: { state: 'created', startedAt: 0 } })],
    expected: 'start container setup of pod web-aaa-0 (it was not started yet)',
  },
  {
    title: 'a failed init container is restarted, with back-off',
    desired: oneDeployment,
    pods: [only(staged, { setup: ended(1) })],
    expected: 'restart container setup of pod web-aaa-0 (Error, exit code 1)',
  },
  {
    title: 'the second time it waits',
    desired: oneDeployment,
    pods: [only(staged, { setup: ended(1, 5_000, { restarts: 1, startedAt: now - 6_000 }) })],
    expected: '',
  },
  {
    title: 'with restartPolicy Never it fails the pod',
    desired: bare(once),
    pods: [only(once, { setup: ended(1) }, named)],
    world: written('job', 'Failed'),
    expected: '',
  },
  {
    title: 'with OnFailure it is restarted',
    desired: bare(retried),
    pods: [only(retried, { setup: ended(1) }, named)],
    expected: 'restart container setup of pod web (Error, exit code 1)',
  },
  {
    title: 'a sidecar is restarted whatever its end and the policy',
    desired: bare(once),
    pods: [only(once, { setup: done, proxy: ended(0), migrate: done, app: running }, named)],
    expected: 'restart container proxy of pod web (Completed, exit code 0)',
  },
  {
    title: 'one that crashes while a later init container runs is restarted beside it',
    desired: oneDeployment,
    pods: [only(staged, { setup: done, proxy: ended(1), migrate: running })],
    expected: 'restart container proxy of pod web-aaa-0 (Error, exit code 1)',
  },
  {
    title: 'init containers that were removed by hand once the pod was initialized are not missed',
    desired: oneDeployment,
    pods: [only(staged, { proxy: running, app: running })],
    expected: '',
  },
  {
    title: 'nor is the pod lost when it is of an old revision',
    desired: deployment(newer, { replicas: 1 }),
    pods: [only(staged, { proxy: running, app: running }), pod(newer, 0, { each: { health: unready } })].slice(0, 1),
    expected: 'create pod web-bbb-0 on local (replaces revision aaa)',
  },
  {
    title: 'but a sidecar is missed',
    desired: oneDeployment,
    pods: [only(staged, { setup: done, migrate: done, app: running })],
    expected: 'create container proxy of pod web-aaa-0 (missing)',
  },
  {
    title: 'a pod of an old revision that is half way through cannot come further',
    desired: deployment(newer, { replicas: 1 }),
    pods: [only(staged, { setup: running })],
    expected: 'stop pod web-aaa-0 (it cannot come back: its sandbox or a container was removed)',
  },
  {
    title: 'what an ended init container is like does not matter any more',
    desired: oneDeployment,
    pods: [
      only(staged, {
        setup: { ...done, config: { ...staged.containers[0]!, env: [{ name: 'X', value: '1', secret: false }] } },
        proxy: running,
        migrate: done,
        app: running,
      }),
    ],
    expected: '',
  },
  {
    title: 'a restarted sandbox begins anew with the first init container',
    desired: oneDeployment,
    pods: [only(staged, { setup: done, proxy: ended(137), migrate: done, app: ended(137) }, { sandbox: sandboxEnded })],
    expected: 'start sandbox of pod web-aaa-0 (it ended)',
    calls: ['start sandbox', 'recreateContainer after 0 ms, attempt 1', 'start setup', 'remove'],
  },
  {
    title: 'what ran before the sandbox was restarted is told to end meanwhile',
    desired: oneDeployment,
    pods: [only(staged, { setup: done, proxy: running, migrate: done, app: running }, { sandbox: sandboxRestarted })],
    expected: 'restart container proxy of pod web-aaa-0 (its sandbox was restarted)',
    calls: ['stop proxy within 30000 ms', 'stop app within 30000 ms'],
  },
  {
    title: 'and waits for its turn',
    desired: oneDeployment,
    pods: [
      only(
        staged,
        {
          setup: ended(0, 1_000, { startedAt: now - 5_000, restarts: 1 }),
          proxy: ended(137, 9_000),
          migrate: done,
          app: ended(137, 9_000),
        },
        { sandbox: sandboxRestarted },
      ),
    ],
    expected: 'restart container proxy of pod web-aaa-0 (its sandbox was restarted)',
    calls: ['recreateContainer after 0 ms, attempt 1', 'start proxy', 'remove'],
  },
  {
    title: 'an init container of a Job runs again after a restart of the sandbox, its ended one notwithstanding',
    desired: bare(once),
    pods: [only(once, { setup: done }, { ...named, sandbox: sandboxRestarted })],
    expected: 'restart container setup of pod web (its sandbox was restarted)',
  },
]

export const hooks: readonly Row[] = [
  {
    title: 'a container with a postStart hook starts before those after it',
    desired: deployment(hooked, { replicas: 1 }),
    expected: 'create pod web-aaa-0 on local (1 replica wanted)',
    calls: ['createSandbox', 'start sandbox', 'createContainer app web:1', 'start app'],
  },
  {
    title: 'they wait for the end of the hook',
    desired: deployment(hooked, { replicas: 1 }),
    pods: [only(hooked, { app: { health: { ...unready, started: false, hookDone: false } } })],
    expected: '',
  },
  {
    title: 'but not for its startup probe',
    desired: deployment(hooked, { replicas: 1 }),
    pods: [only(hooked, { app: { health: { ...unready, started: false } } })],
    expected: 'create containers late, last of pod web-aaa-0 (the postStart hook before it has ended)',
  },
  {
    title: 'and then start together',
    desired: deployment(hooked, { replicas: 1 }),
    pods: [only(hooked, { app: { health: unready } })],
    expected: 'create containers late, last of pod web-aaa-0 (the postStart hook before it has ended)',
  },
  {
    title: 'a hook that failed holds nobody up',
    desired: deployment(hooked, { replicas: 1 }),
    pods: [only(hooked, { app: ended(137, 1_000, { restarts: 1, startedAt: now - 2_000 }) })],
    expected: 'create containers late, last of pod web-aaa-0 (the postStart hook before it has ended)',
  },
  {
    title: 'a startup probe holds nobody up',
    desired: deployment(template('aaa', podSpec({ containers: [container(), container({ name: 'late' })] })), {
      replicas: 1,
    }),
    expected: 'create pod web-aaa-0 on local (1 replica wanted)',
    calls: [
      'createSandbox',
      'start sandbox',
      'createContainer app web:1',
      'createContainer late web:1',
      'start app',
      'start late',
    ],
  },
]

const leaving = { leaving: true, leavingSince: now - 25_000 }

export const ends: readonly Row[] = [
  {
    title: 'a pod that goes: main containers are told first',
    desired: deployment(staged, { replicas: 0 }),
    pods: [only(staged, { setup: done, proxy: running, migrate: done, app: running })],
    expected: 'stop pod web-aaa-0 (scaled down to 0)',
    calls: ['markLeaving', 'stop app within 30000 ms'],
  },
  {
    title: 'sidecars run on until those have ended',
    desired: deployment(staged, { replicas: 0 }),
    pods: [only(staged, { proxy: running, app: { stopping: true } }, leaving)],
    expected: '',
  },
  {
    title: 'then they have what is left of the grace period',
    desired: deployment(staged, { replicas: 0 }),
    pods: [only(staged, { proxy: running, app: ended(0) }, leaving)],
    expected: 'stop pod web-aaa-0 (marked for removal)',
    calls: ['stop proxy within 5000 ms'],
  },
  {
    title: 'but two seconds at least',
    desired: deployment(staged, { replicas: 0 }),
    pods: [only(staged, { proxy: running, app: ended(0) }, { ...leaving, leavingSince: now - 40_000 })],
    expected: 'stop pod web-aaa-0 (marked for removal)',
    calls: ['stop proxy within 2000 ms'],
  },
  {
    title: 'and go when they have ended too',
    desired: deployment(staged, { replicas: 0 }),
    pods: [only(staged, { proxy: ended(0), app: ended(0) }, leaving)],
    expected: 'remove pod web-aaa-0 (it has ended)',
    calls: ['remove', 'remove', 'remove'],
  },
  {
    title: 'a pod whose only container is being stopped is not killed',
    desired: deployment(staged, { replicas: 0 }),
    pods: [only(staged, { app: { stopping: true } })],
    expected: 'stop pod web-aaa-0 (scaled down to 0)',
    calls: ['markLeaving'],
  },
  {
    title: 'a pod that has done its work: its sidecars are stopped, the last one first',
    desired: bare(helped),
    pods: [only(helped, { proxy: running, logger: running, app: ended(0) }, named)],
    world: written('job', 'Succeeded'),
    expected: 'stop container logger of pod web (all other containers have ended)',
  },
  {
    title: 'one after the other',
    desired: bare(helped),
    pods: [only(helped, { proxy: running, logger: { stopping: true }, app: ended(0) }, named)],
    world: written('job', 'Succeeded'),
    expected: '',
  },
  {
    title: 'then the first one',
    desired: bare(helped),
    pods: [only(helped, { proxy: running, logger: ended(0), app: ended(0) }, named)],
    world: written('job', 'Succeeded'),
    expected: 'stop container proxy of pod web (all other containers have ended)',
  },
  {
    title: 'ended sidecars of such a pod are left alone',
    desired: bare(helped),
    pods: [only(helped, { proxy: ended(0), logger: ended(0), app: ended(0) }, named)],
    world: written('job', 'Succeeded'),
    expected: '',
  },
  {
    title: 'nor is anything begun again after a restart of its sandbox',
    desired: bare(once),
    pods: [
      only(once, { setup: done, proxy: ended(0), migrate: done, app: ended(0) }, { ...named, sandbox: sandboxEnded }),
    ],
    world: written('job', 'Succeeded'),
    expected: '',
  },
  {
    title: 'a pod that has run for too long is stopped',
    desired: bare(limited),
    pods: [only(limited, { proxy: running, app: running }, { ...named, createdAt: now - 60_000 })],
    world: written('aaa', 'Failed'),
    expected:
      'stop container app of pod web (DeadlineExceeded: Pod was active on the node longer than the specified deadline)',
  },
  {
    title: 'and nothing of it is restarted',
    desired: bare(limited),
    pods: [only(limited, { proxy: ended(0), app: ended(1) }, { ...named, createdAt: now - 60_000 })],
    world: written('aaa', 'Failed'),
    expected: '',
  },
  {
    title: 'a pod that has run for a little less is kept running',
    desired: bare(limited),
    pods: [only(limited, { proxy: running, app: ended(1) }, { ...named, createdAt: now - 59_999 })],
    expected: 'restart container app of pod web (Error, exit code 1)',
  },
  {
    title: 'the deadline of a pod that failed before it changes nothing',
    desired: bare(limitedJob),
    pods: [pod(limitedJob, 0, { ...named, createdAt: now - 600_000, each: ended(1, 590_000) })],
    world: written('job', 'Failed'),
    expected: '',
  },
]
