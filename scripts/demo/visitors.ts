import { Load } from '../../test/support/load.ts'

const clients = { keep: 4, idle: 2, new: 4 } as const

/** `failed`: requests without a complete answer of status 200. */
export interface Visits {
  readonly requests: number
  readonly failed: number
  readonly slowestMs: number
  readonly errors: readonly string[]
}

/**
 * People in the shop while something is done: some stay on one connection, some come anew each time. Each request of theirs is counted.
 * They go once they have what they asked for, or when that something fails.
 */
export async function visited(port: number, work: () => Promise<void>): Promise<Visits> {
  const load = new Load({ paths: [{ name: 'shop', host: '127.0.0.1', port }], clients })
  try {
    await work()
    await load.more(100)
  } catch (error) {
    await load.end()
    throw error
  }
  const { counts, failures } = await load.end()
  return {
    requests: counts.reduce((sum, { answers, failed }) => sum + answers + failed, 0),
    failed: failures.length,
    slowestMs: Math.max(...counts.map((count) => count.slowestMs)),
    errors: [...new Set(failures.map(({ error }) => error))],
  }
}
