import { describe, expect, test } from 'vitest'
import { mayStartEngines, startTestEngine } from '../support/docker-engine.ts'
import { dockerWorld } from './docker-world.ts'
import { runPod, until, webKey } from './samples.ts'

describe('an engine that goes away', () => {
  test('hangs: calls end at their deadline, and the host is unreachable', async () => {
    const world = await dockerWorld({ deadlines: { quick: 10_000, slow: 30_000, start: 30_000 } })
    const { runtime } = world
    try {
      const pod = { host: 'local', namespace: 'shop', name: 'web-abc-0' }
      await runPod(runtime, pod)
      await world.proxy.set('hang')
      await expect(runtime.startContainer(pod, 'web')).rejects.toMatchObject({
        code: 'HOST_UNREACHABLE',
        message: 'no answer within 30 s',
      })
      await until(runtime, () => runtime.hostFacts()[0]?.reachable === false, 'the host is unreachable')
      expect(runtime.podsOf(webKey)).toHaveLength(1)
      await world.proxy.set('cut')
      await world.proxy.set('open')
      await until(runtime, () => runtime.hostFacts()[0]?.reachable === true, 'the host answers')
      await runtime.startContainer(pod, 'web')
    } finally {
      await world.close()
    }
  })

  // An engine of the test's own takes root.
  if (mayStartEngines) {
    test.each(['stop', 'kill'] as const)('is restarted (%s): all is looked at anew', async (how) => {
      await using engine = await startTestEngine()
      const world = await dockerWorld({}, engine.host)
      const { runtime } = world
      try {
        const pod = { host: 'local', namespace: 'shop', name: 'web-abc-0' }
        await runPod(runtime, pod)
        const web = () => runtime.podsOf(webKey)[0]?.containers[0]
        const id = web()?.id
        await engine.stop(how)
        await until(runtime, () => runtime.hostFacts()[0]?.reachable === false, 'the host is unreachable')
        // An orderly end ends the containers first, and says so.
        expect(web()).toMatchObject({ id, state: how === 'stop' ? 'exited' : 'running' })
        await engine.start()
        await until(runtime, () => runtime.hostFacts()[0]?.reachable === true, 'the host answers', 30_000)
        await until(runtime, () => web()?.state === 'exited', 'its process ended with the engine')
        expect(runtime.podsOf(webKey)[0]?.sandbox?.state).toBe('exited')
        await runtime.startContainer(pod, '')
        await runtime.startContainer(pod, 'web')
        expect(web()).toMatchObject({ id, state: 'running' })
      } finally {
        await world.close()
      }
    })
  }
})
