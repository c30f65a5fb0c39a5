import { RuntimeError } from '../../errors.ts'
import type { HostApi } from '../host-api.ts'

/** A container that another one took over from. */
export interface Retiring {
  readonly id: string
  readonly name: string
  /** As Docker calls it. */
  readonly state: string
  /** What it is called once it is retired. */
  readonly oldName: string
}

type Engine = Pick<HostApi, 'remove' | 'restartNoMore' | 'unpause' | 'rename'>

/**
 * Lets a container finish by itself, and removes it when it has ended. It may end in between, which the engine answers in many ways: so what
 * counts is not the answer but the state after it. `stateOf` tells that; undefined: it is gone. Throws a RuntimeError if it goes on to run as
 * before.
 */
export async function retire(
  engine: Engine,
  { id, name, state, oldName }: Retiring,
  stateOf: (id: string) => Promise<string | undefined>,
): Promise<void> {
  if (!runs(state)) return engine.remove(id)
  try {
    await engine.restartNoMore(id)
    if (state === 'paused') await engine.unpause(id)
    if (name !== oldName) await engine.rename(id, oldName)
  } catch (error) {
    if (!(error instanceof RuntimeError) || error.code === 'HOST_UNREACHABLE') throw error
    const now = await stateOf(id)
    if (now !== undefined && runs(now)) throw error
    await engine.remove(id)
  }
}

/** Docker may be about to start one again that has ended, as it was told before. */
function runs(state: string): boolean {
  return state === 'running' || state === 'paused'
}
