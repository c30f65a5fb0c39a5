import { expect } from 'vitest'
import { testImages } from '../support/images.ts'
import { deployment, type TestBerth } from './berth.ts'

/** Rolls out one version after the other, and kills Berth in each: this many times 130 ms after it began. */
export async function killed(berth: TestBerth, moments: readonly number[]): Promise<void> {
  const versions = [testImages.one, testImages.two]
  const first = berth.repository.commit('Add', { 'app/web.yaml': deployment({ image: versions[0]! }) })
  berth.start()
  await berth.synced(first)
  for (const [round, moment] of moments.entries()) {
    const image = versions[(round + 1) % 2]!
    const commit = berth.repository.commit(`Version ${round}`, {
      'app/web.yaml': deployment({ image, env: { ROUND: String(round) } }),
    })
    await berth.until('the rollout began', async (app) => app.head === commit || (await berth.pods()).length > 3)
    await new Promise((done) => setTimeout(done, moment * 130))
    await berth.stop('SIGKILL')
    const ready = (await berth.containers({ 'berth.dev/container': 'main' })).filter(({ State }) => State === 'running')
    expect(ready.length).toBeGreaterThanOrEqual(3)
    berth.start()
    await berth.synced(commit)
    await berth.until('exactly three pods', async () => (await berth.pods()).length === 3)
    const containers = await berth.containers()
    expect(containers).toHaveLength(6)
    expect(new Set(containers.map(({ Names }) => Names[0])).size).toBe(6)
  }
}
