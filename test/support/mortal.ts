// A process of Berth that can be killed like by SIGKILL: from then on nothing that it does has any effect.
import type { Clock } from '../../src/base/clock.ts'
import type { Journal } from '../../src/journal/journal.ts'
import type { Runtime } from '../../src/runtime/port.ts'

/** Calls of the runtime that only ask; all others change something. */
const questions: ReadonlySet<string | symbol> = new Set([
  ...[
    'start',
    'close',
    'refresh',
    'hostFacts',
    'podsOf',
    'pods',
    'volumesOf',
    'volumes',
    'conflicts',
    'watch',
    'watchUses',
  ],
  ...['networkRests', 'expectNetwork', 'setNetwork', 'usage', 'logTail', 'registryDigest', 'hosts'],
])
const writes: ReadonlySet<string | symbol> = new Set([
  ...['begin', 'change', 'finish', 'reverted', 'rolledBack', 'setApplied', 'setHealthy', 'setFailed', 'dropFailed'],
  ...['setPreviews', 'forget', 'opening', 'opened'],
])

export class Mortal {
  #dead = false
  /** Calls that change something, until the answer of the last one never comes. */
  killIn: number | undefined

  get isDead(): boolean {
    return this.#dead
  }

  kill(): void {
    this.#dead = true
  }

  runtime(real: Runtime): Runtime {
    return new Proxy(real, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name)
        if (typeof member !== 'function') return member
        if (name === 'watch' || name === 'watchUses')
          return (told: (news: never) => void) => this.#watch(target, name, told)
        if (questions.has(name)) return member.bind(target)
        return (...args: unknown[]) => this.#change(() => member.apply(target, args))
      },
    })
  }

  clock(real: Clock): Clock {
    const after: Clock['after'] = (ms, run) => (this.#dead ? () => {} : real.after(ms, () => this.#dead || run()))
    return { now: () => real.now(), after }
  }

  journal(real: Journal): Journal {
    return new Proxy(real, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name)
        if (typeof member !== 'function') return member
        // Its file outlives it.
        return name === 'close' || (this.#dead && writes.has(name)) ? () => 0 : member.bind(target)
      },
    })
  }

  #watch(target: Runtime, name: 'watch' | 'watchUses', told: (news: never) => void): () => void {
    return target[name]((news: unknown) => {
      if (!this.#dead) told(news as never)
    })
  }

  #change(call: () => unknown): unknown {
    if (this.#dead) return new Promise(() => {})
    if (this.killIn === undefined) return call()
    this.killIn -= 1
    if (this.killIn > 0) return call()
    const done = call()
    this.kill()
    return done instanceof Promise ? done.then(never, never) : done
  }
}

/** Nobody is there any more to hear it. */
function never(): Promise<never> {
  return new Promise(() => {})
}
