import { expect, test } from 'vitest'
import type { Probe } from '../../src/manifests/types.ts'
import { ContainerProber } from '../../src/runtime/docker/container-prober.ts'
import type { ProbeKind, ProbeOutcome } from '../../src/runtime/probe-state.ts'
import { FakeClock } from '../sim/fake-clock.ts'
import { podSpec } from './samples.ts'

const probe = (given: Partial<Probe> = {}): Probe => ({
  tcpSocket: { port: 1 },
  periodSeconds: 10,
  timeoutSeconds: 1,
  successThreshold: 1,
  failureThreshold: 3,
  ...given,
})

/** A container whose probes answer at once with whatever `outcomes` says at that time. */
function probed(
  probes: Partial<Record<'startupProbe' | 'readinessProbe' | 'livenessProbe', Probe>>,
  given: { adopted?: boolean; runForMs?: number; phase?: number } = {},
) {
  const clock = new FakeClock(1_000_000)
  const outcomes: Record<ProbeKind, ProbeOutcome> = { startup: 'failure', readiness: 'failure', liveness: 'success' }
  const looks: string[] = []
  const begin = clock.now()
  const run = async (kind: ProbeKind) => {
    looks.push(`${kind}@${clock.now() - begin}`)
    return { outcome: outcomes[kind], message: 'x' }
  }
  const target = {
    spec: podSpec(probes).containers[0]!,
    startedAt: begin - (given.runForMs ?? 0),
    readyFrom: begin - (given.runForMs ?? 0),
    adopted: given.adopted ?? false,
    phase: given.phase ?? 0.5,
  }
  const prober = new ContainerProber(clock, target, run, () => {})
  const pass = async (ms: number) => {
    const end = clock.now() + ms
    for (let next = clock.next(); next !== undefined && next <= end; next = clock.next()) {
      clock.advance(next - clock.now())
      // The answers come in microtasks.
      for (let turn = 0; turn < 5; turn += 1) await Promise.resolve()
    }
    clock.advance(end - clock.now())
  }
  return { prober, outcomes, looks, pass, clock, begin }
}

test('looks for the first success more and more seldom, then by the period', async () => {
  const { looks, pass, outcomes, prober } = probed({ readinessProbe: probe({ periodSeconds: 1 }) })
  await pass(2500)
  const at = [0, 50, 150, 350, 750, 1000, 2000]
  expect(looks).toEqual(at.map((ms) => `readiness@${ms}`))
  outcomes.readiness = 'success'
  await pass(3000)
  expect(looks.slice(at.length)).toEqual(['readiness@3000', 'readiness@4000', 'readiness@5000'])
  expect(prober.health).toMatchObject({ ready: true, message: '' })
})

test('quick failures do not use up the startup budget', async () => {
  const { looks, pass, prober } = probed({ startupProbe: probe({ periodSeconds: 1, failureThreshold: 3 }) })
  await pass(1999)
  expect(prober.health).toMatchObject({ started: false, failing: false, ready: false })
  await pass(1)
  expect(prober.health).toMatchObject({ started: false, failing: true, message: 'startup probe failed: x' })
  const { length } = looks
  await pass(10_000)
  expect(looks).toHaveLength(length)
})

test('readiness and liveness wait for the startup probe', async () => {
  const { looks, pass, outcomes, prober, begin } = probed({
    startupProbe: probe({ periodSeconds: 1, failureThreshold: 30 }),
    readinessProbe: probe(),
    livenessProbe: probe({ initialDelaySeconds: 2 }),
  })
  outcomes.readiness = 'success'
  await pass(900)
  expect(looks.every((look) => look.startsWith('startup'))).toBe(true)
  outcomes.startup = 'success'
  await pass(100)
  expect(prober.health).toMatchObject({ started: true, ready: true, readySince: begin + 1000 })
  await pass(1500)
  expect(looks.slice(-2)).toEqual(['readiness@1000', 'liveness@2000'])
})

test('nothing is asked before the initial delay', async () => {
  const { looks, pass, prober } = probed({ readinessProbe: probe({ initialDelaySeconds: 5 }) })
  await pass(4999)
  expect(looks).toEqual([])
  expect(prober.health).toMatchObject({ known: true, ready: false })
  await pass(1)
  expect(looks).toEqual(['readiness@5000'])
})

test('liveness fails at its threshold, and a success in between starts the count again', async () => {
  const { pass, outcomes, prober } = probed({ livenessProbe: probe({ periodSeconds: 1 }) })
  expect(prober.health).toMatchObject({ known: true, started: true, ready: true, failing: false })
  outcomes.liveness = 'failure'
  await pass(1999)
  outcomes.liveness = 'success'
  await pass(1000)
  outcomes.liveness = 'failure'
  await pass(2000)
  expect(prober.health.failing).toBe(false)
  await pass(1000)
  expect(prober.health).toMatchObject({ failing: true, message: 'liveness probe failed: x' })
})

test('loses its readiness at the threshold and with it the time since', async () => {
  const { pass, outcomes, prober, begin } = probed({ readinessProbe: probe({ periodSeconds: 1, failureThreshold: 2 }) })
  outcomes.readiness = 'success'
  await pass(0)
  expect(prober.health).toMatchObject({ ready: true, readySince: begin })
  outcomes.readiness = 'failure'
  await pass(1000)
  expect(prober.health.ready).toBe(true)
  await pass(1000)
  expect(prober.health).toMatchObject({ ready: false, readySince: undefined })
})

test('of what ran before, nothing is known until it was looked at', async () => {
  const { looks, pass, outcomes, prober } = probed(
    { readinessProbe: probe(), livenessProbe: probe() },
    { adopted: true, runForMs: 60_000, phase: 0.3 },
  )
  expect(prober.health).toMatchObject({ known: false, ready: false })
  outcomes.readiness = 'success'
  await pass(0)
  expect(prober.health).toMatchObject({ known: true, ready: true })
  await pass(13_000)
  // Spread by the phase, then by the period.
  expect(looks).toEqual(['readiness@0', 'liveness@3000', 'readiness@3000', 'liveness@13000', 'readiness@13000'])
})

test('an adopted container in its initial delay cannot have been ready', async () => {
  const { looks, pass, prober } = probed(
    { readinessProbe: probe({ initialDelaySeconds: 5 }) },
    { adopted: true, runForMs: 2000 },
  )
  expect(prober.health).toMatchObject({ known: true, ready: false })
  await pass(3000)
  expect(looks).toEqual(['readiness@3000'])
})

test('is silent once it is closed', async () => {
  const { looks, pass, prober } = probed({ readinessProbe: probe() })
  await pass(60)
  prober.close()
  await pass(20_000)
  expect(looks).toEqual(['readiness@0', 'readiness@50'])
})
