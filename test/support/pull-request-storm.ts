// Pull requests of friends and strangers that change at random, while calls fail and answers are lost.
import { expect } from 'vitest'
import type { PreviewSettings } from '../../src/settings.ts'
import { Dice } from '../sim/dice.ts'
import { engine, open, pass, repository, runtime, status } from './engine-fixture.ts'
import { FakePullRequests } from './fake-pull-requests.ts'
import { branchPreviews } from './preview-settings.ts'

const maxAwake = 3
const previews: PreviewSettings = {
  ...{ ...branchPreviews, provider: 'github', labels: ['preview'], max: 6, maxAwake, intervalMs: 1_000 },
  ...{ ttlMs: 60_000, sleepAfterMs: 15_000 },
}
/** What was decided may show itself so much later, as calls are under way. */
const lateMs = 1_500
const tickMs = 250

const web = (image: string) => `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: main, image: "${image}" }] }
`

type Act = (number: number, forge: FakePullRequests, dice: Dice) => unknown

const stranger = { fork: true, author: 'eve', authorMayWrite: false }
const image = (dice: Dice) => ({ 'web.yaml': web(dice.chance(0.3) ? 'none:1' : `app:${dice.between(1, 2)}`) })
const acts: readonly Act[] = [
  (number, forge, dice) => forge.push(number, image(dice), { force: dice.chance(0.3) }),
  ...Array<Act>(4).fill((number, forge) => forge.approve(number)),
  (number, forge) => forge.approve(number, { id: `label of ${number}`, commit: undefined }),
  (number, forge) => forge.change(number, { approvals: [] }),
  (number, forge, dice) => forge.change(number, { labels: dice.chance(0.85) ? ['preview'] : [] }),
  (number, forge, dice) => forge.change(number, { labels: ['preview', dice.chance(0.3) ? 'sleep' : 'keep'] }),
  (number, forge, dice) => forge.change(number, { draft: dice.chance(0.15) }),
  (number, forge, dice) => forge.change(number, { targetBranch: dice.chance(0.15) ? 'release' : 'main' }),
  (number, forge, dice) => forge.change(number, { authorMayWrite: dice.chance(0.5) ? undefined : !stranger.fork }),
  ...Array<Act>(3).fill((number) => engine.previews.answer('wake', 'shop', `pr-${number}`)),
  (number) => engine.previews.answer('sleep', 'shop', `pr-${number}`),
  (number) => engine.previews.answer('delete', 'shop', `pr-${number}`),
  (number, forge) => forge.shut(number),
  (number, forge) => forge.shut(number),
]

/**
 * Plays `steps` changes of up to `count` pull requests, with restarts and a forge that does not answer at times. At no moment a pod is made
 * for one that nobody let in, more are awake than may be, or a pod of production is touched; in the end nothing is left.
 */
export async function pullRequestStorm(seed: number, steps: number, count: number): Promise<void> {
  const dice = new Dice(seed)
  const forge = new FakePullRequests(() => repository)
  const facts = runtime.hostFacts.bind(runtime)
  runtime.hostFacts = () => facts().map((host) => ({ ...host, network: { ...host.network, mode: 'services' } }))
  const start = () => open({ previews }, [], { pullRequests: () => forge }).start()
  repository.push('Start', { 'web.yaml': web('app:1') })
  await start()
  await pass(3_000)
  runtime.faults = { before: 0.05, after: 0.05 }
  const watch = new Watch()
  for (let step = 0; step < steps; step++) {
    forge.trouble = dice.chance(0.1) ? new Error('502') : undefined
    const number = dice.between(1, count)
    if (forge.find(number)) dice.pick(acts)?.(number, forge, dice)
    else forge.open(number, image(dice), { labels: ['preview'], ...(dice.chance(0.6) ? stranger : {}) })
    const when = `seed ${seed}, step ${step}`
    watch.look(when)
    for (let tick = dice.between(1, 8); tick > 0; tick--) {
      await pass(tickMs)
      watch.passed(tickMs)
      watch.look(when)
    }
    if (step % 25 !== 24) continue
    await engine.close()
    runtime.restart()
    await start()
  }
  expect(watch.made).toBeGreaterThan(steps / 25)
  expect(watch.kept).toBeGreaterThan(0)
  forge.trouble = undefined
  for (const number of forge.numbers) forge.shut(number)
  runtime.faults = { before: 0, after: 0 }
  await pass(400_000)
  expect(traces()).toEqual([])
  expect(status()).toMatchObject({ sync: 'Synced', health: 'Healthy', previews: [] })
}

/** What has to hold at every moment. */
class Watch {
  /** Pods of previews that were seen being made, and moments at which a stranger was kept out. */
  made = 0
  kept = 0
  readonly #production = podsOf('shop')
  #pods = new Set<string>()
  /** Namespaces of previews that may have pods -> how long ago that was so, ms. */
  #awake = new Map<string, number>()

  passed(ms: number): void {
    const ago = [...this.#awake].map(([namespace, before]) => [namespace, before + ms] as const)
    this.#awake = new Map(ago.filter(([, before]) => before <= lateMs))
  }

  look(when: string): void {
    const rows = status().previews ?? []
    const awake = rows.filter(({ is }) => is === 'awake')
    expect(awake.length, when).toBeLessThanOrEqual(maxAwake)
    this.kept += rows.filter(({ is }) => is === 'unapproved').length
    for (const { namespace } of awake) this.#awake.set(namespace, 0)
    const pods = previewPods()
    const fresh = pods.filter((pod) => !this.#pods.has(pod))
    this.made += fresh.length
    const bad = fresh.filter((pod) => !this.#awake.has(pod.split('/')[0] ?? ''))
    expect(bad, `${when}: ${rows.map(({ id, is }) => `${id} ${is}`).join()}`).toEqual([])
    this.#pods = new Set(pods)
    expect(podsOf('shop'), when).toEqual(this.#production)
  }
}

function previewPods(): string[] {
  return runtime.pods().flatMap(({ namespace, name }) => (namespace === 'shop' ? [] : [`${namespace}/${name}`]))
}

function podsOf(namespace: string): string[] {
  return runtime.pods().flatMap((pod) => (pod.namespace === namespace ? [`${pod.name} ${pod.leaving}`] : []))
}

function traces(): string[] {
  const volumes = runtime.volumes().map(({ namespace, subject }) => `${namespace} ${subject}`)
  const networks = runtime.hostFacts().flatMap((host) => [...host.networks].filter((name) => name !== 'shop'))
  return [...previewPods(), ...volumes, ...networks]
}
