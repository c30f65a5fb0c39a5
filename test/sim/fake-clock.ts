import type { Clock } from '../../src/base/clock.ts'

/** Time that only moves when told; timers run in the order of their times, then of their setting. */
export class FakeClock implements Clock {
  /** ms that have really passed: what timers count, and what no jump of the clock changes. */
  #ticks = 0
  /** The clock on the wall minus the ticks, from which tick on. */
  #offsets: { readonly from: number; readonly offset: number }[]
  #timers: { readonly at: number; readonly run: () => void }[] = []

  constructor(start = 1_000_000_000) {
    this.#offsets = [{ from: 0, offset: start }]
  }

  now(): number {
    return this.wallAt(this.#ticks)
  }

  ticks(): number {
    return this.#ticks
  }

  /** What the clock on the wall showed, or will show, at a tick. */
  wallAt(ticks: number): number {
    const { offset } = this.#offsets.findLast(({ from }) => from <= ticks) ?? { offset: 0 }
    return ticks + offset
  }

  /** Sets the clock on the wall forward, or back. */
  jump(ms: number): void {
    this.#offsets.push({ from: this.#ticks, offset: this.now() - this.#ticks + ms })
  }

  wasSetBackSince(ticks: number): boolean {
    return this.#offsets.some(
      ({ from, offset }, index) => from >= ticks && offset < (this.#offsets[index - 1]?.offset ?? offset),
    )
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { at: this.#ticks + Math.max(0, delayMs), run }
    const index = this.#timers.findIndex((other) => other.at > timer.at)
    this.#timers.splice(index < 0 ? this.#timers.length : index, 0, timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** When the next timer is due; undefined when there is none. */
  next(): number | undefined {
    const [timer] = this.#timers
    return timer && this.now() + timer.at - this.#ticks
  }

  advance(ms: number): void {
    const end = this.#ticks + ms
    for (let timer = this.#timers[0]; timer && timer.at <= end; timer = this.#timers[0]) {
      this.#timers.shift()
      this.#ticks = Math.max(this.#ticks, timer.at)
      timer.run()
    }
    this.#ticks = end
  }
}
