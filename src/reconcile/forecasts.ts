import { type Key, keyParts } from '../base/key.ts'
import type { Desired } from './plan/desired.ts'
import type { Forecast } from './plan/forecast.ts'

/** What is not told by name (what others take of a quota, the time) may have changed after a while. */
const keptMs = 60_000
/** For these, time alone is a reason to do more. */
const timed: ReadonlySet<string> = new Set(['Job', 'CronJob'])

interface Kept {
  readonly desired: Desired
  readonly until: number
  readonly forecast: Forecast
}

/** Forecasts of objects of which nothing is to be done, while neither what is wanted nor what runs of them changes. */
export class Forecasts {
  readonly #kept = new Map<Key, Kept>()

  of(key: Key, desired: Desired | undefined, now: number, make: () => Forecast | undefined): Forecast | undefined {
    const kept = this.#kept.get(key)
    if (kept !== undefined && kept.desired === desired && now < kept.until) return kept.forecast
    const forecast = make()
    if (desired !== undefined && forecast !== undefined && isAtRest(forecast)) {
      this.#kept.set(key, { desired, until: now + keptMs, forecast })
    } else this.#kept.delete(key)
    return forecast
  }

  /** Keys as the runtime tells them. */
  factsChanged(keys: readonly Key[]): void {
    // Whose pods and volumes a host has is not told one by one when it comes or goes.
    if (keys.some((key) => ['Host', 'PersistentVolumeClaim'].includes(keyParts(key).kind))) this.#kept.clear()
    for (const key of keys) this.#kept.delete(key)
  }
}

function isAtRest({ tasks, status, complete }: Forecast): boolean {
  const isWell = status.sync === 'Synced' && status.health === 'Healthy'
  return complete && tasks.length === 0 && isWell && !timed.has(status.kind)
}
