// The end of a bare pod is written down once: nothing of it is run again, whatever becomes of its containers. And how pods leave.
import type { Template } from '../../../src/reconcile/plan/desired.ts'
import { lines, type Row } from './rollout-rows.ts'
import {
  barePod,
  container,
  deployment,
  ended,
  host,
  liveContainer,
  now,
  pod,
  podSpec,
  template,
  written,
} from './world.ts'

const once = template('job', podSpec({ restartPolicy: 'Never' }))
const changed = template('new', podSpec({ restartPolicy: 'Never', containers: [container({ image: 'web:2' })] }))
const web = (wanted: Template, changes: Parameters<typeof pod>[2] = {}) => pod(wanted, 0, { name: 'web', ...changes })
const over = web(once, { each: ended(0) })

export const podEnds: readonly Row[] = [
  {
    title: 'an end is written down on every host that answers',
    desired: barePod(once),
    pods: [over],
    world: { hosts: [host(), host({ name: 'far', reachable: false }), host({ name: 'other' })] },
    expected: lines('record the end of pod web on local (Succeeded)', 'record the end of pod web on other (Succeeded)'),
    calls: ['createVolume Pod/web'],
  },
  {
    title: 'a failure too',
    desired: barePod(once),
    pods: [web(once, { each: ended(3) })],
    expected: 'record the end of pod web on local (Failed)',
  },
  {
    title: 'what still runs has not ended',
    desired: barePod(once),
    pods: [web(once)],
    expected: '',
  },
  {
    title: 'pruned as a whole: it is not run again',
    desired: barePod(once),
    world: written('job', 'Succeeded'),
    expected: '',
  },
  {
    title: 'its container was pruned: nor is that made again',
    desired: barePod(once),
    pods: [web(once, { containers: [] })],
    world: written('job', 'Succeeded'),
    expected: '',
  },
  {
    title: 'its sandbox was removed: what is left stays',
    desired: barePod(once),
    pods: [web(once, { each: ended(0), sandbox: undefined, spec: undefined, uid: '' })],
    world: written('job', 'Succeeded'),
    expected: '',
  },
  {
    title: 'a restarted sandbox runs nothing again',
    desired: barePod(once),
    pods: [web(once, { each: ended(0), sandbox: liveContainer('', { startedAt: now }) })],
    world: written('job', 'Succeeded'),
    expected: '',
  },
  {
    title: 'another template is another pod',
    desired: barePod(changed),
    pods: [over],
    world: written('job', 'Succeeded'),
    expected: lines('remove record job of Pod/web on local (of an earlier pod)', 'remove pod web (old revision job)'),
  },
  {
    title: 'no pod is taken away while the next one cannot be made, as a host is silent',
    desired: barePod(changed),
    pods: [web(once)],
    world: { hosts: [host(), host({ name: 'far', reachable: false })] },
    expected: '',
  },
  {
    title: 'removed from the repository and back before it was gone: it is another one',
    desired: barePod(once),
    pods: [web(once, { each: ended(0), leaving: true, leavingSince: now })],
    world: written('job', 'Succeeded'),
    expected: lines('remove pod web (it has ended)', 'remove record job of Pod/web on local (of an earlier pod)'),
  },
]

const gone = deployment(template('aaa'), { replicas: 0 })
const going = (leavingSince: number | undefined) => [pod(template('aaa'), 0, { leaving: true, leavingSince })]
const stops = 'stop pod web-aaa-0 (marked for removal)'

/** A restart of Berth has forgotten the stops that it sent. */
export const graces: readonly Row[] = [
  {
    title: 'what is left of the grace period counts from the mark',
    desired: gone,
    pods: going(now - 10_000),
    expected: stops,
    calls: ['stop app within 20000 ms'],
  },
  {
    title: 'when it is over, a little is left',
    desired: gone,
    pods: going(now - 3_600_000),
    expected: stops,
    calls: ['stop app within 2000 ms'],
  },
  {
    title: 'a mark of the future, as the clock was set back, gives no more than all of it',
    desired: gone,
    pods: going(now + 3_600_000),
    expected: stops,
    calls: ['stop app within 30000 ms'],
  },
  {
    title: 'nor does a mark without a time',
    desired: gone,
    pods: going(undefined),
    expected: stops,
    calls: ['stop app within 30000 ms'],
  },
]
