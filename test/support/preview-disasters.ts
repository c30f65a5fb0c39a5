// A crowd of previews beside a production that rolls, on a machine whose Docker and whose Berth die at any moment.
import { expect } from 'vitest'
import type { LiveContainer } from '../../src/runtime/live.ts'
import type { PreviewSettings } from '../../src/settings.ts'
import { Dice } from '../sim/dice.ts'
import { breathe, clock, engine, journal, open, pass, repository, runtime, status } from './engine-fixture.ts'
import { Mortal } from './mortal.ts'
import { branchPreviews } from './preview-settings.ts'

const previews: PreviewSettings = { ...branchPreviews, max: 100, maxAwake: 100, intervalMs: 1_000 }
const replicas = 3
const mostOfProduction = replicas + 1

const web = (image: string, count: number, level: number) => `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: ${count}
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: main, image: "${image}", env: [{ name: LEVEL, value: "${level}" }] }] }
`
const database = `apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db }
spec:
  serviceName: db
  selector: { matchLabels: { app: db } }
  template:
    metadata: { labels: { app: db } }
    spec:
      containers: [{ name: main, image: "app:1", volumeMounts: [{ name: data, mountPath: /data }] }]
  volumeClaimTemplates:
    - metadata: { name: data }
      spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
`

/** How often each thing happened that is to be seen to. */
interface Seen {
  /** Berth was killed in the middle of a look. */
  killed: number
  /** Then previews had no pods yet, while production was rolling. */
  waiting: number
  /** Docker died while previews were being made or removed. */
  crowds: number
  /** An answer was lost while a preview was being removed. */
  lost: number
}

/** Plays `steps` of that with up to `names` previews; those that are open come up in the end, and once they are closed nothing is left. */
export async function previewDisasters(seed: number, steps: number, names: number): Promise<void> {
  const storm = new Storm(seed, names)
  await storm.begin()
  for (let step = 0; step < steps; step += 1) await storm.step()
  await storm.comeUp()
  await storm.goAway()
  for (const [what, times] of Object.entries(storm.seen)) expect(times, what).toBeGreaterThan(0)
}

class Storm {
  readonly seen: Seen = { killed: 0, waiting: 0, crowds: 0, lost: 0 }
  readonly #dice: Dice
  readonly #names: number
  readonly #there = new Set<string>()
  #process = new Mortal()
  #level = 1

  constructor(seed: number, names: number) {
    this.#dice = new Dice(seed)
    this.#names = names
  }

  async begin(): Promise<void> {
    repository.push('Start', { 'web.yaml': web('app:1', replicas, 1) })
    await this.#start()
    await pass(6_000)
  }

