import { RuntimeError } from '../../src/runtime/errors.ts'
import type { ContainerConfig, ContainerState, LivePull } from '../../src/runtime/live.ts'
import type { Attempt, PodRef, SandboxSpec } from '../../src/runtime/port.ts'
import type { FakeClock } from './fake-clock.ts'
import { programOf } from './fake-programs.ts'
import { type FakeVolume, secretVolumes } from './fake-volumes.ts'

/** The installation under test. */
export const ours = 'ours'

/** One container as an engine keeps it: all of this survives a restart of Berth. */
export interface Box {
  readonly id: string
  readonly host: string
  readonly namespace: string
  readonly pod: string
  /** Empty for the sandbox. */
  readonly name: string
  /** Whose it is; empty: nobody's. */
  readonly installation: string
  /** Nobody's, with the labels of one of ours. */
  readonly copied: boolean
  readonly sandbox: SandboxSpec | undefined
  readonly mark: Pick<SandboxSpec, 'app' | 'owner' | 'template' | 'commit'>
  readonly attempt: Attempt
  readonly createdAt: number
  readonly createdTick: number
  readonly imageId: string
  config: ContainerConfig
  leaving: boolean
  leavingSince: number | undefined
  /** What is in the volumes of a sandbox that are filled: volume -> version. */
  readonly contents: Map<string, string>
  /** The same, volume -> text of its files. */
  readonly texts: Map<string, string>
  state: ContainerState
  exitCode: number
  error: string
  /** What it wrote as its termination message. */
  written: string
  /** What it printed. */
  printed: string
  startedAt: number
  finishedAt: number
  /** By time that no jump of the clock changes. */
  startedTick: number
  /** Counts starts and ends, so that a timer of an earlier run does nothing. */
  run: number
}

const newBox = {
  state: 'created',
  startedAt: 0,
  finishedAt: 0,
  startedTick: 0,
  exitCode: 0,
  error: '',
  written: '',
  printed: '',
  run: 0,
  leavingSince: undefined,
} as const

/** Told of what really happens, whoever can be reached. */
export interface Witness {
  readonly started: (box: Box) => void
  readonly ended: (box: Box) => void
  readonly removed: (box: Box) => void
}

/** One host's engine: what it keeps, and what happens in it by itself. */
export class FakeDocker {
  readonly name: string
  labels: Readonly<Record<string, string>> = {}
  readonly boxes = new Map<string, Box>()
  readonly images = new Map<string, string>()
  readonly networks = new Set<string>()
  /** Those that outlive pods, by Docker's name. */
  readonly volumes = new Map<string, FakeVolume>()
  /** Volumes that are being filled -> the attempt. */
  readonly filling = new Map<string, object>()
  /** Paths on the host that are not of the type that any pod expects. */
  readonly wrongPaths = new Set<string>()
  readonly pulls = new Map<string, LivePull>()
  readonly #clock: FakeClock
  readonly #watchers = new Set<(box: Box) => void>()
  readonly #volumeWatchers = new Set<(volume: FakeVolume) => void>()
  readonly #witnesses = new Set<Witness>()
  /** What was last seen of a host that does not answer now. */
  #frozen: { readonly boxes: readonly Box[]; readonly volumes: readonly FakeVolume[] } | undefined
  #hidden = false
  #ids = 0

  constructor(name: string, clock: FakeClock) {
    this.name = name
    this.#clock = clock
  }

  watch(changed: (box: Box) => void): void {
    this.#watchers.add(changed)
  }

  witness(witness: Witness): void {
    this.#witnesses.add(witness)
  }

  /** Nobody that runs has ever seen what is here: the host does not answer, and Berth was started since. */
  get hidden(): boolean {
    return this.#hidden
  }

  /** A new process knows nothing of a host that does not answer. */
  forget(): void {
    if (this.reachable) return
    this.#hidden = true
    this.#frozen = { boxes: [], volumes: [] }
  }

  get reachable(): boolean {
    return this.#frozen === undefined
  }

  set reachable(reachable: boolean) {
    if (reachable === this.reachable) return
    this.#hidden = false
    const boxes = [...this.boxes.values()].map((box) => ({ ...box, contents: new Map(box.contents) }))
    this.#frozen = reachable ? undefined : { boxes, volumes: [...this.volumes.values()] }
  }

  /** The containers as a client knows them. */
  seen(): Iterable<Box> {
    return this.#frozen?.boxes ?? this.boxes.values()
  }

  seenVolumes(): Iterable<FakeVolume> {
    return this.#frozen?.volumes ?? this.volumes.values()
  }

  watchVolumes(changed: (volume: FakeVolume) => void): void {
    this.#volumeWatchers.add(changed)
  }

