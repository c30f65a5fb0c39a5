import { expect, test } from 'vitest'
import { Hooks } from '../../src/runtime/docker/hooks.ts'
import { defaultDeadlines, HostApi } from '../../src/runtime/docker/host-api.ts'
import { Prober } from '../../src/runtime/docker/prober.ts'
import { FakeClock } from '../sim/fake-clock.ts'
import { containerRecord, sandboxOf } from './records.ts'
import { podSpec } from './samples.ts'

test('a look that ends after the close begins no probes', () => {
  const probe = {
    tcpSocket: { port: 80 },
    periodSeconds: 1,
    timeoutSeconds: 1,
    successThreshold: 1,
    failureThreshold: 3,
  }
  const sandbox = sandboxOf(podSpec({ readinessProbe: probe }))
  const container = containerRecord('00000001')
  const record = (id: string) => (id === sandbox.id ? sandbox : container)
  const clock = new FakeClock()
  const api = new HostApi({ socketPath: '/nonexistent' }, defaultDeadlines, () => {})
  const prober = new Prober(api, clock, new Hooks(api, clock, record, () => {}), record, () => {})
  prober.follow(undefined, container)
  expect(clock.next()).toBeDefined()
  prober.close()
  expect(clock.next()).toBeUndefined()
  prober.follow(undefined, container)
  expect(clock.next()).toBeUndefined()
})
