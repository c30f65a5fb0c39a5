import { expect, test } from 'vitest'
import { silentLog } from '../../src/base/log.ts'
import type { ContainerRecord } from '../../src/runtime/docker/observe.ts'
import { type Stop, Stops } from '../../src/runtime/docker/pod-stop.ts'
import { FakeClock } from '../sim/fake-clock.ts'
import { containerRecord } from './records.ts'

const record = containerRecord('a')

/** A container whose preStop hook takes `hookMs` (undefined: it has none); `log` says what the engine and the hook were told, and when. */
function stopped(hookMs: number | undefined) {
  const clock = new FakeClock(0)
  const log: string[] = []
  const ends: (() => void)[] = []
  const told = (text: string) => void log.push(`${clock.now()} ${text}`)
  const stopping = new Map<string, Stop>()
  const host = {
    name: 'local',
    clock,
    stopping,
    api: {
      stop: (_id: string, seconds: number) => {
        told(`stop within ${seconds} s`)
        return new Promise<void>((resolve) => ends.push(resolve))
      },
    },
    containers: { refresh: async () => {} },
  }
  const hooks = {
    closed: false,
    hasPreStop: () => hookMs !== undefined,
    preStop: (_record: ContainerRecord, signal: AbortSignal) =>
      new Promise<string | undefined>((resolve) => {
        told('hook')
        const over = clock.after(hookMs ?? 0, () => resolve(undefined))
        signal.addEventListener('abort', () => {
          over()
          resolve('not done in time')
        })
      }),
  }
  const stops = new Stops(host, hooks, silentLog, () => told(stopping.has('a') ? 'stopping' : 'stopped'))
  const settle = async () => {
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve()
  }
  const pass = async (ms: number) => {
    await settle()
    clock.advance(ms)
    await settle()
  }
  const stop = (graceMs: number) => stops.stop(record, graceMs)
  const end = async () => {
    for (const resolve of ends.splice(0)) resolve()
    await settle()
  }
  return { log, stop, pass, end }
}

test('without a hook the engine is asked at once', async () => {
  const { log, stop, pass, end } = stopped(undefined)
  stop(30_000)
  await pass(1000)
  await end()
  expect(log).toEqual(['0 stopping', '0 stop within 30 s', '1000 stopped'])
})

test('a hook takes its part of the grace period', async () => {
  const { log, stop, pass } = stopped(12_000)
  stop(30_000)
  await pass(12_000)
  expect(log).toEqual(['0 stopping', '0 hook', '12000 stop within 18 s'])
})

test('a hook that uses it up leaves two seconds', async () => {
  const { log, stop, pass } = stopped(60_000)
  stop(30_000)
  await pass(30_000)
  expect(log).toEqual(['0 stopping', '0 hook', '30000 stop within 2 s'])
})

test('no grace, no hook', async () => {
  const { log, stop, pass } = stopped(60_000)
  stop(0)
  await pass(0)
  expect(log).toEqual(['0 stopping', '0 stop within 0 s'])
})

test('a second stop with what is left of the first one changes nothing', async () => {
  const { log, stop, pass } = stopped(undefined)
  stop(30_000)
  await pass(10_000)
  stop(20_000)
  stop(19_990)
  stop(40_000)
  await pass(0)
  expect(log).toEqual(['0 stopping', '0 stop within 30 s'])
})

test('a second stop with less shortens the hook', async () => {
  const { log, stop, pass } = stopped(60_000)
  stop(30_000)
  await pass(10_000)
  stop(5000)
  await pass(5000)
  expect(log).toEqual(['0 stopping', '0 hook', '15000 stop within 2 s'])
})

test('a second stop without any kills at once', async () => {
  const { log, stop, pass } = stopped(60_000)
  stop(30_000)
  await pass(10_000)
  stop(0)
  await pass(0)
  expect(log).toEqual(['0 stopping', '0 hook', '10000 stop within 0 s'])
})

test('a stop ends with the last call that it took', async () => {
  const { log, stop, pass, end } = stopped(undefined)
  stop(30_000)
  await pass(1000)
  stop(3000)
  await pass(1000)
  await end()
  expect(log).toEqual(['0 stopping', '0 stop within 30 s', '1000 stop within 3 s', '2000 stopped'])
  stop(1000)
  await pass(0)
  expect(log.slice(-2)).toEqual(['2000 stopping', '2000 stop within 1 s'])
})
