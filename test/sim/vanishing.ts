import type { Action } from '../../src/reconcile/plan/action.ts'
import type { Desired, DesiredCronJob } from '../../src/reconcile/plan/desired.ts'
import type { Box } from './fake-docker.ts'
import type { Truth } from './truth.ts'

/** Watches that no run of a CronJob is forgotten: the last pod of one goes when its end is written down, or the run was given up. */
export class Vanishing {
  readonly #truth: Truth
  readonly #runOf: (box: Box) => string | undefined
  /** Runs that were given up, or of which something was taken away by hand or is where nobody can look. */
  readonly #excused = new Set<string>()
  /** CronJobs that gave up runs as they were wanted before. */
  readonly #lenient = new Set<string>()

  constructor(truth: Truth, runOf: (box: Box) => string | undefined) {
    this.#truth = truth
    this.#runOf = runOf
  }

  wanted(owner: string, desired: DesiredCronJob): void {
    if (this.#lenient.has(owner) || givesUp(desired)) this.excuse((box) => box.mark.owner === owner)
    if (givesUp(desired)) this.#lenient.add(owner)
    else this.#lenient.delete(owner)
  }

  excuse(which: (box: Box) => boolean): void {
    for (const box of this.#truth.boxes().filter(which)) this.#excused.add(this.#runOf(box) ?? '')
  }

  excuseRun(run: string): void {
    this.#excused.add(run)
  }

  /** Before an action. Answers the broken rule. */
  check(action: Action, desired: Desired | undefined, isRecorded: (run: string) => boolean): string | undefined {
    if (action.kind !== 'remove' || desired?.kind !== 'CronJob' || givesUp(desired)) return undefined
    const box = this.#truth.engines.get(action.pod.host)?.boxes.get(action.id)
    const run = box && this.#runOf(box)
    if (!box?.sandbox || run === undefined || this.#excused.has(run) || isRecorded(run)) return undefined
    const others = this.#truth.boxesOf(box.mark.owner).filter((one) => one.id !== box.id && this.#runOf(one) === run)
    return others.length === 0 ? `${run} is forgotten with its last pod ${box.pod}` : undefined
  }
}

/** Runs of it may go without an end. */
function givesUp({ object: { spec } }: DesiredCronJob): boolean {
  return spec.concurrencyPolicy === 'Replace' || spec.jobTemplate.spec.parallelism === 0
}
