import type { LoadCount, LoadFailure, LoadPath, LoadPlan, LoadResult, RequestSeen } from '../../test/support/load.ts'
import { Connection, Unanswered } from '../../test/support/load-client.ts'
import { LoadRunner } from './load-runner.ts'
import { type Shop, shopModes } from './load-shop.ts'
import { Timeline } from './load-timeline.ts'

/** How long a way may take to be served at the start, ms. */
const longestStart = 30_000

export type Clients = LoadPlan['clients']

/** Loads on one shop, and what is known of what happened meanwhile. */
export class Scene {
  readonly shop: Shop
  readonly timeline: Timeline
  readonly #paths: readonly LoadPath[]
  readonly #podPaths: readonly LoadPath[]
  readonly #inside: readonly string[] | undefined
  /** Ways that nobody serves. */
  readonly unserved: readonly string[]
  #runners: LoadRunner[] = []
  #version = 0

  private constructor(shop: Shop, served: readonly LoadPath[], inside: readonly string[] | undefined) {
    this.shop = shop
    this.timeline = new Timeline(shop.berth.socket, shop.berth.id)
    this.#paths = served
    this.#inside = inside
    this.#podPaths = inside === undefined ? [] : shop.podPaths()
    const names = new Set(served.map(({ name }) => name))
    this.unserved = shop.paths().flatMap(({ name }) => (names.has(name) ? [] : [name]))
  }

  /** Once the first pods are ready and all ways that are served answer. The shop is closed with it. */
  static async open(shop: Shop): Promise<Scene> {
    try {
      shop.start()
      await shop.roll('Begin', {})
      const end = Date.now() + longestStart
      const paths = shop.paths()
      const served = await Promise.all(paths.map((path) => answers(path, end)))
      const inside = await shop.insideClient()
      return new Scene(
        shop,
        paths.filter((_path, at) => served[at]),
        inside,
      )
    } catch (error) {
      await shop.close()
      throw error
    }
  }

  /** A number that no version had before. */
  next(): string {
    this.#version += 1
    return String(this.#version)
  }

  /** Ways through what a Service gets that does not say how it is to be carried get all clients, the others one of each. */
  begin(clients: Clients): void {
    const few = Object.fromEntries(Object.keys(clients).map((manner) => [manner, 1]))
    const [main, others] = [this.#paths.filter(isMain), this.#paths.filter((path) => !isMain(path))]
    this.#runners = [new LoadRunner({ paths: main, clients }), new LoadRunner({ paths: others, clients: few })]
    if (this.#inside) this.#runners.push(new LoadRunner({ paths: this.#podPaths, clients: few }, this.#inside))
  }

  async underWay(): Promise<readonly RequestSeen[]> {
    return (await Promise.all(this.#runners.map((runner) => runner.underWay()))).flat()
  }

  async end(): Promise<LoadResult> {
    const results = await Promise.all(this.#runners.map((runner) => runner.end()))
    this.#runners = []
    return { counts: results.flatMap(({ counts }) => counts), failures: results.flatMap(({ failures }) => failures) }
  }

  async close(): Promise<void> {
    for (const runner of this.#runners) runner.kill()
    this.timeline.close()
    await this.shop.close()
  }
}

/** Whether the way is one of a Service that does not say how it is to be carried. */
export function isMain({ name }: { readonly name: string }): boolean {
  return !shopModes.some((mode) => mode !== '' && name.split(' ').includes(mode))
}

async function answers(path: LoadPath, end: number): Promise<boolean> {
  while (Date.now() < end) {
    try {
      const connection = await Connection.open(path)
      const asked = { method: 'GET', path: '/', host: path.header ?? path.host, last: true } as const
      if ((await connection.ask(asked)).status === 200) return true
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error
    }
    await new Promise((done) => setTimeout(done, 200))
  }
  return false
}

/** One line a way. */
export function renderCounts(counts: readonly LoadCount[]): string[] {
  const names = [...new Set(counts.map(({ path }) => path))]
  const width = Math.max(...names.map((name) => name.length))
  return names.map((name) => {
    const own = counts.filter(({ path }) => path === name)
    const manners = own.map(
      ({ manner, answers, failed }) => `${manner} ${answers}${failed > 0 ? ` (${failed} FAILED)` : ''}`,
    )
    const slowest = Math.max(...own.filter(({ manner }) => isQuick(manner)).map(({ slowestMs }) => slowestMs), 0)
    const closed = own.reduce((sum, one) => sum + one.closed, 0)
    return `  ${name.padEnd(width)}  ${manners.join(', ')}; slowest GET ${slowest.toFixed(0)} ms, ${closed} connections closed when idle`
  })
}

function isQuick(manner: LoadCount['manner']): boolean {
  return manner !== 'upload' && manner !== 'slow'
}

/** The first failures of each kind, with what happened around them. */
export function renderFailures(failures: readonly LoadFailure[], timeline: Timeline, most: number): string[] {
  const kinds = Map.groupBy(failures, ({ path, manner, error }) => `${path}, ${manner}: ${error}`)
  return [...kinds].flatMap(([kind, all], number) => {
    const [first] = all
    if (!first) return []
    const repeatable = all.filter((one) => one.repeatable).length
    const head = `  ${all.length} x ${kind} (${repeatable} of them on a used connection before any answer)`
    const when = `    the first at ${new Date(first.ended).toISOString()} after ${(first.ended - first.began).toFixed(0)} ms`
    return number < most ? [head, when, ...timeline.around(first.ended).map((line) => `      ${line}`)] : [head]
  })
}
