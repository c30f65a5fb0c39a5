import { expect, test } from 'vitest'
import { retire } from '../../src/runtime/docker/node/retire.ts'
import { RuntimeError, type RuntimeErrorCode } from '../../src/runtime/errors.ts'

const running = { id: 'c1', name: 'berth-node.main.aa', state: 'running', oldName: 'berth-node.main.aa.old' }

/** An engine with one container, that ends (`state`) in the middle of the call of this name, which then fails. */
function engine(failing: string, code: RuntimeErrorCode, state: string | undefined) {
  const calls: string[] = []
  let now: string | undefined = running.state
  const call = (name: string) => async () => {
    calls.push(name)
    if (name !== failing) return
    now = state
    throw new RuntimeError(code, running.id, 'Cannot update container c1: it is dead')
  }
  return {
    calls,
    api: {
      restartNoMore: call('restartNoMore'),
      unpause: call('unpause'),
      rename: call('rename'),
      remove: call('remove'),
    },
    stateOf: async () => now,
  }
}

test.each([
  { title: 'goes on', failing: '', state: 'running', expected: ['restartNoMore', 'rename'] },
  { title: 'ends', failing: 'restartNoMore', state: 'exited', expected: ['restartNoMore', 'remove'] },
  { title: 'is started again', failing: 'restartNoMore', state: 'restarting', expected: ['restartNoMore', 'remove'] },
  { title: 'is removed', failing: 'rename', state: undefined, expected: ['restartNoMore', 'rename', 'remove'] },
])('a container that $title meanwhile is retired', async ({ failing, state, expected }) => {
  const { api, calls, stateOf } = engine(failing, 'ENGINE_ERROR', state)
  await retire(api, running, stateOf)
  expect(calls).toEqual(expected)
})

test('one that has ended before is removed', async () => {
  const { api, calls, stateOf } = engine('', 'ENGINE_ERROR', undefined)
  await retire(api, { ...running, state: 'exited' }, stateOf)
  expect(calls).toEqual(['remove'])
})

test('a failure is told where the container runs on, or the engine does not answer', async () => {
  const stays = engine('restartNoMore', 'ENGINE_ERROR', 'running')
  await expect(retire(stays.api, running, stays.stateOf)).rejects.toThrow('Cannot update container')
  const gone = engine('restartNoMore', 'HOST_UNREACHABLE', undefined)
  await expect(retire(gone.api, running, gone.stateOf)).rejects.toThrow(RuntimeError)
  expect(gone.calls).toEqual(['restartNoMore'])
})
