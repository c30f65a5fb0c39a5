import { expect, test } from 'vitest'
import { mayStartEngines, startTestEngine } from '../support/docker-engine.ts'
import { ensureTestImages, testImages } from '../support/images.ts'
import { deployment, TestBerth } from './berth.ts'

// Ending the engine that other tests use is no option: only where engines may be started is there something to test.
test.runIf(mayStartEngines)(
  'a Docker restart in mid-rollout: old and new pods come back, and the rollout goes on',
  async () => {
    await using engine = await startTestEngine()
    await ensureTestImages(engine.host)
    const berth = new TestBerth('restart', engine.host, engine.command)
    try {
      const first = berth.repository.commit('Add', { 'app/web.yaml': deployment() })
      berth.start()
      await berth.synced(first)

      // Half way: the new pod is there and never becomes ready, so the old ones must come back after the restart.
      const stuck = { 'app/web.yaml': deployment({ image: testImages.two, env: { READY_AFTER: 'never' } }) }
      const second = berth.repository.commit('Stuck', stuck)
      await berth.until(
        'the new pod is there',
        async (app) => app.commit === second && (await berth.pods()).length === 4,
      )
      await engine.stop('kill')
      await engine.start()
      await berth.until('three old pods serve again', async (app) => {
        const running = (await berth.containers({ 'berth.dev/container': 'main' })).filter(
          ({ State }) => State === 'running',
        )
        const old = running.filter(({ Image }) => Image === testImages.one)
        return old.length === 3 && app.objects.some(({ ready }) => ready.startsWith('3/'))
      })

      const third = berth.repository.commit('Good', { 'app/web.yaml': deployment({ image: testImages.two }) })
      await berth.synced(third)
      const images = (await berth.containers({ 'berth.dev/container': 'main' })).map(({ Image }) => Image)
      expect(images).toEqual([testImages.two, testImages.two, testImages.two])
    } finally {
      await berth.close()
    }
  },
)
