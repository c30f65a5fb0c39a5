import { schedule } from 'node-cron'

/**
 * Calls back on every whole minute by the clock on the wall, so that a clock that jumps, or a machine that slept, is noticed within a
 * minute: timers count only the time that passes for them. The returned function ends it.
 */
export function startCronWake(wake: () => void): () => void {
  const task = schedule('* * * * *', wake, { unref: true, suppressMissedWarning: true })
  // The minute was slept through.
  task.on('execution:missed', wake)
  return () => void task.destroy()
}
