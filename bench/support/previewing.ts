// A Berth that runs the example shop in production, and one pull request of it, opened and closed again and again.
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pauseImage } from '../../scripts/demo/images.ts'
import type { AppStatus } from '../../src/report/status.ts'
import { ask } from '../../src/server/client.ts'
import { TestBerth } from '../../test/e2e/berth.ts'
import { closeServices } from '../../test/e2e/network.ts'
import { engineJson } from '../../test/support/engine-call.ts'
import { testNodeImage } from '../../test/support/node-image.ts'
import { atATime, type Bare, type Recipe, untilServed } from './bare.ts'
import { addressOf, endBerth } from './place.ts'

const example = resolve(import.meta.dirname, '../../manifests-example/shop')
const branch = 'preview/bench'
const namespace = 'app-bench'
const app = 'app/bench'
/** Of the web and of the api. */
const pods = 5
/** As Berth's own. */
const chainsAtATime = 4
const patienceMs = 120_000
/** Second number of the range of pods; the next one is that of Services. */
const range = 196

/** Of the two containers of a pod. */
export interface PodRecipe {
  readonly sandbox: Recipe
  readonly main: Recipe
}

/** From the push of the branch, ms. */
export interface Opened {
  /** Until Berth was told, as by a webhook. */
  readonly heardMs: number
  readonly firstMs: number
  readonly readyMs: number
}

export interface Left {
  readonly containers: number
  readonly networks: number
  readonly volumes: number
}

export class PreviewBench {
  readonly #berth: TestBerth
  readonly #mode: TestBerth['network']
  /** Of the pull request. */
  #commit = ''

  private constructor(berth: TestBerth, mode: TestBerth['network']) {
    this.#berth = berth
    this.#mode = mode
  }

  /** With production running. */
  static async open(socket: string, mode: TestBerth['network']): Promise<PreviewBench> {
    const berth = new TestBerth(`bench-preview-${mode}`, socket)
    berth.network = mode
    const ranges = { podCIDR: `10.${range}.0.0/16`, serviceCIDR: `10.${range + 1}.0.0/16`, nodeImage: testNodeImage }
    const network = mode === 'names' ? {} : { ...ranges, ingress: { httpPort: 0, httpsPort: 0 } }
    const previews = { provider: 'branches', host: '{{id}}.shop.localhost', interval: '1h' }
    berth.configure({}, network, { previews })
    const files = readdirSync(example).map(
      (file) => [`app/${file}`, readFileSync(join(example, file), 'utf8')] as const,
    )
    const first = berth.repository.commit('Open the shop', Object.fromEntries(files))
    // With its images beside it, whatever the tests use.
    berth.start('--interval', '1h', '--log-level', 'warn', '--pause-image', pauseImage)
    await berth.synced(first, patienceMs)
    return new PreviewBench(berth, mode)
  }

