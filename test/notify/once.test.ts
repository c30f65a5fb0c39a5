import { expect, test } from 'vitest'
import { type Memory, notifiedOf, verdictOn } from '../../src/notify/once.ts'
import type { AppEvent } from '../../src/report/event.ts'

const waitMs = 900_000
const minute = 60_000
const one = 'a'.repeat(40)
const two = 'b'.repeat(40)

type Step = readonly [minutes: number, kind: AppEvent['kind'], commit: string, message: string, expected: string]

function event([minutes, kind, commit, message]: Step): AppEvent {
  return { app: 'shop', kind, commit, message, at: minutes * minute, subject: '', author: '' }
}

/** For each step: what is done about it. */
function play(steps: readonly Step[]): string[] {
  let memory: Memory = {}
  return steps.map((step) => {
    const verdict = verdictOn(event(step), memory, waitMs)
    // As it is after a restart.
    memory = JSON.parse(JSON.stringify(verdict.memory)) as Memory
    const { changed, notify, superseded } = verdict
    const when = typeof notify === 'string' ? notify : `in ${notify.inMs / minute} min`
    return [when, ...(changed ? ['status'] : []), ...(superseded ? [`over ${superseded.slice(0, 1)}`] : [])].join(' ')
  })
}

const stories: readonly { readonly title: string; readonly steps: readonly Step[] }[] = [
  {
    title: 'a commit from its beginning to its end',
    steps: [
      [0, 'applying', one, '', 'now status'],
      [1, 'synced', one, '', 'now status'],
    ],
  },
  {
    title: 'the same once more, as after a restart',
    steps: [
      [0, 'refused', one, 'web.yaml:3', 'now status'],
      [1, 'refused', one, 'web.yaml:3', 'not'],
      [2, 'refused', one, 'web.yaml:4', 'now status'],
      [3, 'refused', two, 'web.yaml:4', 'now status'],
    ],
  },
  {
    title: 'a repository that comes and goes',
    steps: [
      [0, 'unreachable', '', 'refused', 'now'],
      [5, 'unreachable', '', 'timed out', 'not'],
      [19, 'unreachable', '', 'refused', 'not'],
      [20, 'applying', one, '', 'now status'],
      [21, 'unreachable', '', 'refused', 'now'],
      [22, 'unreachable', '', 'refused', 'not'],
      // So long without a failure: it was reached in between.
      [60, 'unreachable', '', 'refused', 'now'],
    ],
  },
  {
    title: 'an outage does not make news of what is known',
    steps: [
      [0, 'refused', one, 'web.yaml:3', 'now status'],
      [1, 'unreachable', '', '', 'now'],
      [2, 'refused', one, 'web.yaml:3', 'not'],
    ],
  },
  {
    title: 'a reason that changes all the time',
    steps: [
      [0, 'degraded', one, '1 of 3 ready', 'now status'],
      [1, 'degraded', one, '2 of 3 ready', 'in 4 min status'],
      [4, 'degraded', one, '1 of 3 ready', 'not status'],
      [6, 'degraded', one, '0 of 3 ready', 'now status'],
      [7, 'degraded', two, '0 of 3 ready', 'now status'],
    ],
  },
  {
    title: 'a commit that flaps',
    steps: [
      [0, 'degraded', one, 'web', 'now status'],
      [1, 'synced', one, '', 'now status'],
      [2, 'degraded', one, 'web', 'in 3 min status'],
      [3, 'synced', one, '', 'not status'],
      [4, 'degraded', one, 'web', 'in 1 min status'],
    ],
  },
  {
    title: 'a commit that was overtaken',
    steps: [
      [0, 'applying', one, '', 'now status'],
      [1, 'unreachable', '', '', 'now'],
      [2, 'applying', two, '', 'now status over a'],
      [3, 'synced', two, '', 'now status'],
      [4, 'applying', one, '', 'now status'],
    ],
  },
  {
    title: 'a commit that is begun again',
    steps: [
      [0, 'applying', one, '', 'now status'],
      [1, 'refused', two, 'x', 'now status'],
      [2, 'applying', one, '', 'now status'],
    ],
  },
  {
    title: 'a commit that is refused while another is being applied',
    steps: [
      [0, 'applying', one, '', 'now status'],
      [1, 'refused', two, 'x', 'now status'],
      [2, 'applying', 'c'.repeat(40), '', 'now status over a'],
    ],
  },
]

test.each(stories)('$title', ({ steps }) => {
  expect(play(steps)).toEqual(steps.map(([, , , , expected]) => expected))
})

test('what was held back counts once it is told', () => {
  const late = event([5, 'degraded', one, 'web', ''])
  const memory = notifiedOf(late, {})
  expect(verdictOn(late, memory, waitMs).notify).toBe('not')
  expect(verdictOn({ ...late, message: 'more', at: 6 * minute }, memory, waitMs).notify).toEqual({ inMs: 4 * minute })
})

test('a commit that changed nothing is news only after trouble', () => {
  const story = (kind: AppEvent['kind'], commit: string, unchanged: boolean, memory: Memory) =>
    verdictOn({ ...event([0, kind, commit, '', '']), unchanged }, memory, waitMs)
  const calm = story('synced', one, false, {})
  expect(story('applying', two, true, calm.memory)).toMatchObject({ notify: 'not', changed: true })
  expect(story('synced', two, true, calm.memory)).toMatchObject({ notify: 'not', changed: true })
  expect(story('degraded', two, true, calm.memory).notify).toBe('now')
  const broken = story('degraded', one, false, calm.memory)
  expect(story('synced', two, true, broken.memory).notify).toBe('now')
})
