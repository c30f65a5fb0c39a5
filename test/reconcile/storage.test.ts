import { describe, expect, test } from 'vitest'
import type { Key } from '../../src/base/key.ts'
import { plan } from '../../src/reconcile/plan/plan.ts'
import { renderPlan } from '../../src/reconcile/plan/render.ts'
import { Wanted } from '../../src/reconcile/wanted.ts'
import type { LivePod, LiveVolume } from '../../src/runtime/live.ts'
import { check } from '../manifests/manifest.ts'
import { dataVolume, member } from './plan/sets.ts'
import { host, view } from './plan/world.ts'

const db: Key = 'shop/StatefulSet/web'

const persistentVolume = (name: string, spec: object = {}) => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name },
  spec: {
    capacity: { storage: '1Gi' },
    accessModes: ['ReadWriteOnce'],
    storageClassName: 'manual',
    hostPath: { path: `/srv/${name}` },
    ...spec,
  },
})
const claimSpec = (className: string) => ({
  accessModes: ['ReadWriteOnce'],
  storageClassName: className,
  resources: { requests: { storage: '1Gi' } },
})
const claim = (name: string, className = 'manual') => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name },
  spec: claimSpec(className),
})
const podTemplate = (labels: object = {}) => ({
  metadata: { labels: { app: 'web', ...labels } },
  spec: { containers: [{ name: 'app', image: 'web:1', volumeMounts: [{ name: 'data', mountPath: '/data' }] }] },
})
const stateful = (replicas: number, spec: object = {}, className = 'manual') => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'web' },
  spec: {
    replicas,
    serviceName: 'web',
    podManagementPolicy: 'Parallel',
    selector: { matchLabels: { app: 'web' } },
    template: podTemplate(),
    volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: claimSpec(className) }],
    ...spec,
  },
})

