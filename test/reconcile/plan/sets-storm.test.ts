// Bad days for sets whose pods have names or hosts of their own: what must never happen, and how it ends.
import { describe, expect, test } from 'vitest'
import type { StatefulSetSpec } from '../../../src/manifests/types.ts'
import type { Action, Plan } from '../../../src/reconcile/plan/action.ts'
import type { View } from '../../../src/reconcile/plan/desired.ts'
import { ideal } from '../../../src/reconcile/plan/forecast.ts'
import { plan } from '../../../src/reconcile/plan/plan.ts'
import { renderPlan } from '../../../src/reconcile/plan/render.ts'
import type { LivePod } from '../../../src/runtime/live.ts'
import { Dice } from '../../sim/dice.ts'
import { daemonSet, statefulSet } from './sets.ts'
import { ended, healthy, host, now, template, unready, unseen, view } from './world.ts'

const templates = [template('aaa'), template('bbb'), template('ccc')] as const
/** Its pods never become ready. */
const [, , broken] = templates
const names = ['a', 'b', 'c']
const dayMs = 24 * 3_600_000

/** Hosts that come and go, and what Berth knows of them. */
class Storm {
  readonly dice: Dice
  readonly #check: (pods: readonly LivePod[]) => void
  pods: readonly LivePod[] = []
  at = now
  /** Hosts that do not answer -> what was last seen there. */
  readonly #down = new Map<string, readonly LivePod[]>()

  constructor(seed: number, check: (pods: readonly LivePod[]) => void) {
    this.dice = new Dice(seed)
    this.#check = check
  }

