import type { Log } from '../../base/log.ts'
import { RuntimeError } from '../errors.ts'
import { stopTimes } from '../termination.ts'
import type { Hooks } from './hooks.ts'
import type { Host } from './host.ts'
import type { ContainerRecord } from './observe.ts'

/** A stop that was asked for and has not ended. */
export interface Stop {
  readonly beganAt: number
  graceMs: number
  /** While the preStop hook runs: ends the wait for it. */
  hook: AbortController | undefined
  /** How long the hook ran; undefined: there was none. */
  hookMs: number | undefined
  /** The last call to the engine: when it ends, so does the stop. */
  call: number
}

type StopHooks = Pick<Hooks, 'closed' | 'hasPreStop' | 'preStop'>

// A caller that reckons with what is left of a grace period is not in more of a hurry each time.
const sameMs = 1000

/** What stops need of their host. */
export interface StopHost extends Pick<Host, 'name' | 'clock' | 'stopping'> {
  readonly api: Pick<Host['api'], 'stop'>
  readonly containers: Pick<Host['containers'], 'refresh'>
}

/** Stops of one host's containers: preStop hook, SIGTERM, SIGKILL. */
export class Stops {
  readonly #host: StopHost
  readonly #hooks: StopHooks
  readonly #log: Log
  readonly #now: () => number
  /** A stop began or ended. */
  readonly #touched: (record: ContainerRecord) => void

  constructor(host: StopHost, hooks: StopHooks, log: Log, touched: (record: ContainerRecord) => void) {
    this.#host = host
    this.#hooks = hooks
    this.#log = log
    this.#now = () => host.clock.now()
    this.#touched = touched
  }

  /** Begins a stop and returns. Another one of the same container only makes sense if it is to be quicker. */
  stop(record: ContainerRecord, graceMs: number): void {
    const { stopping } = this.#host
    const known = stopping.get(record.id)
    if (known !== undefined) {
      this.#hurry(record, known, graceMs)
      return
    }
    const stop: Stop = { beganAt: this.#now(), graceMs, hook: undefined, hookMs: undefined, call: 0 }
    stopping.set(record.id, stop)
    this.#touched(record)
    void this.#run(record, stop)
  }

  #hurry(record: ContainerRecord, stop: Stop, graceMs: number): void {
    const elapsedMs = this.#now() - stop.beganAt
    const atOnce = graceMs <= 0 && stop.graceMs > 0
    if (!atOnce && elapsedMs + graceMs > stop.graceMs - sameMs) return
    stop.graceMs = graceMs <= 0 ? 0 : elapsedMs + graceMs
    if (stop.hook === undefined) void this.#signal(record, stop)
    else if (atOnce) stop.hook.abort()
    else this.#limit(stop, stop.hook)
  }

  async #run(record: ContainerRecord, stop: Stop): Promise<void> {
    if (stop.graceMs > 0 && this.#hooks.hasPreStop(record)) {
      stop.hook = new AbortController()
      this.#limit(stop, stop.hook)
      const failure = await this.#hooks.preStop(record, stop.hook.signal)
      // Whoever comes next begins the stop again.
      if (this.#hooks.closed) return
      if (failure !== undefined) this.#warn('preStop hook failed', record, failure)
      stop.hook.abort()
      stop.hook = undefined
      stop.hookMs = this.#now() - stop.beganAt
    }
    await this.#signal(record, stop)
  }

  /** The hook may use up the grace period, and no more. */
  #limit(stop: Stop, hook: AbortController): void {
    const cancel = this.#host.clock.after(stop.beganAt + stop.graceMs - this.#now(), () => hook.abort())
    hook.signal.addEventListener('abort', cancel)
  }

  async #signal(record: ContainerRecord, stop: Stop): Promise<void> {
    const { id } = record
    const call = stop.call + 1
    stop.call = call
    const { killMs } = stopTimes(stop.graceMs, stop.hookMs)
    const leftMs = Math.max(0, stop.beganAt + killMs - this.#now())
    try {
      // The engine counts in seconds.
      await this.#host.api.stop(id, stop.graceMs <= 0 ? 0 : Math.ceil(leftMs / 1000))
      await this.#host.containers.refresh(id)
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error
      this.#warn('stop failed', record, error.message)
    }
    if (stop.call !== call || this.#host.stopping.get(id) !== stop) return
    this.#host.stopping.delete(id)
    this.#touched(record)
  }

  #warn(what: string, record: ContainerRecord, error: string): void {
    this.#log.warn(what, { host: this.#host.name, container: record.name, error })
  }
}
