import type { ContainerCreateOptions, ContainerInspectInfo } from 'dockerode'
import { type Key, keyOf } from '../../src/base/key.ts'
import { type ContainerRecord, observe } from '../../src/runtime/docker/observe.ts'
import { containerOptions, sandboxOptions } from '../../src/runtime/docker/options.ts'
import { PodIndex } from '../../src/runtime/docker/pod-index.ts'
import {
  configMark,
  containerName,
  leavingName,
  podMark,
  sandboxName,
  volumeName,
  writeContainerLabels,
  writeSandboxLabels,
} from '../../src/runtime/labels.ts'
import type { ContainerConfig, ContainerHealth, LiveHost, LivePod, LiveVolume } from '../../src/runtime/live.ts'
import type {
  Attempt,
  ContainerUsage,
  PodRef,
  Runtime,
  SandboxSpec,
  VolumeSetup,
  VolumeSpec,
} from '../../src/runtime/port.ts'

const engine = 'bench'
const capacity = { cpuMillis: 1_000_000, memoryBytes: 2 ** 42, lowersOomScore: true }
const firstAttempt: Attempt = { restarts: 0, backoffMs: 0, last: undefined }

/**
 * One host without an engine: what a container is made with comes back through the real reading of the engine's answers, and is kept in
 * the real index of pods, so that times and memory are those of the product. Containers are ready as soon as they run.
 */
