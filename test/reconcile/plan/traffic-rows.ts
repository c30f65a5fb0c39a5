import type { LivePod } from '../../../src/runtime/live.ts'
import { lines, one, type Row, two } from './rollout-rows.ts'
import { barePod, container, deployment, ended, now, pod, podSpec, replicaSet, template } from './world.ts'

const serving = { traffic: 'serving' } as const
const joining = { traffic: 'joining' } as const
const olds = [pod(one, 0, serving), pod(one, 1, serving), pod(one, 2, serving)]
const gone = deployment(one, { replicas: 0 })
const quick = template('aaa', podSpec({ terminationGracePeriodSeconds: 9 }))
const sudden = template('aaa', podSpec({ terminationGracePeriodSeconds: 0 }))
const proxied = template(
  'aaa',
  podSpec({ initContainers: [{ ...container({ name: 'proxy' }), restartPolicy: 'Always' }] }),
)
const config = one.containers[0]
if (!config) throw new Error('the template has no container')

/** A pod that was marked `ago` ms before. */
function leaving(traffic: LivePod['traffic'], ago: number, wanted = one, changes: Partial<LivePod> = {}): LivePod {
  return { ...pod(wanted, 0), traffic, leaving: true, leavingSince: now - ago, ...changes }
}

/** Who is counted on. */
export const joins: readonly Row[] = [
  {
    title: 'a ready new pod that is not in traffic everywhere costs no old one its life',
    desired: deployment(two),
    pods: [...olds, pod(two, 0, joining)],
    expected: '',
  },
  {
    title: 'once it is, an old one goes',
    desired: deployment(two),
    pods: [...olds, pod(two, 0, serving)],
    expected: 'take pod web-aaa-0 out of traffic (old revision aaa)',
    calls: ['markLeaving'],
  },
  {
    title: 'one that no Service knows need not be in traffic',
    desired: deployment(two),
    pods: [...olds, pod(two, 0)],
    expected: 'take pod web-aaa-0 out of traffic (old revision aaa)',
  },
  {
    title: 'when Berth has just started and no pod is known to be in traffic, none is broken',
    desired: deployment(two, { maxUnavailable: 1 }),
    pods: [pod(one, 0, joining), pod(one, 1, joining), pod(one, 2, joining), pod(two, 0, joining)],
    expected: '',
  },
  {
    title: 'one that is not in traffic goes before those that are',
    desired: deployment(two, { maxSurge: 0, maxUnavailable: 2 }),
    pods: [pod(one, 0, serving), pod(one, 1, joining), pod(one, 2, serving)],
    expected: lines(
      'take pod web-aaa-1 out of traffic (old revision aaa)',
      'take pod web-aaa-0 out of traffic (old revision aaa)',
    ),
  },
  {
    title: 'a ReplicaSet replaces no changed pod while another one joins',
    desired: replicaSet(one, 2),
    pods: [pod(one, 0, { ...serving, each: { config: { ...config, tty: true } } }), pod(one, 1, joining)],
    expected: '',
  },
]

