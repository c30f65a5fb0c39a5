import { expect, test } from 'vitest'
import { Hooks } from '../../src/runtime/docker/hooks.ts'
import { defaultDeadlines, HostApi } from '../../src/runtime/docker/host-api.ts'
import { Prober } from '../../src/runtime/docker/prober.ts'
import { isOfPreview, Turns } from '../../src/runtime/docker/turns.ts'
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

test('what previews keep busy keeps nobody else waiting', async () => {
  const turns = new Turns(4)
  const begun: string[] = []
  const add = (app: string) =>
    turns.add(isOfPreview(app), () => {
      begun.push(app)
      return new Promise<void>(() => {})
    })
  for (let at = 0; at < 10; at += 1) void add('shop/pr-7')
  for (let at = 0; at < 10; at += 1) void add('shop')
  await new Promise((resolve) => setImmediate(resolve))
  expect(begun.sort()).toEqual([...Array(4).fill('shop'), ...Array(2).fill('shop/pr-7')])
})
