import type { PodRef } from '../../src/runtime/port.ts'
import type { FakeClock } from './fake-clock.ts'
import { type Box, type FakeDocker, ours } from './fake-docker.ts'
import type { FakeNetwork } from './fake-network.ts'
import { isReady } from './fake-pods.ts'
import { programOf } from './fake-programs.ts'
import type { FakeRuntime } from './fake-runtime.ts'
import type { FakeVolume } from './fake-volumes.ts'

/** What is there, as against what Berth knows of it. */
export class Truth {
  readonly engines: ReadonlyMap<string, FakeDocker>
  readonly clock: FakeClock
  readonly network: FakeNetwork | undefined
  /** Sandboxes whose work has ended for good. */
  readonly #ended = new Set<string>()

  constructor(runtime: FakeRuntime, clock: FakeClock) {
    this.engines = runtime.engines
    this.network = runtime.network
    this.clock = clock
  }

  /** All containers of ours. */
  boxes(): Box[] {
    return [...this.engines.values()].flatMap((engine) =>
      [...engine.boxes.values()].filter((box) => box.installation === ours),
    )
  }

  /** All that is left of an owner. */
  boxesOf(owner: string): Box[] {
    return this.boxes().filter((box) => box.mark.owner === owner)
  }

  /** Non-leaving pods of an owner, by their sandboxes; without those that nobody can know of. */
  sandboxes(owner: string): Box[] {
    return this.boxesOf(owner).filter((box) => box.name === '' && !box.leaving && !this.isHidden(box.host))
  }

  isHidden(host: string): boolean {
    return this.engines.get(host)?.hidden ?? false
  }

  anyHidden(): boolean {
    return [...this.engines.values()].some(({ hidden }) => hidden)
  }

  sandboxOf(box: Box): Box | undefined {
    return this.containerOf(box, '')
  }

  containerOf(box: Box, name: string): Box | undefined {
    return this.engines.get(box.host)?.find({ host: box.host, namespace: box.namespace, name: box.pod }, name)
  }

  podAt(pod: PodRef): Box | undefined {
    return this.engines.get(pod.host)?.find(pod, '')
  }

  /** It is ready for long enough, and in traffic if a Service selects it. */
  isAvailable(sandbox: Box, minReadyMs: number): boolean {
    return this.isReady(sandbox, minReadyMs) && !this.isJoining(sandbox)
  }

  isJoining({ id }: Box): boolean {
    return (this.network?.isSelected(id) ?? false) && !this.network?.isServing(id)
  }

  /** Its sandbox and all its containers run, joined, and were ready for long enough, by the clock or in truth. */
  isReady(sandbox: Box, minReadyMs: number): boolean {
    if (sandbox.state !== 'running' || sandbox.leaving) return false
    return lasting(sandbox).every((name) => {
      const box = this.containerOf(sandbox, name)
      if (!box || !isReady(box, this.clock) || box.startedTick < sandbox.startedTick) return false
      const readyTick = box.startedTick + (programOf(box.config.image).readyAfterMs ?? 0)
      const readyMs = Math.max(this.clock.ticks() - readyTick, this.clock.now() - this.clock.wallAt(readyTick))
      return readyMs >= minReadyMs
    })
  }

  /** The clock says so although it need not be so: it was set back in between. */
  seemsCutOff(sandbox: Box): boolean {
    return lasting(sandbox).some((name) => (this.containerOf(sandbox, name)?.startedAt ?? 0) < sandbox.startedAt)
  }

  /** Its work is done, or will never be, whatever is left of it. */
  hasEnded({ id }: Box): boolean {
    return this.#ended.has(id)
  }

  /** A process has ended. */
  ended(box: Box): void {
    const sandbox = this.sandboxOf(box)
    const policy = sandbox?.sandbox?.spec.restartPolicy
    if (!sandbox || policy === 'Always') return
    const ends = box.exitCode === 0 ? box.name === 'app' : policy === 'Never' && box.name !== 'sidecar'
    if (ends) this.#ended.add(sandbox.id)
  }

  volumes(): FakeVolume[] {
    return [...this.engines.values()].flatMap((engine) => [...engine.volumes.values()])
  }

  /** Volumes of an object on all hosts: a claim's data, or records. */
  volumesOf(subject: string): FakeVolume[] {
    return this.volumes().filter(({ live }) => live.subject === subject)
  }
}

/** Names of the containers that readiness depends on. */
function lasting({ sandbox }: Box): string[] {
  const sidecars = (sandbox?.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
  return [...(sandbox?.spec.containers ?? []), ...sidecars].map(({ name }) => name)
}
