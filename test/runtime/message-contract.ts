import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Container } from '../../src/manifests/types.ts'
import type { ContainerConfig, LiveContainer } from '../../src/runtime/live.ts'
import type { PodRef, PodVolume, Runtime } from '../../src/runtime/port.ts'
import type { ContractWorld } from './contract.ts'
import { plainConfig, podSpec, runPod, sandboxSpec, until } from './samples.ts'
import { theContainer, thePod } from './volume-samples.ts'

const path = '/dev/ended'
const named: Partial<Container> = { terminationMessagePath: path }
const withLog: Partial<Container> = { terminationMessagePolicy: 'FallbackToLogsOnError' }
const defaultPath = '/dev/termination-log'

/** What every implementation of the port does with what containers say of their end. */
export function messageContract(name: string, make: () => Promise<ContractWorld>): void {
  describe(`message contract: ${name}`, () => {
    let world: ContractWorld
    let runtime: Runtime
    let pod: PodRef

    beforeEach(async () => {
      world = await make()
      runtime = world.runtime
      pod = { host: world.host, namespace: 'shop', name: 'web-abc-0' }
    })

    afterEach(() => world.close())

    const web = (): LiveContainer => theContainer(thePod(runtime, pod.name))
    const run = (
      container: Partial<Container>,
      config: Partial<ContainerConfig> = {},
      volumes: readonly PodVolume[] = [],
    ) => runPod(runtime, pod, plainConfig(config), sandboxSpec({ spec: podSpec(container), volumes }))
    const ended = async (how: 'well' | 'badly') => {
      if (how === 'well') runtime.stopContainer(pod, web().id, 30_000)
      else await world.crash(web().id)
      await until(runtime, () => web().state === 'exited', 'the container has ended')
    }

    test.each(['well', 'badly'] as const)('tells what a container wrote that ended %s', async (how) => {
      await run(named, { user: '1000:1000' })
      await world.write(web().id, path, 'the queue is\ngone')
      expect(web().message).toBeUndefined()
      // Known together with the end: whoever sees that it has ended sees why.
      const seen = new Set<string | undefined>()
      runtime.watch(() => web().state === 'exited' && seen.add(web().message))
      await ended(how)
      expect(web()).toMatchObject({ exitCode: how === 'well' ? 0 : 137, message: 'the queue is\ngone' })
      expect([...seen]).toEqual(['the queue is\ngone'])
      const other = await world.another('same')
      expect(other.pods()[0]?.containers[0]?.message).toBe('the queue is\ngone')
    })

    test('keeps the message of a container whose sandbox has ended too', async () => {
      await run(named, { command: ['sleep', '600'], readOnlyRootFilesystem: true })
      await world.write(web().id, path, 'no disk')
      await ended('badly')
      await world.crash(thePod(runtime, pod.name).uid)
      await until(runtime, () => thePod(runtime, pod.name).sandbox?.state === 'exited', 'the sandbox has ended')
      expect((await world.another('same')).pods()[0]?.containers[0]?.message).toBe('no disk')
    })

    test('the next attempt begins without one, and knows that of the last', async () => {
      await run(named)
      await world.write(web().id, path, 'first')
      await ended('badly')
      const { id, message = '', finishedAt } = web()
      const last = { exitCode: 137, reason: 'Error', finishedAt, message }
      await runtime.recreateContainer(pod, id, { restarts: 1, backoffMs: 0, last })
      await runtime.startContainer(pod, 'web')
      await runtime.removeContainer(pod, id)
      expect(web().last).toEqual(last)
      await ended('badly')
      expect(web().message).toBeUndefined()
    })

    test('takes the end of the log where that is asked for, after an error', async () => {
      await run(withLog)
      for (const line of ['starting', 'no such table: \u001b[31mcarts\u001b[0m']) await world.print(web().id, line)
      await ended('badly')
      expect(web().message).toMatch(/starting\nno such table: carts$/)
    })

    test('prefers what was written to the log', async () => {
      await run(withLog)
      await world.print(web().id, 'noise')
      await world.write(web().id, defaultPath, 'written')
      await ended('badly')
      expect(web().message).toBe('written')
    })

    test('takes no log of what ended well, nor where it is not asked for', async () => {
      await run(withLog)
      await world.print(web().id, 'noise')
      await ended('well')
      expect(web().message).toBeUndefined()
    })

    test('leaves containers alone that ask for nothing', async () => {
      await run({})
      await world.print(web().id, 'noise')
      await ended('badly')
      expect(web().message).toBeUndefined()
    })

    test('is cut at the front, and hides what came from Secrets', async () => {
      await run(named, { env: [{ name: 'TOKEN', value: 'hunter2', secret: true }] })
      await world.write(web().id, path, `${'x'.repeat(5000)} hunter2`)
      await ended('badly')
      expect(web().message).toBe(`${'x'.repeat(4092)} ***`)
    })

    test('also of a pod with a path of the host', async () => {
      await run(named, {}, [{ kind: 'host', name: 'tmp', path: '/tmp', type: '' }])
      await world.write(web().id, path, 'beside the host')
      await ended('badly')
      expect(web().message).toBe('beside the host')
    })
  })
}
