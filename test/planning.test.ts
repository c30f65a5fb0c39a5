import { describe, expect, test } from 'vitest'
import { PlanLane } from '../src/planning.ts'
import { GitError } from '../src/sync/errors.ts'
import { FakeClock } from './sim/fake-clock.ts'
import { breathe, engine, open, pass, repository, runtime, status } from './support/engine-fixture.ts'
import { branchPreviews } from './support/preview-settings.ts'

const previews = { ...branchPreviews, intervalMs: 10_000 }

const deployment = (name: string, image = 'app:1', replicas = 1, namespace = '') => `apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name}${namespace === '' ? '' : `, namespace: ${namespace}`} }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec: { containers: [{ name: main, image: "${image}" }] }
`

const row = (id = 'blue') => status().previews?.find((one) => one.id === id)
const plan = (id = 'blue') => row(id)?.merge
const actions = () => plan()?.actions.join('\n')
const comment = () => engine.previews.comment('shop', 'blue')

async function start(files: Readonly<Record<string, string>> = { 'web.yaml': deployment('web') }): Promise<void> {
  repository.push('Start', files)
  await open({ previews }).start()
  await pass(15_000)
}

describe('the plan of a merge', () => {
  test('is made anew when the target moves, and says so meanwhile', async () => {
    await start()
    const before = status().head
    repository.pushTo('preview/blue', 'Try', { 'new.yaml': deployment('new') })
    await pass(40_000)
    expect(plan()).toMatchObject({ base: before, stale: false, refused: false })
    const { promise, resolve } = Promise.withResolvers<void>()
    repository.mergeHeld = promise
    const moved = repository.push('Move on', { 'other.yaml': deployment('other') })
    await pass(40_000)
    expect(plan()).toMatchObject({ base: before, stale: true })
    expect(comment()).toContain('which has moved since')
    resolve()
    await pass(15_000)
    expect(plan()).toMatchObject({ base: moved, stale: false })
    expect(actions()).toMatch(/create pod new-/)
    // What came to the target is there already.
    expect(actions()).not.toContain('other')
    expect(runtime.pods().filter(({ namespace }) => namespace === 'shop')).toHaveLength(2)
  })

  test('names what both have changed, until they have not', async () => {
    await start()
    repository.pushTo('preview/blue', 'Try', { 'web.yaml': deployment('web', 'app:2') })
    repository.push('Scale', { 'web.yaml': deployment('web', 'app:1', 2) })
    await pass(60_000)
    expect(plan()).toMatchObject({ conflicts: ['web.yaml'], actions: [], refused: false })
    expect(comment()).toContain('**it cannot be merged**: conflicts in `web.yaml`')
    repository.pushTo('preview/blue', 'Rebase', { 'web.yaml': deployment('web', 'app:2', 2) }, { force: true })
    await pass(60_000)
    expect(plan()?.conflicts).toBeUndefined()
    expect(actions()).toMatch(/create pod web-/)
  })

  test('is of what production takes: its budget for removals, not that of previews', async () => {
    const files = Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [`${name}.yaml`, deployment(name)]))
    await start(files)
    const gone = { 'a.yaml': null, 'b.yaml': null, 'c.yaml': null }
    repository.pushTo('preview/blue', 'Remove most', gone)
    repository.pushTo('preview/green', 'Remove most\n\nBerth-Allow-Prune: yes', gone)
    repository.push('Move on', { README: 'x' })
    await pass(60_000)
    expect(engine.status().find(({ name }) => name === 'shop/blue')).toMatchObject({ sync: 'Synced' })
    expect(plan()).toMatchObject({ refused: true, actions: [] })
    expect(comment()).toContain('production would refuse it')
    expect(plan('green')).toMatchObject({ refused: false })
    expect(plan('green')?.actions.join()).toMatch(/Deployment\/a/)
  })

  test('is of the moment: what production runs is looked at again', async () => {
    await start()
    repository.pushTo('preview/blue', 'Try', { 'web.yaml': deployment('web', 'app:1', 2) })
    await pass(60_000)
    const once = repository.merges
    await pass(700_000)
    // Nothing has changed, so nothing is worked out.
    expect(repository.merges).toBe(once)
    // It goes down and stays down.
    const docker = runtime.engines.get('one')
    for (let seconds = 0; seconds < 60; seconds += 5) {
      for (const box of docker?.boxes.values() ?? []) {
        if (box.namespace === 'shop' && box.name === 'main') docker?.end(box, 1)
      }
      await pass(5_000)
    }
    expect(status().health).not.toBe('Healthy')
    expect(repository.merges).toBe(once + 1)
    expect(plan()).toMatchObject({ stale: false, refused: false })
  })

  test('has nothing of the plan that was made before it', async () => {
    const files = Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((name) => [`${name}.yaml`, deployment(name)]))
    await start(files)
    repository.pushTo('preview/blue', 'Remove and add', { 'a.yaml': null, 'new.yaml': deployment('new') })
    repository.pushTo('preview/green', 'Change', { 'b.yaml': deployment('b', 'app:2') })
    repository.pushTo('preview/red', 'Do nothing', { README: 'x' })
    await pass(60_000)
    const touched = (id: string) => new Set(plan(id)?.actions.map((action) => action.split(':', 1)[0]))
    expect(touched('blue')).toEqual(new Set(['shop/Deployment/a', 'shop/Deployment/new']))
    expect(touched('green')).toEqual(new Set(['shop/Deployment/b']))
    expect(plan('red')).toMatchObject({ actions: [], refused: false })
  })

  test('is asked for again where the repository failed', async () => {
    await start()
    repository.mergeFault = new GitError('UNREACHABLE', 'host', 'host: cannot be reached')
    repository.pushTo('preview/blue', 'Try', { 'new.yaml': deployment('new') })
    await pass(40_000)
    expect(row()).toMatchObject({ is: 'awake' })
    expect(plan()).toBeUndefined()
    repository.mergeFault = undefined
    await pass(20_000)
    expect(actions()).toMatch(/create pod new-/)
  })

  test('that cannot be made keeps no other from being made', async () => {
    await start()
    repository.pushTo('preview/one', 'Try one', { 'a.yaml': deployment('a') })
    repository.pushTo('preview/two', 'Try two', { 'b.yaml': deployment('b') })
    const merge = repository.merge.bind(repository)
    const first = (await repository.branches('preview/one'))[0]?.oid
    repository.merge = async (onto, head) => {
      if (head === first) throw new TypeError('a bug')
      return merge(onto, head)
    }
    await pass(60_000)
    expect(plan('one')).toMatchObject({ unknown: 'it failed, and the log says why', actions: [] })
    expect(plan('two')?.actions.join()).toMatch(/create pod b-/)
  })

  test('is there for one that sleeps, too', async () => {
    await start()
    repository.pushTo('preview/blue', 'Try', { 'new.yaml': deployment('new') })
    await pass(40_000)
    expect(engine.previews.answer('sleep', 'shop', 'blue').done).toBe(true)
    await pass(30_000)
    repository.push('Move on', { 'other.yaml': deployment('other') })
    await pass(40_000)
    expect(row()).toMatchObject({ is: 'asleep', merge: { stale: false, base: status().head } })
  })
})

