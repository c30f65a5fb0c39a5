import PQueue from 'p-queue'
import type { Runtime } from '../runtime/port.ts'
import type { Calm } from './calm.ts'
import { applyAction } from './execute.ts'
import { overlapped } from './overlap.ts'
import type { Action, Task } from './plan/action.ts'

/** How one task ended. `skipped`: not begun, because another task of the same look had failed, or nobody wants it any more. */
export interface TaskOutcome {
  readonly task: Task
  readonly result: 'done' | 'failed' | 'skipped'
  readonly error?: unknown
}

interface Lane {
  readonly queue: PQueue
  /** Whoever yields stands here first: never more than half of the lane is theirs. */
  readonly yielding: PQueue
}

/** One queue per host: four exchanges at a time is about the best an engine on two cores does; more adds only latency. */
export class Lanes {
  readonly #runtime: Runtime
  readonly #calm: Pick<Calm, 'begin' | 'wait'> | undefined
  readonly #width: number
  readonly #lanes = new Map<string, Lane>()

  /** `calm`: whoever yields waits for it, too; absent: only for what stands in the queue. */
  constructor(runtime: Runtime, calm?: Pick<Calm, 'begin' | 'wait'>, width = 4) {
    this.#runtime = runtime
    this.#calm = calm
    this.#width = width
  }

  /**
   * Runs the tasks of one look side by side. After a failure, those not yet begun are skipped: a refused create is not repeated fifty times.
   * `yields`: they begin only while no others wait for the host. Those that have not begun when `over` is aborted are skipped, too.
   */
  async run(tasks: readonly Task[], yields = false, over?: AbortSignal): Promise<TaskOutcome[]> {
    let failed = false
    const one = async (task: Task): Promise<TaskOutcome> => {
      if (failed) return { task, result: 'skipped' }
      try {
        for (const group of overlapped(task.actions)) await this.#together(group, yields)
        return { task, result: 'done' }
      } catch (error) {
        failed = true
        return { task, result: 'failed', error }
      }
    }
    return Promise.all(
      tasks.map((task) => {
        if (yields) return this.#yielded(task, one, over)
        const end = this.#calm?.begin(task.host)
        return this.#lane(task.host)
          .queue.add(() => one(task))
          .finally(end)
      }),
    )
  }

  /** What is over does not wait for its turn: whoever takes it back waits for that. */
  #yielded(task: Task, one: (task: Task) => Promise<TaskOutcome>, over?: AbortSignal): Promise<TaskOutcome> {
    const { queue, yielding } = this.#lane(task.host)
    const skipped: TaskOutcome = { task, result: 'skipped' }
    return new Promise((ended, failed) => {
      const leave = () => ended(skipped)
      over?.addEventListener('abort', leave)
      const begin = async () => {
        over?.removeEventListener('abort', leave)
        ended(over?.aborted ? skipped : await one(task))
      }
      const wait = async () => {
        const begins = over?.aborted !== true && (await this.#calm?.wait(task.host, over)) !== false
        if (begins) await queue.add(begin, { priority: -1 })
        else leave()
      }
      yielding.add(wait).catch(failed)
    })
  }

  /** All have ended when this does, also after a failure: what was begun must not go on behind the next look. */
  async #together(group: readonly Action[], yields: boolean): Promise<void> {
    const ends = await Promise.allSettled(group.map((action) => applyAction(this.#runtime, action, yields)))
    for (const end of ends) if (end.status === 'rejected') throw end.reason
  }

  /** Ends when nothing is queued or running. */
  async idle(): Promise<void> {
    for (const { queue, yielding } of this.#lanes.values()) {
      await yielding.onIdle()
      await queue.onIdle()
    }
  }

  #lane(host: string): Lane {
    let lane = this.#lanes.get(host)
    if (!lane) {
      const half = Math.max(1, this.#width >> 1)
      lane = { queue: new PQueue({ concurrency: this.#width }), yielding: new PQueue({ concurrency: half }) }
      this.#lanes.set(host, lane)
    }
    return lane
  }
}
