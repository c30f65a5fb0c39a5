import { expect, test, vi } from 'vitest'
import { breathe, clock, engine, open, pass, repository, runtime } from './support/engine-fixture.ts'

/** Opens when told. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { opened: promise, open: resolve }
}

/** Nothing was left behind that asks the remote, or keeps the process. */
async function expectNothingGoesOn(): Promise<void> {
  await breathe()
  const fetched = vi.spyOn(repository, 'fetch')
  await pass(60_000)
  expect(fetched).not.toHaveBeenCalled()
  expect(clock.next()).toBeUndefined()
}

test('an engine that is closed leaves no timer', async () => {
  repository.push('Start', {})
  await open().start()
  await pass(1_000)
  await engine.close()
  await expectNothingGoesOn()
})

test('one that is closed before its host has answered follows nothing', async () => {
  repository.push('Start', {})
  const host = gate()
  const start = runtime.start.bind(runtime)
  runtime.start = () => host.opened.then(start)
  const started = open().start()
  await breathe()
  await engine.close()
  host.open()
  await started
  await expectNothingGoesOn()
})

test('one that is closed while it takes up what there was follows nothing', async () => {
  repository.push('Start', {})
  await open().start()
  await pass(1_000)
  await engine.close()
  const store = gate()
  const openRepository = () => store.opened.then(() => repository)
  const closed = vi.spyOn(repository, 'close')
  const started = open({}, [], { openRepository }).start()
  await breathe()
  await engine.close()
  store.open()
  await started
  await expectNothingGoesOn()
  expect(closed).toHaveBeenCalledOnce()
})

test('a repository that is opened while the engine is closed is closed', async () => {
  repository.push('Start', {})
  const store = gate()
  const openRepository = () => store.opened.then(() => repository)
  const closed = vi.spyOn(repository, 'close')
  await open({}, [], { openRepository }).start()
  await breathe()
  const ended = engine.close()
  await breathe()
  store.open()
  await ended
  await expectNothingGoesOn()
  expect(closed).toHaveBeenCalledOnce()
})