test('a base that has other namespaces has its previews read again', async () => {
  const jobs = deployment('jobs', 'app:1', 1, 'batch')
  await start()
  repository.pushTo('preview/blue', 'Add a namespace', { README: 'x', 'jobs.yaml': jobs })
  await pass(40_000)
  const preview = () => engine.status().find(({ name }) => name === 'shop/blue')
  expect(preview()).toMatchObject({ sync: 'Refused' })
  // The same objects come to production, whose namespace it is from now on.
  repository.push('Take it over', { 'jobs.yaml': jobs })
  await pass(60_000)
  expect(preview()).toMatchObject({ sync: 'Synced', health: 'Healthy' })
  expect(runtime.pods().map(({ namespace, owner }) => `${namespace} ${owner}`)).toContain('shop-blue Deployment/jobs')
})

test('a branch whose changes are in the target has no preview any more, and says so, also after a restart', async () => {
  await start()
  repository.pushTo('preview/blue', 'Try', { 'new.yaml': deployment('new') })
  await pass(40_000)
  expect(row()).toMatchObject({ is: 'awake' })
  repository.push('Squash', { 'new.yaml': deployment('new') })
  await pass(60_000)
  const over = { is: 'none', reason: 'all that it changes is in main already: it is merged' }
  expect(row()).toMatchObject(over)
  expect(runtime.pods().filter(({ namespace }) => namespace === 'shop-blue')).toEqual([])
  // In conflict with the branch by now.
  repository.push('Go on', { 'new.yaml': deployment('new', 'app:2') })
  await pass(60_000)
  expect(row()).toMatchObject(over)
  await engine.close()
  await open({ previews }).start()
  await pass(60_000)
  expect(row()).toMatchObject(over)
  repository.pushTo('preview/blue', 'Try more', { 'more.yaml': deployment('more') })
  await pass(60_000)
  expect(row()).toMatchObject({ is: 'awake' })
})

describe('plans take turns', () => {
  test('one at a time, and each is followed by a rest', async () => {
    const time = new FakeClock()
    const lane = new PlanLane(time, () => false)
    const events: string[] = []
    const work = (name: string) =>
      lane.run(async () => {
        events.push(`${name} begins`)
        await new Promise<void>((done) => time.after(1_000, done))
        events.push(`${name} ends`)
      })
    void work('a')
    void work('b')
    await breathe()
    time.advance(1_000)
    await breathe()
    time.advance(2_999)
    await breathe()
    expect(events).toEqual(['a begins', 'a ends'])
    time.advance(1)
    await breathe()
    expect(events).toEqual(['a begins', 'a ends', 'b begins'])
  })

  test('after production, but not behind it for ever', async () => {
    const time = new FakeClock()
    let busy = true
    const lane = new PlanLane(time, () => busy)
    const done: string[] = []
    const first = lane.run(async () => done.push('first'))
    await breathe()
    time.advance(5_000)
    await breathe()
    expect(done).toEqual([])
    busy = false
    time.advance(1_000)
    await first
    busy = true
    const second = lane.run(async () => done.push('second'))
    for (let seconds = 0; seconds < 31; seconds++) {
      await breathe()
      time.advance(1_000)
    }
    await second
    expect(done).toEqual(['first', 'second'])
  })

  test('and end with the engine', async () => {
    const lane = new PlanLane(new FakeClock(), () => true)
    const waiting = lane.run(async () => 'done')
    await breathe()
    lane.close()
    expect(await waiting).toBe('done')
  })
})

test('plans that are under way end with the engine', async () => {
  await start()
  const { promise, reject } = Promise.withResolvers<void>()
  repository.mergeHeld = promise
  // As that of a real one does, which ends what it was asked.
  repository.close = async () => reject(new GitError('TIMED_OUT', 'repository', 'the repository was closed'))
  repository.pushTo('preview/blue', 'Try', { 'new.yaml': deployment('new') })
  await pass(40_000)
  // That of the plan, and that of the list.
  expect(repository.merges).toBe(2)
  await engine.close()
  expect(plan()).toBeUndefined()
})
