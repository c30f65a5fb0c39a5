import type { Clock } from '../../base/clock.ts'
import type { Lifecycle, LifecycleHandler } from '../../manifests/types.ts'
import { type HookTools, runHook } from './hook.ts'
import type { ContainerRecord } from './observe.ts'
import { probedContainer } from './probed.ts'
import { isOfPreview, Turns } from './turns.ts'

const commandsBegunAtATime = 4
/** More than this many wait for others to end; each container has one at a time. */
const hooksAtATime = 64

/** The postStart hook of a container that this process started. */
interface PostStart {
  state: 'expected' | 'running' | 'done' | 'failed'
  /** Of the container when the start was asked for: another time means that it ran. */
  readonly startedAt: number
  readonly ended: AbortController
  message: string
  doneAt: number | undefined
}

/** The lifecycle hooks of one host's containers. */
export class Hooks {
  readonly #toolsOf: (ofPreview: boolean) => HookTools
  readonly #clock: Clock
  readonly #record: (id: string) => ContainerRecord | undefined
  readonly #changed: (record: ContainerRecord) => void
  readonly #postStarts = new Map<string, PostStart>()
  readonly #preStops = new Map<string, AbortController>()
  readonly #queue = new Turns(hooksAtATime)
  #closed = false

  /** `record` finds what is known of a container now; `changed` is called when its postStart hook has ended. */
  constructor(
    api: HookTools['api'],
    clock: Clock,
    record: (id: string) => ContainerRecord | undefined,
    changed: (record: ContainerRecord) => void,
  ) {
    const begins = new Turns(commandsBegunAtATime)
    this.#clock = clock
    this.#toolsOf = (ofPreview) => ({ api, clock, inTurn: (begin) => begins.add(ofPreview, begin) })
    this.#record = record
    this.#changed = changed
  }

  /** The container is about to be started: its postStart hook is run as soon as it is seen running. */
  expect(record: ContainerRecord): void {
    if (alive(record) || !this.#hooksOf(record)?.postStart) return
    const { startedAt } = record.facts
    this.#postStarts.set(record.id, {
      state: 'expected',
      startedAt,
      ended: new AbortController(),
      message: '',
      doneAt: undefined,
    })
  }

  /** It did not start. */
  unexpect(id: string): void {
    if (this.#postStarts.get(id)?.state === 'expected') this.#postStarts.delete(id)
  }

  /** A container was looked at; undefined: it is gone. */
  follow(id: string, after: ContainerRecord | undefined): void {
    const known = this.#postStarts.get(id)
    if (after !== undefined && alive(after)) {
      if (known?.state === 'expected') void this.#runPostStart(after, known)
      return
    }
    this.#preStops.get(id)?.abort()
    if (!known || (known.state === 'expected' && after?.facts.startedAt === known.startedAt)) return
    known.ended.abort()
    this.#postStarts.delete(id)
  }

  /** Not over yet, succeeded (or none that this process knows of), or why it failed. */
  postStart(id: string): 'running' | 'done' | { readonly failure: string } {
    const known = this.#postStarts.get(id)
    if (!known || known.state === 'done') return 'done'
    return known.state === 'failed' ? { failure: known.message } : 'running'
  }

  /** When this process saw its postStart hook succeed, ms: until then it was not ready. */
  doneAt(id: string): number | undefined {
    return this.#postStarts.get(id)?.doneAt
  }

  hasPreStop(record: ContainerRecord): boolean {
    return record.facts.state === 'running' && this.#hooksOf(record)?.preStop !== undefined
  }

  /** Runs the preStop hook until it ends, its container does, or `signal` is aborted; answers why it failed. */
  async preStop(record: ContainerRecord, signal: AbortSignal): Promise<string | undefined> {
    const hook = this.#hooksOf(record)?.preStop
    if (!hook) return undefined
    const ended = new AbortController()
    this.#preStops.set(record.id, ended)
    const failure = await this.#run(record, hook, AbortSignal.any([ended.signal, signal]))
    this.#preStops.delete(record.id)
    return ended.signal.aborted ? undefined : failure
  }

  get closed(): boolean {
    return this.#closed
  }

  close(): void {
    this.#closed = true
    for (const { ended } of this.#postStarts.values()) ended.abort()
    for (const ended of this.#preStops.values()) ended.abort()
    this.#queue.clear()
  }

  async #runPostStart(record: ContainerRecord, known: PostStart): Promise<void> {
    const hook = this.#hooksOf(record)?.postStart
    if (!hook) return
    known.state = 'running'
    const failure = await this.#run(record, hook, known.ended.signal)
    if (known.ended.signal.aborted) return
    known.state = failure === undefined ? 'done' : 'failed'
    if (failure === undefined) known.doneAt = this.#clock.now()
    known.message = `postStart hook failed: ${failure}`
    this.#changed(this.#record(record.id) ?? record)
  }

  /** Resolves at the latest when `signal` is aborted. */
  async #run(record: ContainerRecord, hook: LifecycleHandler, signal: AbortSignal): Promise<string | undefined> {
    const aborted = new Promise<string>((resolve) => {
      const end = () => resolve('not done in time')
      if (signal.aborted) end()
      else signal.addEventListener('abort', end)
    })
    const ofPreview = isOfPreview(record.mark.app)
    const hooked = this.#queue.add(ofPreview, async () => {
      if (signal.aborted) return 'not begun in time'
      const address = this.#record(record.sandboxId)?.sandbox?.address
      if (address === undefined && (hook.httpGet ?? hook.tcpSocket)) return 'the pod has no address'
      const target = { containerId: record.id, address: address ?? '', ports: this.#specOf(record)?.ports ?? [] }
      return runHook(hook, target, this.#toolsOf(ofPreview), signal)
    })
    return Promise.race([hooked, aborted])
  }

  #specOf(record: ContainerRecord) {
    return probedContainer(this.#record(record.sandboxId)?.sandbox?.spec, record.mark.container)
  }

  #hooksOf(record: ContainerRecord): Lifecycle | undefined {
    return this.#specOf(record)?.lifecycle
  }
}

function alive(record: ContainerRecord): boolean {
  return record.facts.state === 'running' || record.facts.state === 'paused'
}
