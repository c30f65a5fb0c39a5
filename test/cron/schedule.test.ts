import { describe, expect, test } from 'vitest'
import { isFault, type Schedule, scheduleOf } from '../../src/cron/schedule.ts'

function known(text: string, zone?: string): Schedule {
  const schedule = scheduleOf(text, zone)
  if (isFault(schedule)) throw new Error(schedule.message)
  return schedule
}

function nexts(text: string, zone: string | undefined, after: string, count: number): string[] {
  const times: string[] = []
  let at = Date.parse(after)
  for (let number = 0; number < count; number += 1) {
    at = known(text, zone).next(at) ?? Number.NaN
    times.push(new Date(at).toISOString().replace(':00.000Z', 'Z'))
  }
  return times
}

describe('clocks that change', () => {
  const rows: readonly [name: string, text: string, zone: string, after: string, expected: string[]][] = [
    [
      'a local time that is leapt over is not due on that day',
      '30 2 * * *',
      'Europe/Berlin',
      '2026-03-27T12:00Z',
      ['2026-03-28T01:30Z', '2026-03-30T00:30Z'],
    ],
    [
      'a local time that comes twice is due twice',
      '30 2 * * *',
      'Europe/Berlin',
      '2026-10-24T12:00Z',
      ['2026-10-25T00:30Z', '2026-10-25T01:30Z', '2026-10-26T01:30Z'],
    ],
    [
      'every quarter of an hour goes on through the leap',
      '*/15 * * * *',
      'America/New_York',
      '2026-03-08T06:40Z',
      ['2026-03-08T06:45Z', '2026-03-08T07:00Z', '2026-03-08T07:15Z'],
    ],
    ['a leap of half an hour', '15 2 * * *', 'Australia/Lord_Howe', '2026-10-02T16:00Z', ['2026-10-04T15:15Z']],
    ['midnight that does not exist', '0 0 * * *', 'Africa/Cairo', '2026-04-22T23:00Z', ['2026-04-24T21:00Z']],
    [
      'noon in the south',
      '0 12 * * *',
      'America/Santiago',
      '2026-09-05T12:00Z',
      ['2026-09-05T16:00Z', '2026-09-06T15:00Z'],
    ],
  ]
  test.each(rows)('%s', (_name, text, zone, after, expected) => {
    expect(nexts(text, zone, after, expected.length)).toEqual(expected)
  })

  test('what comes next is what came last, in every zone and season', () => {
    for (const zone of ['UTC', 'Europe/Berlin', 'America/New_York', 'Africa/Casablanca', 'Asia/Kathmandu']) {
      for (const text of ['30 2 * * *', '*/7 1-3 * * *', '0 0 1,15 * 5', '@every 95m', '59 23 31 * *']) {
        const schedule = known(text, zone)
        const start = Date.parse('2026-01-01T00:00Z')
        let last = start
        for (let number = 0; number < 300; number += 1) {
          const next = schedule.next(last) ?? Number.NaN
          expect(schedule.latest(last, next - 1), `${text} ${zone} before ${next}`).toBeUndefined()
          expect(schedule.latest(start, next), `${text} ${zone}`).toBe(next)
          last = next
        }
      }
    }
  })
})

describe('reading', () => {
  const faults: readonly [text: string, message: string][] = [
    ['', 'expected 5 fields, found 0'],
    ['* * * *', 'expected 5 fields, found 4'],
    ['60 * * * *', 'minute: "60" is not within 0-59'],
    ['0 0 * * 7', 'day of week: "7" is not within 0-6'],
    ['0 0 5-1 * *', 'day of month: "5-1" is not within 1-31'],
    ['0 0 , * *', 'day of month: "," names nothing'],
    ['0/5/2 * * * *', 'minute: "0/5/2" is not within 0-59'],
    ['@every soon', '"soon" is no duration such as 1h30m'],
    ['@reboot', '"@reboot" is none of'],
    ['TZ=UTC 0 0 * * *', 'a time zone belongs in timeZone'],
  ]
  test.each(faults)('%j is refused', (text, message) => {
    const found = scheduleOf(text, undefined)
    expect(isFault(found) ? found : undefined).toMatchObject({ reason: 'UnparseableSchedule' })
    expect(isFault(found) ? found.message : '').toContain(message)
  })

  test.each(['Mars/Base', '+02:00', ' '])('time zone %j is unknown', (zone) => {
    expect(scheduleOf('* * * * *', zone)).toEqual({
      reason: 'UnknownTimeZone',
      message: `unknown time zone "${zone}"`,
    })
  })

  test.each<[string, string, string[]]>([
    [
      'a step after a value goes on to the end',
      '50/5 23 * * *',
      ['2026-01-01T23:50Z', '2026-01-01T23:55Z', '2026-01-02T23:50Z'],
    ],
    [
      'days of both kinds: either is enough',
      '0 0 13 * fri',
      ['2026-01-02T00:00Z', '2026-01-09T00:00Z', '2026-01-13T00:00Z'],
    ],
    [
      'a stepped star is a choice, too',
      '0 0 */30 * fri',
      [
        '2026-01-02T00:00Z',
        '2026-01-09T00:00Z',
        '2026-01-16T00:00Z',
        '2026-01-23T00:00Z',
        '2026-01-30T00:00Z',
        '2026-01-31T00:00Z',
      ],
    ],
    ['a star of days: the weekday counts', '0 0 * * sat', ['2026-01-03T00:00Z', '2026-01-10T00:00Z']],
  ])('%s', (_name, text, expected) => {
    expect(nexts(text, undefined, '2026-01-01T01:00Z', expected.length)).toEqual(expected)
  })

  test('a date that does not exist never comes', () => {
    expect(known('0 0 30 2 *').next(Date.parse('2026-01-01T00:00Z'))).toBeUndefined()
    expect(known('0 0 30 2 *').latest(0, Date.parse('1990-01-01T00:00Z'))).toBeUndefined()
  })

  test('equal schedules are read once', () => {
    expect(scheduleOf('1 2 3 4 *', 'Asia/Tokyo')).toBe(scheduleOf('1 2 3 4 *', 'Asia/Tokyo'))
  })
})
