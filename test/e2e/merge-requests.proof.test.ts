// What pull-requests.docker.test.ts shows of GitHub, in short, of GitLab.
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

test('a merge request has a preview, a note and a status, until it is closed', async () => {
  berth = new TestBerth('merge')
  forge = await TestForge.start(berth, { provider: 'gitlab' })
  const first = await forge.pushMain('Start', { 'app/web.yaml': web('production') })
  berth.start('--interval', '1h')
  await berth.synced(first)
  const request = await forge.open({ 'app/web.yaml': web('preview') })
  await forge.wasTold(request.head, /^success Healthy/)
  await forge.said(request, /runs: Healthy[\s\S]*rolling replace, no downtime/)
  await forge.close(request)
  await forge.said(request, /is gone/)
  expect(await tracesOf(berth)).toEqual(['shop'])
  expect(forge.server.problems).toEqual([])
})