/** How pods in traffic go. */
export const drains: readonly Row[] = [
  {
    title: 'a pod in traffic is marked, and nothing else',
    desired: gone,
    pods: [pod(one, 0, serving)],
    expected: 'take pod web-aaa-0 out of traffic (scaled down to 0)',
    calls: ['markLeaving'],
  },
  {
    title: 'one that joins may have got requests already',
    desired: gone,
    pods: [pod(one, 0, joining)],
    expected: 'take pod web-aaa-0 out of traffic (scaled down to 0)',
    calls: ['markLeaving'],
  },
  {
    title: 'one that stopped being ready may still have requests',
    desired: gone,
    pods: [pod(one, 0, { traffic: 'draining' })],
    expected: 'take pod web-aaa-0 out of traffic (scaled down to 0)',
    calls: ['markLeaving'],
  },
  {
    title: 'without traffic it is stopped at once',
    desired: gone,
    pods: [pod(one, 0)],
    expected: 'stop pod web-aaa-0 (scaled down to 0)',
    calls: ['markLeaving', 'stop app within 30000 ms'],
  },
  {
    title: 'no grace, no wait',
    desired: gone,
    pods: [pod(sudden, 0, serving)],
    expected: 'stop pod web-aaa-0 (scaled down to 0)',
    calls: ['markLeaving', 'stop app within 0 ms'],
  },
  {
    title: 'what has ended is removed, whatever is said of its traffic',
    desired: gone,
    pods: [pod(one, 0, { ...serving, each: ended(0) })],
    expected: 'remove pod web-aaa-0 (scaled down to 0)',
    calls: ['markLeaving', 'remove', 'remove'],
  },
  {
    title: 'while it has traffic its processes are spared',
    desired: gone,
    pods: [leaving('serving', 0)],
    expected: '',
  },
  { title: 'while it finishes what it has, too', desired: gone, pods: [leaving('draining', 4_999)], expected: '' },
  { title: 'and while it may come into traffic', desired: gone, pods: [leaving('joining', 10)], expected: '' },
  {
    title: 'out of traffic: its processes have what is left of the grace period',
    desired: gone,
    pods: [leaving('out', 2_000)],
    expected: 'stop pod web-aaa-0 (out of traffic)',
    calls: ['stop app within 28000 ms'],
  },
  {
    title: 'after five seconds it is stopped, finished or not',
    desired: gone,
    pods: [leaving('draining', 5_000)],
    expected: 'stop pod web-aaa-0 (still in traffic after 5 s)',
    calls: ['stop app within 25000 ms'],
  },
  {
    title: 'with a short grace period after a third of it',
    desired: gone,
    pods: [leaving('serving', 3_000, quick)],
    expected: 'stop pod web-aaa-0 (still in traffic after 3 s)',
    calls: ['stop app within 6000 ms'],
  },
  { title: 'and not before', desired: gone, pods: [leaving('serving', 2_999, quick)], expected: '' },
  {
    title: 'nobody waits when the clock was set back behind the mark',
    desired: gone,
    pods: [leaving('serving', -3_600_000)],
    expected: 'stop pod web-aaa-0 (still in traffic after 5 s)',
  },
  {
    title: 'sidecars carry traffic until all is out',
    desired: gone,
    pods: [leaving('draining', 1_000, proxied)],
    expected: '',
  },
  {
    title: 'then the others go first',
    desired: gone,
    pods: [leaving('out', 1_000, proxied)],
    expected: 'stop pod web-aaa-0 (out of traffic)',
    calls: ['stop app within 29000 ms'],
  },
  {
    title: 'a leaving pod in traffic makes room for the next new one at once',
    desired: deployment(two),
    pods: [leaving('draining', 100), ...olds.slice(1), pod(two, 0, serving)],
    expected: 'create pod web-bbb-1 on local (replaces revision aaa)',
  },
  {
    title: 'Recreate waits for the traffic of the old pods',
    desired: deployment(two, { recreate: true, replicas: 1 }),
    pods: [leaving('draining', 100)],
    expected: '',
  },
  {
    title: 'a bare pod that changed leaves traffic first',
    desired: barePod(two),
    pods: [pod(one, 0, { name: 'web', ...serving })],
    expected: 'take pod web out of traffic (old revision aaa)',
    calls: ['markLeaving'],
  },
  {
    title: 'a failing liveness probe restarts a container in traffic at once: that is no leave',
    desired: deployment(one, { replicas: 1 }),
    pods: [
      pod(one, 0, {
        ...serving,
        each: {
          health: {
            ...{ known: true, started: true, hookDone: true, ready: true, readySince: now, failing: true },
            message: 'liveness: HTTP 500',
          },
        },
      }),
    ],
    expected: 'restart container app of pod web-aaa-0 (liveness: HTTP 500)',
    calls: ['stop app within 30000 ms'],
  },
]
