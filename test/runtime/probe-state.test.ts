import { expect, test } from 'vitest'
import {
  afterProbe,
  httpStatusSucceeds,
  initialProbeState,
  type ProbeKind,
  type ProbeOutcome,
  pastInitialDelay,
  probeRuns,
  startupBudgetSeconds,
} from '../../src/runtime/probe-state.ts'

const outcomes: Readonly<Record<string, ProbeOutcome>> = { S: 'success', F: 'failure', E: 'error' }

test.each<{ kind: ProbeKind; successes: number; failures: number; series: string; results: string }>([
  { kind: 'readiness', successes: 1, failures: 3, series: 'S', results: 'S' },
  { kind: 'readiness', successes: 1, failures: 3, series: 'SFFF', results: 'SSSF' },
  { kind: 'readiness', successes: 1, failures: 3, series: 'SFFSFF', results: 'SSSSSS' },
  { kind: 'readiness', successes: 2, failures: 1, series: 'SSFSS', results: 'FSFFS' },
  { kind: 'readiness', successes: 1, failures: 3, series: 'SFFEF', results: 'SSSSF' },
  { kind: 'liveness', successes: 1, failures: 3, series: 'FFSFFS', results: 'SSSSSS' },
  { kind: 'liveness', successes: 1, failures: 1, series: 'SF', results: 'SF' },
  { kind: 'startup', successes: 1, failures: 3, series: 'FFS', results: 'UUS' },
  { kind: 'startup', successes: 1, failures: 3, series: 'FEFF', results: 'UUUF' },
])('$kind: $series is reported as $results', ({ kind, successes, failures, series, results }) => {
  const thresholds = { successThreshold: successes, failureThreshold: failures }
  let state = initialProbeState(kind)
  let reported = ''
  for (const letter of series) {
    state = afterProbe(state, thresholds, outcomes[letter] ?? 'error')
    reported += state.result[0]
  }
  expect(reported).toBe(results)
})

test.each([
  [199, false],
  [200, true],
  [399, true],
  [400, false],
  [503, false],
])('status %i succeeds: %s', (status, expected) => expect(httpStatusSucceeds(status)).toBe(expected))

test('the startup probe gates the others', () => {
  expect(probeRuns('startup', true, false)).toBe(true)
  expect(probeRuns('startup', true, true)).toBe(false)
  expect(probeRuns('liveness', true, false)).toBe(false)
  expect(probeRuns('readiness', true, true)).toBe(true)
  expect(probeRuns('readiness', false, true)).toBe(true)
})

test('counts the initial delay and the startup budget in seconds', () => {
  expect(pastInitialDelay(30, 29.9)).toBe(false)
  expect(pastInitialDelay(30, 30)).toBe(true)
  expect(startupBudgetSeconds({ initialDelaySeconds: 5, periodSeconds: 10, failureThreshold: 30 })).toBe(305)
})
