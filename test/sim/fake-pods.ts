import { terminationMessageOf } from '../../src/manifests/termination-message.ts'
import { asksForLog, loggedMessage, writtenMessage } from '../../src/runtime/end-message.ts'
import type {
  ContainerHealth,
  HostNetwork,
  LiveContainer,
  LiveHost,
  LivePod,
  PodTraffic,
} from '../../src/runtime/live.ts'
import type { FakeClock } from './fake-clock.ts'
import type { Box, FakeDocker } from './fake-docker.ts'
import { programOf } from './fake-programs.ts'
import { secretVolumes } from './fake-volumes.ts'

/** What only one process of Berth knows. */
export interface Knows {
  readonly clock: FakeClock
  /** Probe results before this tick are not known. */
  readonly seenFrom: number
  /** Container id -> the run that is being stopped. */
  readonly stopping: ReadonlyMap<string, number>
  /** Sandbox id -> the run in which this process wrote its volumes. */
  readonly wrote: ReadonlyMap<string, number>
  /** By sandbox id. */
  readonly trafficOf: (sandbox: string) => PodTraffic
}

const names: HostNetwork = { mode: 'names', message: '', problems: [], allocations: new Map() }

export function liveHost(engine: FakeDocker, network = names): LiveHost {
  return {
    name: engine.name,
    reachable: engine.reachable,
    message: engine.reachable ? '' : 'connection refused',
    cpuMillis: 16_000,
    memoryBytes: 8 * 2 ** 30,
    images: engine.allImages(),
    pulls: new Map(engine.pulls),
    networks: new Set(engine.networks),
    labels: {
      ...engine.labels,
      'kubernetes.io/hostname': engine.name,
      'kubernetes.io/os': 'linux',
      'kubernetes.io/arch': 'amd64',
    },
    taints: [],
    address: '192.0.2.1',
    network,
  }
}

/** The containers of one pod, as facts. */
export function livePod(boxes: readonly Box[], knows: Knows): LivePod {
  const newestFirst = [...boxes].sort((a, b) => b.attempt.restarts - a.attempt.restarts || (a.id < b.id ? 1 : -1))
  const sandbox = newestFirst.find((box) => box.name === '')
  const newest = [
    ...Map.groupBy(
      newestFirst.filter((box) => box !== sandbox),
      (box) => box.name,
    ).values(),
  ]
  const first = sandbox ?? newestFirst[0]
  if (!first) throw new Error('a pod has a container')
  const live = (box: Box) => liveContainer(box, sandbox, knows)
  return {
    host: first.host,
    namespace: first.namespace,
    name: first.pod,
    ...first.mark,
    labels: sandbox?.sandbox?.labels ?? {},
    annotations: sandbox?.sandbox?.annotations ?? {},
    spec: sandbox?.sandbox?.spec,
    uid: sandbox?.id ?? '',
    createdAt: first.createdAt,
    address: sandbox?.state === 'running' ? '10.244.0.2' : undefined,
    traffic: sandbox ? knows.trafficOf(sandbox.id) : 'none',
    leaving: sandbox?.leaving ?? false,
    leavingSince: sandbox?.leavingSince,
    contents: sandbox ? knownContents(sandbox, knows) : new Map(),
    sandbox: sandbox && live(sandbox),
    containers: newest.flatMap(([box]) => (box ? [live(box)] : [])).sort((a, b) => (a.name < b.name ? -1 : 1)),
    leftovers: newest.flatMap(([, ...older]) => older.map(live)),
  }
}

/** What is in memory cannot be asked for: only who wrote it knows. */
function knownContents(sandbox: Box, { wrote }: Knows): ReadonlyMap<string, string> {
  const secret = wrote.get(sandbox.id) === sandbox.run ? [] : secretVolumes(sandbox)
  return new Map([...sandbox.contents].filter(([volume]) => !secret.includes(volume)))
}

function liveContainer(box: Box, sandbox: Box | undefined, knows: Knows): LiveContainer {
  const { id, name, state, exitCode, error, startedAt, finishedAt, createdAt, imageId, config } = box
  const message = messageOf(box, sandbox)
  return {
    ...(message !== '' && { message }),
    ...{ id, name, state, exitCode, error, startedAt, finishedAt, createdAt, imageId, config },
    ...box.attempt,
    oomKilled: false,
    image: config.image,
    stopping: knows.stopping.get(id) === box.run && state === 'running',
    health: healthOf(box, knows),
  }
}

function messageOf({ name, state, exitCode, config, written, printed }: Box, sandbox: Box | undefined): string {
  const asked = sandbox?.sandbox && terminationMessageOf(sandbox.sandbox.spec, name)
  if (!asked || state !== 'exited') return ''
  const message = writtenMessage(asked, written, config.env)
  return asksForLog(asked, message, exitCode) ? loggedMessage(asked, printed, config.env) : message
}

function healthOf(box: Box, { clock, seenFrom }: Knows): ContainerHealth {
  const known = box.name === '' || clock.ticks() >= seenFrom
  const ready = known && isReady(box, clock)
  const readyTick = box.startedTick + (programOf(box.config.image).readyAfterMs ?? 0)
  return {
    known: known || box.state !== 'running',
    started: ready,
    hookDone: box.state === 'running',
    ready,
    readySince: ready ? clock.wallAt(Math.max(readyTick, seenFrom)) : undefined,
    failing: known && isSick(box, clock),
    message: ready ? '' : 'readiness: connection refused',
  }
}

/** What is true of a container, known or not. */
export function isReady(box: Box, clock: FakeClock): boolean {
  const { readyAfterMs } = programOf(box.config.image)
  if (box.state !== 'running' || readyAfterMs === undefined) return false
  return clock.ticks() - box.startedTick >= readyAfterMs && !isSick(box, clock)
}

function isSick(box: Box, clock: FakeClock): boolean {
  const { sickAfterMs } = programOf(box.config.image)
  return box.state === 'running' && sickAfterMs !== undefined && clock.ticks() - box.startedTick >= sickAfterMs
}

export function ownerParts(namespace: string, owner: string) {
  const [kind = '', name = ''] = owner.split('/')
  return { namespace, kind, name }
}
