import { Load } from '../../test/support/load.ts'

const clients = { keep: 4, idle: 2, new: 4 } as const

/** People in the shop: some stay on one connection, some come anew each time. Each request of theirs is counted. */
export class Visitors {
  readonly #load: Load

  constructor(port: number) {
    this.#load = new Load({ paths: [{ name: 'shop', host: '127.0.0.1', port }], clients })
  }

  /** They go once they have what they asked for. `failed`: requests without a complete answer of status 200. */
  async leave(): Promise<{ requests: number; failed: number; slowestMs: number; errors: string[] }> {
    await this.#load.more(100)
    const { counts, failures } = await this.#load.end()
    return {
      requests: counts.reduce((sum, { answers, failed }) => sum + answers + failed, 0),
      failed: failures.length,
      slowestMs: Math.max(...counts.map((count) => count.slowestMs)),
      errors: [...new Set(failures.map(({ error }) => error))],
    }
  }
}