/** One application that is read again and again, and the Docker volumes that its pods leave. */
class Shop {
  readonly volumes: LiveVolume[] = []
  /** What an autoscaler says; undefined: the manifest's number. */
  scaled: number | undefined
  readonly #wanted = new Wanted({
    volumes: () => this.volumes,
    replicasOf: (_target, manifest) => this.scaled ?? manifest,
  })
  #documents: Readonly<Record<string, string>> = {}

  /** Answers the keys that are looked at again. */
  accept(...documents: object[]): Key[] {
    const { objects, problems } = check(documents.map((document) => JSON.stringify(document)).join('\n---\n'))
    expect(problems).toEqual([])
    const texts = Object.fromEntries([...objects].map(([key, { object }]) => [key, JSON.stringify(object)]))
    const changed = [...objects.keys()].filter((key) => texts[key] !== this.#documents[key])
    const removed = [...this.#wanted.keys('demo')].filter((key) => !objects.has(key))
    this.#documents = texts
    return this.#wanted.accept('demo', 'c2', objects, changed, removed, 1)
  }

  /** A new process that reads the same. */
  bound(key = db): string {
    return [...this.#own(key)].map(([name, { volume, problem }]) => `${name}=${volume.facts.pv ?? problem}`).join(' ')
  }

  claimBoundTo(name: string): string | undefined {
    const desired = this.#wanted.desired(`shop/PersistentVolumeClaim/${name}`)
    if (desired?.kind !== 'PersistentVolumeClaim') throw new Error('no such claim is wanted')
    return desired.provision.volume.facts.pv ?? desired.provision.problem
  }

  /** Makes the data of the claims that are bound now, as their first pods do. */
  makeData(...claims: string[]): void {
    for (const name of claims) this.volumes.push(dataVolume(name, 'local', this.#factsOf(name)))
  }

  /** Healthy pods of these ordinals, of what is wanted now. */
  pods(...ordinals: number[]): LivePod[] {
    const { template } = this.#desired(db)
    return ordinals.map((ordinal) => member(template, ordinal, { spec: template.spec }))
  }

  plan(pods: readonly LivePod[] = [], world: Parameters<typeof view>[1] = {}) {
    const desired = this.#desired(db)
    const volumesOf = (key: Key) => this.volumes.filter(({ subject }) => key === `shop/${subject}`)
    return plan(desired, view(pods, { volumesOf, ...world }))
  }

  #factsOf(name: string): Pick<LiveVolume, 'facts'> {
    const pv = this.#own(db).get(name)?.volume.facts.pv
    return { facts: pv === undefined ? {} : { pv } }
  }

  #own(key: Key) {
    return this.#desired(key).template.volumes[0]?.claim?.own ?? new Map()
  }

  #desired(key: Key) {
    const desired = this.#wanted.desired(key)
    if (desired?.kind !== 'StatefulSet') throw new Error('no such set is wanted')
    return desired
  }
}

function shop(...documents: object[]): Shop {
  const made = new Shop()
  made.accept(...documents)
  return made
}

const [one, two, three] = [persistentVolume('pv1'), persistentVolume('pv2'), persistentVolume('pv3')]

describe('claims of a StatefulSet on static volumes', () => {
  test('each ordinal has a volume of its own, whatever the order of the documents', () => {
    const documents = [one, two, three, stateful(2)]
    expect(shop(...documents).bound()).toBe('data-web-0=pv1 data-web-1=pv2')
    expect(shop(...documents.toReversed()).bound()).toBe('data-web-0=pv1 data-web-1=pv2')
  })

  test('ordinals begin where the set says', () => {
    expect(shop(one, stateful(1, { ordinals: { start: 5 } })).bound()).toBe('data-web-5=pv1')
  })

  test('a volume that names its claim goes there', () => {
    const reserved = persistentVolume('pv1', { claimRef: { namespace: 'shop', name: 'data-web-1' } })
    expect(shop(reserved, two, stateful(2)).bound()).toBe('data-web-0=pv2 data-web-1=pv1')
  })

  test('claims written in Git and those of sets share the volumes, one each', () => {
    const found = shop(one, two, claim('a'), stateful(2))
    expect([found.claimBoundTo('a'), found.bound()]).toEqual(['pv1', 'data-web-0=pv2'])
  })

  test('a claim of the name that is written in Git is the one that the pod uses', () => {
    const found = shop(one, two, claim('data-web-1', ''), stateful(2))
    expect(found.bound()).toBe(
      'data-web-0=pv1 data-web-1=no persistent volume fits, and the claim asks for no storage class',
    )
  })

  test('without static volumes nothing is told apart', () => {
    expect(shop(stateful(3, {}, 'fast')).bound()).toBe('')
  })

  test('a new volume or set has the others looked at again', () => {
    const found = shop(one, stateful(1), claim('z'))
    expect(found.accept(one, two, stateful(1), claim('z'))).toEqual(
      expect.arrayContaining([db, 'shop/PersistentVolumeClaim/z']),
    )
    expect(found.claimBoundTo('z')).toBe('pv2')
    expect(found.accept(one, two, stateful(2), claim('z'))).toContain('shop/PersistentVolumeClaim/z')
    expect([found.bound(), found.claimBoundTo('z')]).toEqual([
      'data-web-0=pv1 data-web-1=pv2',
      'no persistent volume of class "manual" fits',
    ])
  })
})

describe('what has data', () => {
  test('stays bound when the set shrinks and grows', () => {
    const found = shop(one, two, stateful(2))
    found.makeData('data-web-0', 'data-web-1')
    found.accept(one, two, stateful(1), claim('a'))
    expect([found.bound(), found.claimBoundTo('a')]).toEqual([
      'data-web-0=pv1 data-web-1=pv2',
      'no persistent volume of class "manual" fits',
    ])
    found.accept(one, two, stateful(2), claim('a'))
    expect(found.bound()).toBe('data-web-0=pv1 data-web-1=pv2')
  })

  test('keeps its volume from others when its set is gone from Git', () => {
    const found = shop(one, stateful(1))
    found.makeData('data-web-0')
    found.accept(one, claim('a'))
    expect(found.claimBoundTo('a')).toBe('no persistent volume of class "manual" fits')
    found.accept(one, claim('a'), stateful(1))
    expect(found.bound()).toBe('data-web-0=pv1')
  })

  test('stays where it is when volumes come that would fit', () => {
    const found = shop(stateful(1), claim('data'))
    found.makeData('data-web-0', 'data')
    found.accept(one, two, stateful(2), claim('data'))
    expect([found.bound(), found.claimBoundTo('data')]).toEqual(['data-web-0= data-web-1=pv1', ''])
  })

  test('waits for its volume when that is gone from Git, and takes no other', () => {
    const found = shop(one, stateful(1), claim('z'))
    found.makeData('data-web-0')
    found.accept(two, stateful(1))
    const lost = 'persistentvolume "pv1", which has its data, is in no repository or serves another claim'
    expect(found.bound()).toBe(`data-web-0=${lost}`)
    found.accept(one, two, stateful(1))
    expect(found.bound()).toBe('data-web-0=pv1')
  })
})

test('an autoscaler that wants more pods gets what is left; nobody loses a volume', () => {
  const late = { ...stateful(1), metadata: { name: 'zoo' } }
  const found = shop(one, two, three, late, stateful(1))
  const zoo: Key = 'shop/StatefulSet/zoo'
  expect([found.bound(), found.bound(zoo)]).toEqual(['data-web-0=pv1', 'data-zoo-0=pv2'])
  found.scaled = 2
  expect([found.bound(), found.bound(zoo)]).toEqual(['data-web-0=pv1 data-web-1=pv3', 'data-zoo-0=pv2'])
})

describe('pods', () => {
  test('mount the paths of their own volumes and record the binding', () => {
    const created = shop(one, two, stateful(2))
      .plan()
      .tasks.flatMap(({ actions }) => actions)
    const mounted = created.flatMap((action) => (action.kind === 'createSandbox' ? [action.sandbox.volumes] : []))
    expect(mounted).toEqual(
      ['pv1', 'pv2'].map((name) => [{ kind: 'host', name: 'data', path: `/srv/${name}`, type: '' }]),
    )
    const made = created.flatMap((action) => (action.kind === 'createVolume' ? [action.volume] : []))
    expect(made.map(({ subject, facts }) => [subject, facts.pv, facts.statefulSet])).toEqual([
      ['PersistentVolumeClaim/data-web-0', 'pv1', 'web'],
      ['PersistentVolumeClaim/data-web-1', 'pv2', 'web'],
    ])
  })

  test('go to the hosts of their volumes', () => {
    const on = (name: string) => ({
      hostPath: undefined,
      local: { path: `/mnt/${name}` },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [name] }] },
          ],
        },
      },
    })
    const found = shop(persistentVolume('pv1', on('b')), persistentVolume('pv2', on('a')), stateful(2))
    expect(renderPlan(found.plan([], { hosts: [host({ name: 'a' }), host({ name: 'b' })] })).split('\n')).toEqual([
      'create pod web-0 on b (2 replicas wanted)',
      'create pod web-1 on a (2 replicas wanted)',
    ])
  })

  test('for which no volume is left wait; the others run', () => {
    const found = shop(one, stateful(2))
    const { status } = found.plan()
    expect(renderPlan(found.plan())).toBe('create pod web-0 on local (2 replicas wanted)')
    expect(status.message).toContain(
      'Pending: persistentvolumeclaim "data-web-1": no persistent volume of class "manual" fits',
    )
  })

  test('are updated although the class has no volume left for another one', () => {
    const found = shop(one, two, stateful(2))
    found.makeData('data-web-0', 'data-web-1')
    const old = found.pods(0, 1)
    expect(found.plan(old)).toMatchObject({ tasks: [], status: { health: 'Healthy' } })
    found.accept(one, two, stateful(2, { template: podTemplate({ version: '2' }) }))
    expect(renderPlan(found.plan(old))).toMatch(/^(stop|remove) pod web-1 .*old revision/)
  })
})