  view(pods = this.#known()): View {
    const hosts = names.map((name) => host({ name, reachable: !this.#down.has(name) }))
    return view(pods, { hosts, now: this.at })
  }

  #known(): readonly LivePod[] {
    return names.flatMap((name) => this.#down.get(name) ?? this.pods.filter((pod) => pod.host === name))
  }

  do({ tasks }: Plan): void {
    const before = this.pods
    for (const { actions } of tasks) {
      for (const action of actions) {
        const name = 'pod' in action ? action.pod.host : action.host
        if (this.#down.has(name)) break
        const lost = this.dice.chance(0.05)
        if (!lost || this.dice.chance(0.5)) this.#act(action)
        if (lost) this.#down.set(name, this.dice.chance(0.3) ? [] : before.filter((pod) => pod.host === name))
        if (lost) break
      }
    }
  }

  #act(action: Action): void {
    if (action.kind === 'stop' && this.dice.chance(0.3)) return
    this.pods = ideal(this.view(this.pods), action).pods
    this.#check(this.pods)
  }

  /** Something happens to a pod, to a host, or to Berth, which forgets what it knew of hosts that do not answer. */
  disturb(): void {
    const victim = this.dice.pick(this.pods)
    const change = this.dice.pick(['none', 'unready', 'crash', 'unseen', 'lost', 'gone', 'down', 'up', 'restart'])
    const name = this.dice.pick(names) ?? 'a'
    if (change === 'down' && !this.#down.has(name)) {
      this.#down.set(
        name,
        this.pods.filter((pod) => pod.host === name),
      )
    }
    if (change === 'up') this.#down.delete(name)
    if (change === 'restart') for (const down of this.#down.keys()) this.#down.set(down, [])
    if (change === 'gone' || (change === 'lost' && victim?.containers.length === 0))
      this.pods = this.pods.filter((pod) => pod !== victim)
    const each = { unready: { health: unready }, unseen: { health: unseen }, crash: ended(1, 0, { restarts: 4 }) }
    this.pods = this.pods.map((pod) => {
      if (pod !== victim) return pod
      if (change === 'lost') return { ...pod, sandbox: undefined }
      const changes = change === 'unready' || change === 'unseen' || change === 'crash' ? each[change] : {}
      return { ...pod, containers: pod.containers.map((container) => ({ ...container, ...changes })) }
    })
    this.settle()
  }

  settle(): void {
    this.at += 1_000
    this.pods = this.pods.map((pod) => {
      if (pod.template !== broken.hash) return pod
      return { ...pod, containers: pod.containers.map((container) => ({ ...container, health: unready })) }
    })
  }

  /** All hosts answer, nothing breaks any more: looks until there is nothing to do. */
  calm(look: (world: View) => Plan): Plan {
    this.#down.clear()
    for (let looks = 0; looks < 300; looks += 1) {
      this.at += dayMs
      this.pods = this.pods.map((pod) => ({
        ...pod,
        containers: pod.containers.map((one) => ({
          ...one,
          health:
            one.state === 'running' && pod.template !== broken.hash ? { ...healthy, readySince: this.at } : unready,
        })),
      }))
      const next = look(this.view())
      if (next.tasks.length === 0) return next
      for (const action of next.tasks.flatMap(({ actions }) => actions)) {
        this.pods = ideal(this.view(this.pods), action).pods
        this.#check(this.pods)
      }
    }
    throw new Error(`no end in sight: ${renderPlan(look(this.view()))}`)
  }
}

const seeds = Array.from({ length: 60 }, (_none, seed) => seed)

describe('StatefulSet', () => {
  test.each(seeds)('never two pods of one ordinal, and all of them in the end: seed %i', (seed) => {
    const storm = new Storm(seed, (pods) => {
      const ordinals = pods.map(({ name }) => name)
      if (new Set(ordinals).size < ordinals.length) throw new Error(`two of one ordinal: ${ordinals.join(', ')}`)
    })
    const { dice } = storm
    const spec = (): Partial<StatefulSetSpec> => ({
      podManagementPolicy: dice.pick(['OrderedReady', 'Parallel'] as const) ?? 'Parallel',
      updateStrategy: {
        type: dice.chance(0.9) ? 'RollingUpdate' : 'OnDelete',
        rollingUpdate: { partition: dice.between(0, 2), ...(dice.chance(0.3) ? { maxUnavailable: 2 } : {}) },
      },
    })
    let wanted = statefulSet(templates[0], 3, spec())
    for (let step = 0; step < 60; step += 1) {
      if (dice.chance(0.1)) wanted = statefulSet(dice.pick(templates) ?? templates[0], dice.between(0, 4), spec())
      storm.disturb()
      storm.do(plan(wanted, storm.view()))
      storm.settle()
    }
    const calm = { podManagementPolicy: wanted.object.spec.podManagementPolicy }
    const last = statefulSet(templates[1], 3, calm)
    const end = storm.calm((world) => plan(last, world))
    expect(end.status).toMatchObject({ health: 'Healthy', sync: 'Synced', ready: '3/3' })
    expect(storm.pods.map(({ name, template }) => `${name} ${template}`).sort()).toEqual([
      'web-0 bbb',
      'web-1 bbb',
      'web-2 bbb',
    ])
  })
})

describe.each([0, 1])('DaemonSet with maxSurge %i', (maxSurge) => {
  test.each(seeds)('never more pods on a host than allowed, and one in the end: seed %i', (seed) => {
    const storm = new Storm(seed, (pods) => {
      for (const name of names) {
        const here = pods.filter((pod) => pod.host === name && !pod.leaving).length
        if (here > 1 + maxSurge) throw new Error(`${here} pods on host ${name}`)
      }
    })
    const strategy = { rollingUpdate: { maxSurge, maxUnavailable: 1 - maxSurge } }
    let wanted = daemonSet(templates[0], strategy)
    for (let step = 0; step < 60; step += 1) {
      if (storm.dice.chance(0.1)) wanted = daemonSet(storm.dice.pick(templates) ?? templates[0], strategy)
      storm.disturb()
      storm.do(plan(wanted, storm.view()))
      storm.settle()
    }
    const last = daemonSet(templates[1], strategy)
    const end = storm.calm((world) => plan(last, world))
    expect(end.status).toMatchObject({ health: 'Healthy', sync: 'Synced', ready: '3/3' })
    expect(storm.pods.map((pod) => `${pod.host} ${pod.template}`).sort()).toEqual(['a bbb', 'b bbb', 'c bbb'])
  })
})