  /** Undefined: removed. */
  setVolume(name: string, volume: FakeVolume | undefined): void {
    const before = this.volumes.get(name)
    if (volume) this.volumes.set(name, volume)
    else this.volumes.delete(name)
    for (const watcher of this.#volumeWatchers) for (const each of [volume ?? before]) if (each) watcher(each)
  }

  /** By reference and by id; what a container was made from stays, though its tag moved on. */
  allImages(): Map<string, string> {
    const all = new Map(this.images)
    for (const box of this.boxes.values()) all.set(box.imageId, box.imageId)
    for (const [name, id] of this.images) all.set(id, id).set(`docker.io/library/${name}`, id)
    return all
  }

  #changed(box: Box): void {
    for (const watcher of this.#watchers) watcher(box)
  }

  add(box: Omit<Box, keyof typeof newBox | 'id' | 'host' | 'createdAt' | 'createdTick' | 'contents' | 'texts'>): Box {
    this.#ids += 1
    const id = `${this.name}-${this.#ids}`
    const born = { createdAt: this.#clock.now(), createdTick: this.#clock.ticks() }
    const made: Box = { ...box, ...newBox, ...born, id, host: this.name, contents: new Map(), texts: new Map() }
    this.boxes.set(id, made)
    this.#changed(made)
    return made
  }

  /** The newest attempt of a pod's container; its sandbox for an empty name. */
  find(pod: PodRef, name: string, installation = ours): Box | undefined {
    return [...this.boxes.values()]
      .filter((box) => box.namespace === pod.namespace && box.pod === pod.name && box.name === name)
      .filter((box) => box.installation === installation)
      .sort((a, b) => b.attempt.restarts - a.attempt.restarts || b.createdAt - a.createdAt)[0]
  }

  start(box: Box): void {
    if (box.state === 'running' || box.state === 'paused') return
    const fault = this.#startFault(box)
    if (fault) {
      box.error = fault
      box.exitCode = 127
      this.#changed(box)
      throw new RuntimeError('START_FAILED', box.pod, fault)
    }
    const run = this.#enter(box, 'running')
    box.startedAt = this.#clock.now()
    box.startedTick = this.#clock.ticks()
    box.finishedAt = 0
    for (const volume of secretVolumes(box)) box.contents.delete(volume)
    const program = programOf(box.config.image, attemptOf(box))
    if (box.name !== '' && program.exitAfterMs !== undefined) {
      this.#clock.after(program.exitAfterMs, () => box.run === run && this.end(box, program.exitCode))
    }
    for (const witness of this.#witnesses) witness.started(box)
    this.#changed(box)
  }

  #startFault(box: Box): string {
    if (box.name === '') return this.networks.has(box.namespace) ? '' : `network ${box.namespace} not found`
    const pod = { host: this.name, namespace: box.namespace, name: box.pod }
    if (box.config.command?.[0] === '/no/such/file') return 'exec: "/no/such/file": no such file or directory'
    return this.find(pod, '', box.installation)?.state === 'running'
      ? ''
      : 'cannot join network of a non running container'
  }

  end(box: Box, exitCode: number): void {
    if (box.state !== 'running' && box.state !== 'paused') return
    this.#enter(box, 'exited')
    box.exitCode = exitCode
    box.finishedAt = this.#clock.now()
    for (const witness of this.#witnesses) witness.ended(box)
    this.#changed(box)
  }

  stop(box: Box, graceMs: number): void {
    const { run } = box
    const { stopMs } = programOf(box.config.image)
    const killed = stopMs > graceMs || box.state === 'paused'
    this.#clock.after(Math.min(stopMs, graceMs), () => box.run === run && this.end(box, killed ? 137 : 0))
  }

  pause(box: Box, paused: boolean): void {
    if (box.state !== (paused ? 'running' : 'paused')) return
    box.state = paused ? 'paused' : 'running'
    this.#changed(box)
  }

  remove(box: Box): void {
    this.boxes.delete(box.id)
    box.run += 1
    for (const witness of this.#witnesses) witness.removed(box)
    this.#changed(box)
  }

  change(box: Box): void {
    this.#changed(box)
  }

  /** `docker container prune`: what does not run vanishes. */
  prune(): void {
    for (const box of this.boxes.values()) if (box.state !== 'running' && box.state !== 'paused') this.remove(box)
  }

  /** The daemon ends, and with it every container; it comes back at once. */
  restart(): void {
    for (const box of this.boxes.values()) if (box.installation !== '') this.end(box, 137)
  }

  #enter(box: Box, state: ContainerState): number {
    box.state = state
    box.error = ''
    box.run += 1
    return box.run
  }
}

/** How often the program was tried before: a pod's name ends with its number, where it has one. */
function attemptOf({ pod, attempt }: Box): number {
  return attempt.restarts + Number(/-([0-9]+)$/.exec(pod)?.[1] ?? 0)
}
