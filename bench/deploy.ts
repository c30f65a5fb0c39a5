// A commit with 50 pods: how long until all are ready, against a bare script that makes the same containers with the same number of
// calls under way. Argument: pairs of runs.

import { ask } from '../src/server/client.ts'
import { deployment, type TestBerth } from '../test/e2e/berth.ts'
import { atATime, Bare, type Recipe, untilServed } from './support/bare.ts'
import { countFrom, median } from './support/numbers.ts'
import { addressOf, benchEngine, endBerth, settledBerth } from './support/place.ts'

const podsPerDeployment = 25
const deployments = ['web', 'api']
const pods = podsPerDeployment * deployments.length
/** As Berth's own. */
const chainsAtATime = 4

interface Recipes {
  readonly sandbox: Recipe
  readonly main: Recipe
}

export async function run(args: readonly string[]): Promise<void> {
  const pairs = countFrom(args, 3)
  const socket = await benchEngine()
  const bare = new Bare(socket)
  try {
    const recipes = await recipesOf(socket, bare)
    const ratios: number[] = []
    for (let pair = 1; pair <= pairs; pair += 1) {
      const bareMs = await bareRun(bare, recipes)
      const berthMs = await berthRun(socket, bare)
      ratios.push(berthMs / bareMs)
      console.log(
        `${pair}: bare ${bareMs.toFixed(0)} ms, berth ${berthMs.toFixed(0)} ms, ${(berthMs / bareMs).toFixed(3)}x`,
      )
    }
    console.log(`deploy: ${median(ratios).toFixed(2)}x bare API (${pods} pods, ${pairs} pairs; target <= 1.10x)`)
  } finally {
    bare.close()
  }
}

/** One pod made by Berth says what the bare script has to make. */
async function recipesOf(socket: string, bare: Bare): Promise<Recipes> {
  const berth = await settledBerth('recipe', socket)
  try {
    await commitToReady(berth, { 'app/web.yaml': deployment({ name: 'web', replicas: 1 }) }, 1)
    const containers = await berth.containers()
    const idOf = (name: string) => containers.find(({ Labels }) => Labels['berth.dev/container'] === name)?.Id ?? ''
    return { sandbox: await bare.recipeOf(idOf('')), main: await bare.recipeOf(idOf('main')) }
  } finally {
    await endBerth(berth, (ids) => bare.remove(ids))
  }
}

async function bareRun(bare: Bare, recipes: Recipes): Promise<number> {
  const made: string[] = []
  const name = `bench-bare-${process.pid}`
  const began = performance.now()
  const network = await bare.network(name)
  try {
    const served: Promise<void>[] = []
    await atATime(chainsAtATime, Array.from({ length: pods }), async () => {
      const sandbox = await bare.sandbox(recipes.sandbox, name)
      made.push(sandbox)
      made.push(await bare.joined(recipes.main, sandbox))
      served.push(bare.address(sandbox).then((address) => untilServed(`http://${address}:8080/ready`)))
    })
    await Promise.all(served)
    return performance.now() - began
  } finally {
    await bare.remove(made.toReversed(), network)
  }
}

async function berthRun(socket: string, bare: Bare): Promise<number> {
  const berth = await settledBerth('deploy', socket)
  try {
    const files = deployments.map((name) => [`app/${name}.yaml`, deployment({ name, replicas: podsPerDeployment })])
    return await commitToReady(berth, Object.fromEntries(files), pods)
  } finally {
    await endBerth(berth, (ids) => bare.remove(ids))
  }
}

/** From the end of `git commit`; Berth is told as a webhook would. */
async function commitToReady(
  berth: TestBerth,
  files: Readonly<Record<string, string>>,
  ready: number,
): Promise<number> {
  const address = await addressOf(berth)
  const commit = berth.repository.commit('Deploy', files)
  const began = performance.now()
  await ask(address, 'POST', '/sync')
  for (;;) {
    const app = await berth.status()
    const now = app.objects.reduce((sum, object) => sum + (Number.parseInt(object.ready, 10) || 0), 0)
    if (app.commit === commit && now === ready) return performance.now() - began
    if (performance.now() - began > 300_000) throw new Error(`not ready after 5 minutes:\n${JSON.stringify(app)}`)
    await new Promise((done) => setTimeout(done, 100))
  }
}
