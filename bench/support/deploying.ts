// A commit with 50 pods: how long until all are ready, against a bare script that makes the same containers with the same number of
// calls under way.

import { ask } from '../../src/server/client.ts'
import { deployment, type TestBerth } from '../../test/e2e/berth.ts'
import { tar } from '../../test/support/tar.ts'
import { atATime, Bare, type Recipe, untilServed } from './bare.ts'
import { countFrom, median } from './numbers.ts'
import { addressOf, benchEngine, endBerth, settledBerth } from './place.ts'

const podsPerDeployment = 25
const deployments = ['web', 'api']
const pods = podsPerDeployment * deployments.length
/** As Berth's own. */
const chainsAtATime = 4

interface Recipes {
  readonly sandbox: Recipe
  readonly main: Recipe
}

/** What every pod of a run has. */
export interface PodKind {
  readonly name: string
  readonly target: string
  /** A file of a ConfigMap, in a volume of each pod's own. */
  readonly config?: string
}

export async function measure(kind: PodKind, args: readonly string[]): Promise<void> {
  const pairs = countFrom(args, 3)
  const socket = await benchEngine()
  const bare = new Bare(socket)
  try {
    const recipes = await recipesOf(socket, bare, kind)
    const ratios: number[] = []
    for (let pair = 1; pair <= pairs; pair += 1) {
      const bareMs = await bareRun(bare, recipes, kind)
      const berthMs = await berthRun(socket, bare, kind)
      ratios.push(berthMs / bareMs)
      console.log(
        `${pair}: bare ${bareMs.toFixed(0)} ms, berth ${berthMs.toFixed(0)} ms, ${(berthMs / bareMs).toFixed(3)}x`,
      )
    }
    console.log(
      `${kind.name}: ${median(ratios).toFixed(2)}x bare API (${pods} pods, ${pairs} pairs; target ${kind.target})`,
    )
  } finally {
    bare.close()
  }
}

/** One pod made by Berth says what the bare script has to make. */
async function recipesOf(socket: string, bare: Bare, kind: PodKind): Promise<Recipes> {
  const berth = await settledBerth('recipe', socket)
  try {
    await commitToReady(berth, { 'app/web.yaml': manifest('web', 1, kind) }, 1)
    const containers = await berth.containers()
    const idOf = (name: string) => containers.find(({ Labels }) => Labels['berth.dev/container'] === name)?.Id ?? ''
    return { sandbox: await bare.recipeOf(idOf('')), main: await bare.recipeOf(idOf('main')) }
  } finally {
    await endBerth(berth, (ids) => bare.remove(ids))
  }
}

async function bareRun(bare: Bare, recipes: Recipes, kind: PodKind): Promise<number> {
  const made: string[] = []
  const volumes: string[] = []
  const name = `bench-bare-${process.pid}`
  const began = performance.now()
  const network = await bare.network(name)
  try {
    const served: Promise<void>[] = []
    await atATime(
      chainsAtATime,
      Array.from({ length: pods }, (_one, number) => number),
      async (number) => {
        const files =
          kind.config === undefined ? undefined : { volume: `${name}-${number}`, archive: archiveOf(kind.config) }
        const sandbox = await bare.sandbox(recipes.sandbox, name, files)
        made.push(sandbox)
        if (files) volumes.push(files.volume)
        made.push(await bare.joined(recipes.main, sandbox, files?.volume))
        served.push(bare.address(sandbox).then((address) => untilServed(`http://${address}:8080/ready`)))
      },
    )
    await Promise.all(served)
    return performance.now() - began
  } finally {
    await bare.remove(made.toReversed(), network)
    for (const volume of volumes) await bare.call('DELETE', `/volumes/${volume}`)
  }
}

async function berthRun(socket: string, bare: Bare, kind: PodKind): Promise<number> {
  const berth = await settledBerth('deploy', socket)
  try {
    const files = deployments.map((name) => [`app/${name}.yaml`, manifest(name, podsPerDeployment, kind)])
    return await commitToReady(berth, Object.fromEntries(files), pods)
  } finally {
    await endBerth(berth, (ids) => bare.remove(ids))
  }
}

function manifest(name: string, replicas: number, { config }: PodKind): string {
  if (config === undefined) return deployment({ name, replicas })
  const mounts = '          volumeMounts: [{ name: config, mountPath: /etc/web }]'
  const volumes = `      volumes: [{ name: config, configMap: { name: ${name} } }]`
  const map = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { 'web.conf': config } })
  return `${deployment({ name, replicas, more: `${mounts}\n${volumes}` })}---\n${map}\n`
}

/** As Kubernetes lays out a ConfigMap's files. */
function archiveOf(config: string): Buffer {
  return tar([
    { path: '..v1', folder: true },
    { path: '..v1/web.conf', content: config },
    { path: '..data', link: '..v1' },
    { path: 'web.conf', link: '..data/web.conf' },
  ])
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
