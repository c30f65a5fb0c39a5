import {
  afterProbe,
  execSucceeds,
  httpStatusSucceeds,
  initialProbeState,
  type ProbeKind,
  type ProbeOutcome,
  pastInitialDelay,
  probeRuns,
  startupBudgetSeconds,
} from '../../src/runtime/probe-state.ts'
import { container, object, pod, problems } from '../manifests/manifest.ts'

const outcomeOf: Readonly<Record<string, ProbeOutcome>> = { S: 'success', F: 'failure', E: 'error' }

interface SeriesInput {
  readonly type: ProbeKind
  readonly successThreshold: number
  readonly failureThreshold: number
  readonly outcomes: readonly string[]
}

export const probes = {
  defaults: (input: { probe: object }) => {
    const { spec } = object('Pod', withProbe('readiness', input.probe))
    // Go shows a number that is not set as 0.
    return { probe: { initialDelaySeconds: 0, ...spec.containers[0]?.readinessProbe } }
  },
  validate: (input: { type: ProbeKind; successThreshold: number }) => {
    const probe = { exec: { command: ['true'] }, successThreshold: input.successThreshold }
    return { valid: problems(JSON.stringify(withProbe(input.type, probe))).length === 0 }
  },
  series: (input: SeriesInput) => {
    let state = initialProbeState(input.type)
    const states: string[] = []
    for (const letter of input.outcomes) {
      state = afterProbe(state, input, outcomeOf[letter] ?? 'error')
      states.push(state.result)
      if (input.type !== 'readiness' && state.result === 'Failure') break
    }
    if (input.type === 'readiness') return { states }
    return { states, killAtIndex: states.includes('Failure') ? states.indexOf('Failure') : null }
  },
  probeRuns: (input: { type: ProbeKind; hasStartupProbe: boolean; containerStarted: boolean }) => ({
    runs: probeRuns(input.type, input.hasStartupProbe, input.containerStarted),
  }),
  initialDelay: (input: { initialDelaySeconds: number; containerStartedSecondsAgo: number }) => ({
    runs: pastInitialDelay(input.initialDelaySeconds, input.containerStartedSecondsAgo),
  }),
  httpStatus: (input: { code: number }) => ({ success: httpStatusSucceeds(input.code) }),
  exec: (input: { exitCode: number | null }) => ({ success: execSucceeds(input.exitCode) }),
  startupBudget: (input: Parameters<typeof startupBudgetSeconds>[0]) => ({ maxSeconds: startupBudgetSeconds(input) }),
}

function withProbe(kind: ProbeKind, probe: object) {
  return pod({ containers: [{ ...container, [`${kind}Probe`]: probe }] })
}
