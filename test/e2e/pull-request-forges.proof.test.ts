// The life of a pull request at each of the three forges.
import { afterEach, beforeAll, expect, test } from 'vitest'
import { ensureTestImages } from '../support/images.ts'
import { TestBerth } from './berth.ts'
import { TestForge } from './pull-forge.ts'
import { tracesOf, web } from './pull-scene.ts'

let berth: TestBerth
let forge: TestForge
beforeAll(() => ensureTestImages(process.env.BERTH_TEST_DOCKER ?? ''))
afterEach(async () => {
  await forge.end()
  await berth.close()
})

test.each(['github', 'gitlab', 'gitea'] as const)('%s: opened, force-pushed and merged', async (provider) => {
  berth = new TestBerth('pull-forges')
  forge = await TestForge.start(berth, { provider })
  const first = await forge.pushMain('Start', { 'app/web.yaml': web('production') })
  berth.start('--interval', '1h')
  await berth.synced(first)
  const pull = await forge.open({ 'app/web.yaml': web('preview') })
  await forge.wasTold(pull.head, provider === 'gitlab' ? /^success/ : /^success Healthy/)
  await forge.said(pull, /runs: Healthy[\s\S]*rolling replace, no downtime/)
  const head = await forge.push(pull, { 'app/other.yaml': web('other').replaceAll('web', 'other') }, { anew: true })
  await forge.wasTold(head, /^success/)
  await forge.said(pull, /Deployment other[\s\S]*Deployment web[\s\S]*create pod other-/)
  await berth.synced(await forge.merge(pull))
  await forge.said(pull, /is gone/)
  expect(await tracesOf(berth)).toEqual(['shop'])
  expect(forge.server.problems).toEqual([])
})