  async step(): Promise<void> {
    const dice = this.#dice
    for (let count = dice.between(1, 4); count > 0; count -= 1) this.#pushOrDrop()
    if (dice.chance(0.3)) this.#roll()
    if (dice.chance(0.2)) this.#dockerDies()
    else if (this.#docker.reachable === false && dice.chance(0.5)) this.#dockerComesBack()
    if (dice.chance(0.15)) this.#process.killIn = dice.between(1, 12)
    runtime.faults = dice.chance(0.2) ? { before: 0.1, after: 0.4 } : { before: 0.02, after: 0.02 }
    await this.#pass(dice.between(1, 12))
  }

  /** What is open runs, and production, too. */
  async comeUp(): Promise<void> {
    this.#calm()
    await pass(150_000)
    const wanted = [...this.#there].sort().map((name) => `shop/${name} Synced Healthy`)
    const found = engine.status().map(({ name, sync, health }) => `${name} ${sync} ${health}`)
    expect(found.sort()).toEqual(['shop Synced Healthy', ...wanted].sort())
    const running = runtime.pods().filter(({ sandbox, leaving }) => sandbox?.state === 'running' && !leaving)
    const withPods = new Set(running.map(({ namespace }) => namespace))
    expect([...withPods].sort()).toEqual(['shop', ...[...this.#there].map((name) => `shop-${name}`)].sort())
  }

  async goAway(): Promise<void> {
    for (const name of this.#there) repository.drop(`preview/${name}`)
    await pass(120_000)
    const own = ({ namespace }: { readonly namespace: string }) => namespace !== 'shop'
    expect(runtime.pods().filter(own)).toEqual([])
    expect(runtime.volumes().filter(own)).toEqual([])
    expect([...this.#docker.networks]).toEqual(['shop'])
    expect(engine.status().map(({ name, health }) => `${name} ${health}`)).toEqual(['shop Healthy'])
    expect(status().previews).toEqual([])
  }

  get #docker() {
    return runtime.engines.get('one')!
  }

  #pushOrDrop(): void {
    const name = `b${this.#dice.between(1, this.#names)}`
    if (this.#there.delete(name)) {
      repository.drop(`preview/${name}`)
      return
    }
    this.#there.add(name)
    const files = { 'web.yaml': web('app:2', this.#dice.between(1, 2), 0), 'db.yaml': database }
    repository.pushTo(`preview/${name}`, 'Try', files)
  }

  #roll(): void {
    this.#level += 1
    repository.push('Roll', { 'web.yaml': web('app:1', replicas, this.#level) })
  }

  /** All containers end; nobody answers for a while. */
  #dockerDies(): void {
    if (this.#isCrowded()) this.seen.crowds += 1
    this.#docker.restart()
    this.#docker.reachable = false
    runtime.tellAll()
  }

  #dockerComesBack(): void {
    this.#docker.reachable = true
    runtime.tellAll()
  }

  /** Some previews are on their way. */
  #isCrowded(): boolean {
    const others = runtime.pods().filter(({ namespace }) => namespace !== 'shop')
    const isUnready = (one: LiveContainer) => one.state !== 'running' || !one.health.ready
    return others.filter(({ leaving, containers }) => leaving || containers.some(isUnready)).length > 2
  }

  async #pass(quarters: number): Promise<void> {
    for (let quarter = 0; quarter < quarters; quarter += 1) {
      const before = runtime.pods().filter(({ leaving }) => leaving).length
      await breathe()
      if (before > 0 && runtime.faults.after > 0.1) this.seen.lost += 1
      if (this.#previewsWait() && this.#dice.chance(0.2)) this.#process.kill()
      if (this.#process.isDead) await this.#restart()
      this.#look()
      clock.advance(250)
    }
    await breathe()
  }

  #look(): void {
    const production = runtime.pods().filter(({ namespace, leaving }) => namespace === 'shop' && !leaving)
    expect(production.length).toBeLessThanOrEqual(mostOfProduction)
    const known = new Set(['shop', ...Array.from({ length: this.#names }, (_none, index) => `shop-b${index + 1}`)])
    expect(runtime.pods().filter(({ namespace }) => !known.has(namespace))).toEqual([])
  }

  /** Production rolls, so that previews wait for its pauses. */
  #previewsWait(): boolean {
    const made = new Set(runtime.pods().map(({ namespace }) => namespace))
    const rolls = runtime.pods().some(({ namespace, leaving }) => namespace === 'shop' && leaving)
    return rolls && [...this.#there].some((name) => !made.has(`shop-${name}`))
  }

  async #restart(): Promise<void> {
    this.seen.killed += 1
    if (this.#previewsWait()) this.seen.waiting += 1
    runtime.restart()
    await this.#start()
  }

  async #start(): Promise<void> {
    this.#process = new Mortal()
    const own = this.#process
    const parts = { runtime: own.runtime(runtime), clock: own.clock(clock), journal: own.journal(journal) }
    await open({ previews }, [], parts).start()
  }

  #calm(): void {
    runtime.faults = { before: 0, after: 0 }
    this.#process.killIn = undefined
    this.#dockerComesBack()
  }
}
