// What the planner does, as text: one row per rule.
import type { DesiredDeployment, DesiredPod, DesiredReplicaSet, View } from '../../../src/reconcile/plan/desired.ts'
import type { LivePod } from '../../../src/runtime/live.ts'
import { container, deployment, ended, host, now, pod, podSpec, template, unready, unseen } from './world.ts'

export type Planned = DesiredDeployment | DesiredReplicaSet | DesiredPod

export const one = template('aaa')
export const two = template('bbb', podSpec({ containers: [container({ image: 'web:2' })] }))
const olds = [pod(one, 0), pod(one, 1), pod(one, 2)]

/** A plan as text for a desired object and a live world. */
export interface Row {
  readonly title: string
  readonly desired: Planned
  readonly pods?: readonly LivePod[]
  readonly world?: Partial<View>
  readonly expected: string
  /** The single calls of the first task, where they matter. */
  readonly calls?: readonly string[]
}

export function lines(...texts: string[]): string {
  return texts.join('\n')
}

export const rollout: readonly Row[] = [
  {
    title: 'first roll-out makes all pods at once',
    desired: deployment(one, { replicas: 2 }),
    expected: lines(
      'create pod web-aaa-0 on local (2 replicas wanted)',
      'create pod web-aaa-1 on local (2 replicas wanted)',
    ),
  },
  { title: 'nothing to do', desired: deployment(one), pods: olds, expected: '' },
  {
    title: 'surge of one: one new pod beside the old ones',
    desired: deployment(two),
    pods: olds,
    expected: 'create pod web-bbb-0 on local (replaces revision aaa)',
  },
  {
    title: 'a new pod that is not ready costs no old one its life',
    desired: deployment(two),
    pods: [...olds, pod(two, 0, { each: { health: unready } })],
    expected: '',
  },
  {
    title: 'a new pod of which nothing is known yet costs no old one its life',
    desired: deployment(two),
    pods: [...olds, pod(two, 0, { each: { health: unseen } })],
    expected: '',
  },
  {
    title: 'a ready new pod lets one old pod go',
    desired: deployment(two),
    pods: [...olds, pod(two, 0)],
    expected: 'stop pod web-aaa-0 (old revision aaa)',
  },
  {
    title: 'a leaving pod makes room for the next new one, and is helped out',
    desired: deployment(two),
    pods: [pod(one, 0, { leaving: true, each: ended(0) }), pod(one, 1), pod(one, 2), pod(two, 0)],
    expected: lines('remove pod web-aaa-0 (it has ended)', 'create pod web-bbb-1 on local (replaces revision aaa)'),
  },
  {
    title: 'no surge: one old pod goes first',
    desired: deployment(two, { maxSurge: 0, maxUnavailable: 1 }),
    pods: olds,
    expected: 'stop pod web-aaa-0 (old revision aaa)',
  },
  {
    title: 'a broken old pod goes before available ones',
    desired: deployment(two, { maxSurge: 0, maxUnavailable: 1 }),
    pods: [pod(one, 0), pod(one, 1), pod(one, 2, { each: { health: unready } })],
    expected: 'stop pod web-aaa-2 (old revision aaa)',
  },
  {
    title: 'minReadySeconds: ready is not yet available',
    desired: deployment(two, { minReadySeconds: 120 }),
    pods: [...olds.map((old) => ({ ...old })), pod(two, 0)],
    expected: '',
  },
  {
    title: 'the oldest revision goes first',
    desired: deployment(two),
    pods: [pod(one, 0), pod(template('000'), 0, { createdAt: now - 200_000 }), pod(two, 0), pod(two, 1)],
    expected: lines('stop pod web-000-0 (old revision 000)'),
  },
  {
    title: 'a missing image is pulled before anything is made',
    desired: deployment(two, { replicas: 2 }),
    world: { hosts: [host({ images: new Map() })] },
    expected: 'pull web:2 on local (not on the host)',
  },
  {
    title: 'no old pod is taken away for an image that is not there, though one may be missing',
    desired: deployment(two, { maxSurge: 0, maxUnavailable: 1 }),
    pods: olds,
    world: { hosts: [host({ images: new Map() })] },
    expected: 'pull web:2 on local (not on the host)',
  },
  {
    title: 'nor for a ConfigMap that does not exist',
    desired: deployment({ ...two, missing: ['ConfigMap shop/web'] }, { maxSurge: 0, maxUnavailable: 1 }),
    pods: olds,
    expected: '',
  },
  {
    title: 'the network is made with the first pod',
    desired: deployment(one, { replicas: 1 }),
    world: { hosts: [host({ networks: new Set() })] },
    expected: 'create pod web-aaa-0 on local (1 replica wanted)',
    calls: ['ensureNetwork shop', 'createSandbox', 'start sandbox', 'createContainer app web:1', 'start app'],
  },
  {
    title: 'one revision runs one image, though its tag was moved meanwhile',
    desired: deployment(one, { replicas: 2 }),
    pods: [pod(one, 0)],
    world: {
      hosts: [
        host({
          images: new Map([
            ['web:1', 'sha256:9'],
            ['sha256:1', 'sha256:1'],
          ]),
        }),
      ],
    },
    expected: 'create pod web-aaa-1 on local (2 replicas wanted)',
    calls: ['createSandbox', 'start sandbox', 'createContainer app sha256:1', 'start app'],
  },
  {
    title: 'an old pod that is ready and not yet available is not a broken one',
    desired: deployment(two, { minReadySeconds: 120, maxUnavailable: 1 }),
    pods: [...olds, pod(two, 0, { each: { health: unready } })],
    expected: '',
  },
]