export class SimRuntime implements Runtime {
  readonly hosts = ['sim']
  /** Calls that would have gone to an engine. */
  calls = 0
  /** Called when a pod's sandbox is asked for. */
  onCreate: (pod: PodRef) => void = () => {}
  readonly #images: ReadonlyMap<string, string>
  readonly #records = new Map<string, ContainerRecord>()
  readonly #index = new PodIndex({
    health: (_host, record) => healthOf(record),
    stopping: () => false,
    traffic: () => 'none',
    contents: (_host, sandbox) => this.#contents.get(sandbox.id) ?? new Map(),
  })
  readonly #contents = new Map<string, ReadonlyMap<string, string>>()
  readonly #volumes = new Map<string, LiveVolume>()
  readonly #watchers = new Set<(keys: readonly Key[]) => void>()
  readonly #networks = new Set<string>()
  #made = 0
  #facts: LiveHost | undefined

  constructor(image: string) {
    this.#images = new Map([[image, 'sha256:0123']])
  }

  async start(): Promise<void> {}
  async close(): Promise<void> {}
  async refresh(): Promise<void> {}
  expectNetwork(): void {}
  setNetwork(): void {}
  readonly watchUses = () => () => {}

  networkRests(): boolean {
    return true
  }

  hostFacts(): readonly LiveHost[] {
    this.#facts ??= {
      name: 'sim',
      reachable: true,
      message: '',
      ...capacity,
      images: this.#images,
      pulls: new Map(),
      networks: new Set(this.#networks),
      labels: {},
      taints: [],
      address: '',
      network: { mode: 'names', message: '', problems: [], allocations: new Map() },
    }
    return [this.#facts]
  }

  podsOf(owner: Key): readonly LivePod[] {
    return this.#index.podsOf(owner)
  }

  pods(): readonly LivePod[] {
    return this.#index.all()
  }

  volumesOf(subject: Key): readonly LiveVolume[] {
    return this.volumes().filter((volume) => subjectKey(volume) === subject)
  }

  volumes(): readonly LiveVolume[] {
    return [...this.#volumes.values()]
  }

  async createVolume(host: string, volume: VolumeSpec): Promise<void> {
    this.calls += 1
    const name = volumeName(engine, volume)
    const live = { ...volume, host, name, createdAt: Date.now() }
    this.#volumes.set(name, live)
    this.#tell([subjectKey(live)])
  }

  /** Nothing is seeded here. */
  async fillVolume(): Promise<void> {}

  async removeVolume(_host: string, name: string): Promise<void> {
    this.calls += 1
    const live = this.#volumes.get(name)
    this.#volumes.delete(name)
    if (live) this.#tell([subjectKey(live)])
  }

  async setUpVolumes(pod: PodRef, volumes: readonly VolumeSetup[]): Promise<void> {
    this.calls += 1
    const sandbox = this.#find(pod, '')
    const written = volumes.flatMap(({ volume, contents }): [string, string][] =>
      contents ? [[volume, contents.version]] : [],
    )
    this.#contents.set(sandbox.id, new Map([...(this.#contents.get(sandbox.id) ?? []), ...written]))
    this.#tell([this.#index.touch('sim', sandbox)])
  }

  async usage(): Promise<ContainerUsage[]> {
    return []
  }

  conflicts(): readonly string[] {
    return []
  }

  watch(changed: (keys: readonly Key[]) => void): () => void {
    this.#watchers.add(changed)
    return () => this.#watchers.delete(changed)
  }

  async ensureNetwork(_host: string, namespace: string): Promise<void> {
    this.calls += 1
    this.#networks.add(namespace)
    this.#facts = undefined
    this.#tell([keyOf({ namespace: '', kind: 'Namespace', name: namespace })])
  }

  async removeNetwork(_host: string, namespace: string): Promise<void> {
    this.calls += 1
    this.#networks.delete(namespace)
    this.#facts = undefined
  }

  pull(): void {
    this.calls += 1
  }

  pullSoon(): void {}

  async registryDigest(): Promise<undefined> {}

  async createSandbox(pod: PodRef, sandbox: SandboxSpec): Promise<void> {
    this.onCreate(pod)
    const labels = writeSandboxLabels(podMark(engine, pod, sandbox), sandbox)
    this.#make(
      sandboxOptions(sandboxName(engine, pod), 'pause', `${engine}_${pod.namespace}`, pod.namespace, sandbox, labels),
    )
  }

  async createContainer(pod: PodRef, config: ContainerConfig, attempt: Attempt = firstAttempt): Promise<void> {
    const sandbox = this.#find(pod, '')
    const address = sandbox.sandbox?.address
    const mark = { ...sandbox.mark, container: config.name }
    const labels = writeContainerLabels(mark, attempt, configMark(config, address))
    const joined = { sandboxId: sandbox.id, address, spec: sandbox.sandbox?.spec }
    const name = containerName(engine, pod, config.name, attempt.restarts)
    this.#make(containerOptions(name, config, joined, labels, capacity))
  }

  async recreateContainer(pod: PodRef, id: string, attempt: Attempt): Promise<void> {
    const record = this.#records.get(id)
    if (record) await this.createContainer(pod, record.facts.config, attempt)
  }

  async startContainer(pod: PodRef, container: string): Promise<void> {
    const record = this.#find(pod, container)
    const facts = { ...record.facts, state: 'running', startedAt: Date.now() } as const
    const sandbox = record.sandbox && { ...record.sandbox, address: '10.244.0.2' }
    this.#set(record, { ...record, facts, sandbox })
  }

  async updateContainer(): Promise<void> {
    this.calls += 1
  }

  async unpauseContainer(): Promise<void> {
    this.calls += 1
  }

  async markLeaving(pod: PodRef): Promise<void> {
    const record = this.#find(pod, '')
    this.#set(record, { ...record, name: leavingName(record.name, Date.now()), leaving: true })
  }

  stopContainer(_pod: PodRef, id: string): void {
    const record = this.#records.get(id)
    if (!record) return
    const facts = { ...record.facts, state: 'exited', finishedAt: Date.now() } as const
    setImmediate(() => this.#set(record, { ...record, facts }))
  }

  async removeContainer(_pod: PodRef, id: string): Promise<void> {
    const record = this.#records.get(id)
    if (record) this.#set(record, undefined)
  }

  async logTail(): Promise<string[]> {
    return []
  }

  #make(options: ContainerCreateOptions): void {
    this.#made += 1
    const id = this.#made.toString(16).padStart(64, '0')
    const network = options.HostConfig?.NetworkMode ?? ''
    // As text and back: nothing is shared with what was asked for.
    const answer: ContainerInspectInfo = JSON.parse(
      JSON.stringify({
        Id: id,
        Name: `/${options.name}`,
        Image: this.#images.get(options.Image ?? '') ?? 'sha256:pause',
        Created: new Date().toISOString(),
        Config: options,
        HostConfig: options.HostConfig,
        State: { Status: 'created', ExitCode: 0, Error: '', OOMKilled: false, StartedAt: '', FinishedAt: '' },
        NetworkSettings: { Networks: { [network]: { IPAddress: '' } } },
      }),
    )
    const seen = observe(engine, capacity, answer, undefined)
    if (seen.kind !== 'ours') throw new Error(`container ${options.name} was read as ${seen.kind}`)
    this.#set(undefined, seen.record)
  }

  #find(pod: PodRef, container: string): ContainerRecord {
    const found = this.#index.records(pod).find((record) => record.mark.container === container)
    if (!found) throw new Error(`pod ${pod.name} has no container "${container}"`)
    return found
  }

  #set(before: ContainerRecord | undefined, after: ContainerRecord | undefined): void {
    this.calls += 1
    if (after) this.#records.set(after.id, after)
    else if (before) {
      this.#records.delete(before.id)
      this.#contents.delete(before.id)
    }
    this.#tell(this.#index.change('sim', before, after))
  }

  #tell(keys: readonly Key[]): void {
    for (const watcher of this.#watchers) watcher(keys)
  }
}

function subjectKey({ namespace, subject }: LiveVolume): Key {
  const [kind = '', name = ''] = subject.split('/')
  return keyOf({ namespace, kind, name })
}

function healthOf(record: ContainerRecord): ContainerHealth {
  const runs = record.facts.state === 'running'
  const readySince = runs ? record.facts.startedAt : undefined
  return { known: true, started: runs, hookDone: runs, ready: runs, readySince, failing: false, message: '' }
}
