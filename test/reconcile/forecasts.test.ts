import { expect, test } from 'vitest'
import { keyOf } from '../../src/base/key.ts'
import { Forecasts } from '../../src/reconcile/forecasts.ts'
import type { Desired } from '../../src/reconcile/plan/desired.ts'
import type { Forecast } from '../../src/reconcile/plan/forecast.ts'

const web = keyOf({ namespace: 'shop', kind: 'Deployment', name: 'web' })
const host = keyOf({ namespace: '', kind: 'Host', name: 'one' })

/** Only who it is counts here. */
const desired = (): Desired => ({ kind: 'Deployment' }) as Desired

function forecast(kind = 'Deployment', health: 'Healthy' | 'Progressing' = 'Healthy'): Forecast {
  const status = { kind, namespace: 'shop', name: 'web', sync: 'Synced', health, message: '' } as const
  return { tasks: [], status: status as Forecast['status'], complete: true }
}

/** How often one is made when it is asked for twice, with something in between. */
function made(kept: Forecast, meanwhile: (forecasts: Forecasts) => void = () => {}, after = { ms: 0, anew: false }) {
  const forecasts = new Forecasts()
  const wanted = desired()
  let count = 0
  const make = () => {
    count += 1
    return kept
  }
  forecasts.of(web, wanted, 0, make)
  meanwhile(forecasts)
  expect(forecasts.of(web, after.anew ? desired() : wanted, after.ms, make)).toBe(kept)
  return count
}

test('the forecast of an object at rest is made once', () => {
  expect(made(forecast())).toBe(1)
})

test.each([
  { title: 'it is wanted otherwise', count: made(forecast(), () => {}, { ms: 0, anew: true }) },
  { title: 'its pods have changed', count: made(forecast(), (forecasts) => forecasts.factsChanged([web])) },
  { title: 'a host came or went', count: made(forecast(), (forecasts) => forecasts.factsChanged([host])) },
  { title: 'a minute has passed', count: made(forecast(), () => {}, { ms: 60_000, anew: false }) },
  { title: 'it is not healthy yet', count: made(forecast('Deployment', 'Progressing')) },
  { title: 'time is a reason to do more', count: made(forecast('CronJob')) },
])('it is made again when $title', ({ count }) => expect(count).toBe(2))
