import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { startCronWake } from '../../src/cron/wake.ts'

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse('2026-01-01T00:00:30Z') })
})

afterEach(() => {
  vi.useRealTimers()
})

test('wakes on every whole minute until it is ended', async () => {
  const at: string[] = []
  const end = startCronWake(() => at.push(new Date().toISOString()))
  await vi.advanceTimersByTimeAsync(120_000)
  expect(at).toEqual(['2026-01-01T00:01:00.000Z', '2026-01-01T00:02:00.000Z'])
  end()
  await vi.advanceTimersByTimeAsync(120_000)
  expect(at).toHaveLength(2)
})

test('a minute that was slept through wakes as soon as the machine does', async () => {
  const wake = vi.fn()
  const end = startCronWake(wake)
  // Timers stand still while the machine sleeps; the clock does not.
  vi.setSystemTime(Date.parse('2026-01-01T05:00:30Z'))
  await vi.advanceTimersByTimeAsync(30_000)
  expect(wake).toHaveBeenCalled()
  end()
})
