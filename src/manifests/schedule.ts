import { isFault, scheduleOf } from '../cron/schedule.ts'

/** What is wrong with the schedule of a CronJob; undefined when nothing is. */
export function scheduleFault(text: string): string | undefined {
  if (/TZ=/.test(text)) return 'expected a schedule without TZ= (spec.timeZone says where)'
  if (!isFault(scheduleOf(text, undefined))) return undefined
  return 'expected a schedule of five fields like "*/15 8-18 * * mon-fri", or "@hourly" or such'
}

/** The name of a time zone, as far as this machine knows it; `Local` would mean another one on each. */
export function timeZoneFault(name: string): string | undefined {
  const known = name !== '' && !/^local$/i.test(name) && !isFault(scheduleOf('@hourly', name))
  return known ? undefined : 'expected the name of a time zone like "Europe/Berlin"'
}
