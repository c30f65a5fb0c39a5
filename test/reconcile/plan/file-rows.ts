// Files in volumes that cannot be written (again), and containers that miss variables: who waits, who is lost.
import type { Volume } from '../../../src/manifests/types.ts'
import type { Template } from '../../../src/reconcile/plan/desired.ts'
import { only, staged } from './init-rows.ts'
import type { Row } from './rollout-rows.ts'
import { conf, configured, contentsOf, mounting, secret, secretive } from './volume-rows.ts'
import { container, deployment, ended, liveContainer, now, pod } from './world.ts'

const one = (wanted: Template) => deployment(wanted, { replicas: 1 })
const initWriting = mounting({
  volumes: [{ name: 'cache', emptyDir: {} }],
  mounts: [{ name: 'cache', mountPath: '/etc/app.conf', subPath: 'app.conf' }],
  spec: { initContainers: [container({ name: 'setup' })] },
})
const other: Volume = { name: 'key', secret: { secretName: 'key-2', defaultMode: 0o644 } }
const dead = liveContainer('', { state: 'exited', startedAt: now - 100_000, finishedAt: now })
const restarted = liveContainer('', { startedAt: now - 10_000 })

export const files: readonly Row[] = [
  {
    title: 'a Secret in memory that is missing now: the pod waits, as nobody knows what was in it',
    desired: one(mounting({ volumes: [secret], without: true })),
    pods: [pod(secretive, 0, { sandbox: dead, each: ended(137), contents: contentsOf(secretive) })],
    expected: 'start sandbox of pod web-aaa-0 (it ended)',
    calls: ['start sandbox'],
  },
  {
    title: 'and goes on waiting once its sandbox runs',
    desired: one(mounting({ volumes: [secret], without: true })),
    pods: [pod(secretive, 0, { sandbox: restarted, each: ended(137) })],
    expected: '',
  },
  {
    title: 'until the Secret is back',
    desired: one(secretive),
    pods: [pod(secretive, 0, { sandbox: restarted, each: ended(137) })],
    expected: 'set up volumes of pod web-aaa-0 (its containers are about to start)',
    calls: ['setUpVolumes key', 'recreateContainer after 0 ms, attempt 1', 'start app', 'remove'],
  },
  {
    title: 'what it wrote itself since the sandbox was started is there',
    desired: one(mounting({ volumes: [secret], without: true })),
    pods: [pod(secretive, 0, { sandbox: restarted, each: ended(137), contents: contentsOf(secretive) })],
    expected: 'restart container app of pod web-aaa-0 (its sandbox was restarted)',
  },
  {
    title: 'files on disk outlive the sandbox, whatever is in the repository',
    desired: one(mounting({ volumes: [conf], without: true })),
    pods: [pod(configured, 0, { sandbox: dead, each: ended(137) })],
    expected: 'start sandbox of pod web-aaa-0 (it ended)',
    calls: ['start sandbox', 'recreateContainer after 0 ms, attempt 1', 'start app', 'remove'],
  },
  {
    title: 'but they have to be written once',
    desired: one(mounting({ volumes: [conf], without: true })),
    pods: [pod(configured, 0, { each: { state: 'created', startedAt: 0 } })],
    expected: '',
  },
  {
    title: 'a crash in a sandbox that runs on needs no files',
    desired: one(mounting({ volumes: [secret], without: true })),
    pods: [pod(secretive, 0, { each: ended(1) })],
    expected: 'restart container app of pod web-aaa-0 (Error, exit code 1)',
  },
  {
    title: 'a pod of an old revision with the same Secret waits too',
    desired: deployment(mounting({ volumes: [secret], without: true, hash: 'bbb' }), { replicas: 1, paused: true }),
    pods: [pod(secretive, 0, { sandbox: restarted, each: ended(137) })],
    expected: '',
  },
  {
    title: 'one with a Secret that nobody asks for any more cannot come back',
    desired: deployment(mounting({ volumes: [], hash: 'bbb' }), { replicas: 2 }),
    pods: [
      pod(secretive, 0, { sandbox: dead, each: ended(137), contents: contentsOf(secretive) }),
      pod(mounting({ volumes: [], hash: 'bbb' }), 0),
    ],
    expected: 'remove pod web-aaa-0 (it cannot come back: nobody knows any more what was in its volumes)',
  },
  {
    title: 'nor one whose volume is of another Secret now',
    desired: deployment(mounting({ volumes: [other], hash: 'bbb' }), { replicas: 1, paused: true }),
    pods: [pod(secretive, 0, { sandbox: restarted, each: ended(137) })],
    expected: 'remove pod web-aaa-0 (it cannot come back: nobody knows any more what was in its volumes)',
  },
  {
    title: 'what runs of it runs on',
    desired: deployment(mounting({ volumes: [], hash: 'bbb' }), { replicas: 1, paused: true }),
    pods: [pod(secretive, 0, { each: ended(1) })],
    expected: 'restart container app of pod web-aaa-0 (Error, exit code 1)',
  },
  {
    title: 'a container that misses a variable is not made beside those that have begun',
    desired: one({ ...staged, missing: ['ConfigMap shop/env'], missingVariables: ['ConfigMap shop/env'] }),
    pods: [only(staged, { setup: ended(0, 50_000), proxy: {}, migrate: ended(0, 40_000) })],
    expected: '',
  },
  {
    title: 'half made: directories that later containers mount are not made before init containers have run',
    desired: one(initWriting),
    pods: [only(initWriting, {})],
    expected: 'set up volumes of pod web-aaa-0 (its containers are about to start)',
    calls: ['setUpVolumes cache', 'createContainer setup web:1', 'start setup'],
  },
  {
    title: 'nor after a restart of the sandbox',
    desired: one(initWriting),
    pods: [pod(initWriting, 0, { sandbox: dead, each: ended(0) })],
    expected: 'start sandbox of pod web-aaa-0 (it ended)',
    calls: ['start sandbox', 'setUpVolumes cache', 'recreateContainer after 0 ms, attempt 1', 'start setup', 'remove'],
  },
  {
    title: 'but before those start again',
    desired: one(initWriting),
    pods: [
      only(
        initWriting,
        { setup: ended(0, 1_000, { startedAt: now - 5_000 }), app: ended(137) },
        { sandbox: restarted },
      ),
    ],
    expected: 'restart container app of pod web-aaa-0 (its sandbox was restarted)',
    calls: ['setUpVolumes cache/app.conf', 'recreateContainer after 0 ms, attempt 1', 'start app', 'remove'],
  },
  {
    title: 'also those that had not started before',
    desired: one(initWriting),
    pods: [
      only(
        initWriting,
        { setup: ended(0, 1_000, { startedAt: now - 5_000 }), app: { state: 'created', startedAt: 0 } },
        { sandbox: restarted },
      ),
    ],
    expected: 'start container app of pod web-aaa-0 (it was not started yet)',
    calls: ['setUpVolumes cache/app.conf', 'start app'],
  },
]