  /** Another head each time: nothing of it was read before. */
  async openPullRequest(): Promise<Opened> {
    const { repository } = this.#berth
    const address = await addressOf(this.#berth)
    repository.git('checkout', '-q', '-B', 'work', 'main')
    const greeting = `  GREETING: Fresh fish, ${performance.now()}`
    const config = readFileSync(join(example, 'config.yaml'), 'utf8').replace(/^ {2}GREETING: .*$/m, greeting)
    this.#commit = repository.commit('Greet', { 'app/config.yaml': config })
    repository.git('checkout', '-q', 'main')
    const began = performance.now()
    repository.git('branch', '-q', '-f', branch, this.#commit)
    await ask(address, 'POST', '/sync')
    const heardMs = performance.now() - began
    let firstMs: number | undefined
    await until('the preview ready', async () => {
      if (firstMs === undefined && (await this.#left()).containers > 0) firstMs = performance.now() - began
      return firstMs !== undefined && (await this.#isReady(address))
    })
    return { heardMs, firstMs: firstMs!, readyMs: performance.now() - began }
  }

  async #isReady(address: string): Promise<boolean> {
    const { apps } = JSON.parse(await ask(address, 'GET', '/status')) as { apps: AppStatus[] }
    const found = apps.find(({ name }) => name === app)
    if (!found || found.commit !== this.#commit || found.health !== 'Healthy') return false
    const workloads = found.objects.filter(({ kind }) => kind === 'Deployment')
    return workloads.reduce((sum, { ready }) => sum + (Number.parseInt(ready, 10) || 0), 0) === pods
  }

  /** Answers how long it took until Docker had nothing of it any more. */
  async closePullRequest(): Promise<{ removalMs: number; left: Left }> {
    const address = await addressOf(this.#berth)
    const began = performance.now()
    this.#berth.repository.git('branch', '-q', '-D', branch)
    await ask(address, 'POST', '/sync')
    await until('nothing left', async () => sum(await this.#left()) === 0).catch((error: Error) => {
      console.log(error.message)
    })
    return { removalMs: performance.now() - began, left: await this.#left() }
  }

  /** One for each pod. */
  async recipes(bare: Bare): Promise<PodRecipe[]> {
    const all = await this.#berth.containers({ 'berth.dev/namespace': namespace })
    const names = [...new Set(all.map(({ Labels }) => Labels['berth.dev/pod'] ?? ''))].sort()
    return Promise.all(
      names.map(async (name) => {
        const own = all.filter(({ Labels }) => Labels['berth.dev/pod'] === name)
        const [sandbox] = own.filter(({ Labels }) => Labels['berth.dev/container'] === '')
        const [main] = own.filter(({ Labels }) => Labels['berth.dev/container'] !== '')
        if (!sandbox || !main) throw new Error(`expected two containers of pod ${name}, found ${own.length}`)
        return { sandbox: await bare.recipeOf(sandbox.Id), main: await bare.recipeOf(main.Id) }
      }),
    )
  }

  async close(bare: Bare): Promise<void> {
    if (this.#mode === 'services') await closeServices(this.#berth, { range })
    else await endBerth(this.#berth, (ids) => bare.remove(ids))
  }

  async #left(): Promise<Left> {
    const { id, socket } = this.#berth
    const label = [`berth.dev/engine=${id}`, `berth.dev/namespace=${namespace}`]
    const filters = encodeURIComponent(JSON.stringify({ label }))
    const [containers, networks, { Volumes: volumes }] = await Promise.all([
      this.#berth.containers({ 'berth.dev/namespace': namespace }),
      engineJson<unknown[]>(socket, 'GET', `/networks?filters=${filters}`),
      engineJson<{ Volumes: unknown[] | null }>(socket, 'GET', `/volumes?filters=${filters}`),
    ])
    return { containers: containers.length, networks: networks.length, volumes: volumes?.length ?? 0 }
  }
}

/** The containers of these pods in a network of their own, until all of them serve; ms. */
export async function bareShop(bare: Bare, recipes: readonly PodRecipe[]): Promise<number> {
  const made: string[] = []
  const name = `bench-bare-${process.pid}`
  const began = performance.now()
  const network = await bare.network(name)
  try {
    const served: Promise<void>[] = []
    await atATime(chainsAtATime, recipes, async (recipe) => {
      const sandbox = await bare.sandbox(recipe.sandbox, name)
      made.push(sandbox)
      made.push(await bare.joined(recipe.main, sandbox))
      served.push(bare.address(sandbox).then((address) => untilServed(`http://${address}:8080/ready`)))
    })
    await Promise.all(served)
    return performance.now() - began
  } finally {
    await bare.remove(made.toReversed(), network)
  }
}

function sum({ containers, networks, volumes }: Left): number {
  return containers + networks + volumes
}

/** Looks every 20 ms. */
async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + patienceMs
  while (performance.now() < end) {
    if (await holds()) return
    await new Promise((done) => setTimeout(done, 20))
  }
  throw new Error(`expected within ${patienceMs / 1000} s: ${what}`)
}