export const scaling: readonly Row[] = [
  {
    title: 'scaled up: the lowest free numbers',
    desired: deployment(one, { replicas: 4 }),
    pods: [pod(one, 0), pod(one, 2), pod(one, 3, { leaving: true, each: { stopping: true } })],
    expected: lines(
      'create pod web-aaa-1 on local (4 replicas wanted)',
      'create pod web-aaa-4 on local (4 replicas wanted)',
    ),
  },
  {
    title: 'scaled down: not ready before ready',
    desired: deployment(one, { replicas: 2 }),
    pods: [pod(one, 0), pod(one, 1, { each: { health: unready } }), pod(one, 2)],
    expected: 'stop pod web-aaa-1 (scaled down to 2)',
  },
  {
    title: 'scaled down: not ready before ready, even where nothing has to stay',
    desired: deployment(one, { replicas: 2, maxUnavailable: '100%' }),
    pods: [pod(one, 0), pod(one, 1, { each: { health: unready } }), pod(one, 2)],
    expected: 'stop pod web-aaa-1 (scaled down to 2)',
  },
  {
    title: 'scaled down: lower deletion cost first',
    desired: deployment(one, { replicas: 2 }),
    pods: [
      pod(one, 0),
      pod(one, 1, { annotations: { 'controller.kubernetes.io/pod-deletion-cost': '-1' } }),
      pod(one, 2),
    ],
    expected: 'stop pod web-aaa-1 (scaled down to 2)',
  },
  {
    title: 'scaled down to nothing',
    desired: deployment(one, { replicas: 0 }),
    pods: [pod(one, 0)],
    expected: 'stop pod web-aaa-0 (scaled down to 0)',
  },
  {
    title: 'made smaller while the new revision is broken: new pods above the ceiling go',
    desired: deployment(two, { replicas: 1 }),
    pods: [pod(one, 0), pod(two, 0, { each: { health: unready } }), pod(two, 1, { each: { health: unready } })],
    expected: 'stop pod web-bbb-0 (scaled down to 1)',
  },
]

export const strategies: readonly Row[] = [
  {
    title: 'paused: a new template waits',
    desired: deployment(two, { paused: true }),
    pods: olds,
    expected: '',
  },
  {
    title: 'paused: scaling goes on',
    desired: deployment(two, { paused: true, replicas: 2 }),
    pods: olds,
    expected: 'stop pod web-aaa-0 (scaled down to 2)',
  },
  {
    title: 'paused: in place of an old pod that cannot come back one is made once that is marked',
    desired: deployment(two, { paused: true, replicas: 2 }),
    pods: [pod(one, 0, { containers: [] }), pod(two, 0)],
    expected: 'remove pod web-aaa-0 (it cannot come back: its sandbox or a container was removed)',
  },
  {
    title: 'paused, Recreate: none is made beside an old pod that still runs',
    desired: deployment(two, { paused: true, recreate: true, replicas: 2 }),
    pods: [pod(one, 0, { leaving: true, each: { stopping: true } }), pod(two, 0)],
    expected: '',
  },
  {
    title: 'paused in mid-rollout: a smaller size is shared between the revisions',
    desired: deployment(two, { paused: true, replicas: 2, maxSurge: 0, maxUnavailable: 1 }),
    pods: [...olds, pod(two, 0)],
    expected: lines('stop pod web-aaa-0 (scaled down to 2)', 'stop pod web-aaa-1 (scaled down to 2)'),
  },
  {
    title: 'Recreate: all old pods go first',
    desired: deployment(two, { recreate: true, replicas: 2 }),
    pods: [pod(one, 0), pod(one, 1)],
    expected: lines('stop pod web-aaa-0 (old revision aaa)', 'stop pod web-aaa-1 (old revision aaa)'),
  },
  {
    title: 'Recreate: no new pod while an old one is still ending',
    desired: deployment(two, { recreate: true, replicas: 2 }),
    pods: [pod(one, 0, { leaving: true, each: { stopping: true } })],
    expected: '',
  },
  {
    title: 'Recreate: then all new ones',
    desired: deployment(two, { recreate: true, replicas: 2 }),
    expected: lines(
      'create pod web-bbb-0 on local (2 replicas wanted)',
      'create pod web-bbb-1 on local (2 replicas wanted)',
    ),
  },
  {
    title: 'Recreate: nothing is taken away for an image that is not there',
    desired: deployment(two, { recreate: true, replicas: 1 }),
    pods: [pod(one, 0)],
    world: { hosts: [host({ images: new Map() })] },
    expected: 'pull web:2 on local (not on the host)',
  },
]
