// Many Services with three pods each, without an engine: what changes comes out as the table that hosts would get.
import { systemClock } from '../../src/base/clock.ts'
import { type Key, keyOf } from '../../src/base/key.ts'
import { silentLog } from '../../src/base/log.ts'
import { checkManifests } from '../../src/manifests/check.ts'
import { renderProblem } from '../../src/manifests/problem.ts'
import { readManifest } from '../../src/manifests/read.ts'
import { Networking } from '../../src/networking.ts'
import { Wanted } from '../../src/reconcile/wanted.ts'
import type { LiveHost, LivePod } from '../../src/runtime/live.ts'
import type { NetworkTable } from '../../src/runtime/network/table.ts'
import { container, healthy, host, pod, podSpec, template, unready } from '../../test/reconcile/plan/world.ts'
import { SimRuntime } from './sim-runtime.ts'

const namespaces = 20
const podsEach = 3
const wanted = template(
  'aa',
  podSpec({ containers: [container({ ports: [{ containerPort: 8080, protocol: 'TCP' }] })] }),
)

export interface ManyServices {
  /** The newest table. */
  readonly table: NetworkTable
  /** Of a pod, whether it is ready; resolves to the time that the new table took, ms. */
  turn(service: number, number: number, ready: boolean): number
  /** A Service more; takes as long, ms. */
  add(name: string): number
}

export function manyServices(count: number, serviceCIDR: string): ManyServices {
  const runtime = new TableRuntime(count)
  const wantedObjects = new Wanted()
  const network = { serviceCIDR, zone: 'cluster.local' }
  const networking = new Networking({
    ...{ runtime, network, clock: systemClock, log: silentLog },
    ...{ wanted: () => wantedObjects, unread: () => [] },
  })
  const texts = Array.from({ length: count }, (_none, number) => service(`s${number}`, namespaceOf(number), number))
  let revision = 0
  /** What is new of the texts; answers the keys to be looked at. */
  const accept = () => {
    const objects = objectsOf(texts)
    const fresh = [...objects.keys()].filter((key) => wantedObjects.object(key) === undefined)
    revision += 1
    return wantedObjects.accept('bench', `c${revision}`, objects, fresh, [], Date.now())
  }
  accept()
  networking.start()
  const timed = (change: () => void) => {
    const before = runtime.table
    const began = performance.now()
    change()
    const took = performance.now() - began
    if (runtime.table === before) throw new Error('the table did not change')
    return took
  }
  return {
    get table() {
      return runtime.table
    },
    turn(number, podNumber, ready) {
      const owner = runtime.turn(number, podNumber, ready)
      return timed(() => networking.factsChanged([owner]))
    },
    add(name) {
      texts.push(service(name, namespaceOf(0), 0))
      const keys = accept()
      const before = runtime.table.services.length
      const took = timed(() => networking.wantedChanged(keys))
      if (runtime.table.services.length !== before + 1) throw new Error('the table has no Service more')
      return took
    },
  }
}

function namespaceOf(service: number): string {
  return `n${service % namespaces}`
}

function service(name: string, namespace: string, of: number): string {
  const spec = { selector: { app: `s${of}` }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] }
  return JSON.stringify({ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace }, spec })
}

/** No file has more documents than it may. */
const documentsPerFile = 500

function objectsOf(texts: readonly string[]) {
  const files = Array.from({ length: Math.ceil(texts.length / documentsPerFile) }, (_none, number) => {
    const own = texts.slice(number * documentsPerFile, (number + 1) * documentsPerFile)
    return readManifest({ path: `services-${number}.yaml`, bytes: new TextEncoder().encode(own.join('\n---\n')) })
  })
  const documents = files.flatMap((file) => file.documents)
  const checked = checkManifests(documents, { namespace: 'n0', podSecurity: 'baseline' })
  const problems = [...files.flatMap((file) => file.problems), ...checked.problems]
  if (problems.length > 0) throw new Error(problems.map(renderProblem).join('\n'))
  return checked.objects
}

/** Pods in memory; remembers the newest table. */
class TableRuntime extends SimRuntime {
  #table: NetworkTable | undefined
  readonly #pods = new Map<Key, LivePod[]>()
  readonly #hosts: readonly LiveHost[] = [
    host({ network: { mode: 'services', message: '', problems: [], allocations: new Map() } }),
  ]

  constructor(services: number) {
    super('web:1')
    for (let service = 0; service < services; service += 1) {
      const pods = Array.from({ length: podsEach }, (_none, number) => podOf(service, number, true))
      this.#pods.set(ownerOf(service), pods)
    }
  }

  get table(): NetworkTable {
    if (!this.#table) throw new Error('there is no table')
    return this.#table
  }

  override hostFacts(): readonly LiveHost[] {
    return this.#hosts
  }

  override podsOf(owner: Key): readonly LivePod[] {
    return this.#pods.get(owner) ?? []
  }

  override pods(): readonly LivePod[] {
    return [...this.#pods.values()].flat()
  }

  override setNetwork(table?: NetworkTable): void {
    this.#table = table
  }

  turn(service: number, number: number, ready: boolean): Key {
    const owner = ownerOf(service)
    const pods = [...this.podsOf(owner)]
    pods[number] = podOf(service, number, ready)
    this.#pods.set(owner, pods)
    return owner
  }
}

function ownerOf(service: number): Key {
  return keyOf({ namespace: namespaceOf(service), kind: 'Deployment', name: `s${service}` })
}

function podOf(service: number, number: number, ready: boolean): LivePod {
  const at = service * podsEach + number
  return {
    ...pod(wanted, number, {
      ...{ name: `s${service}-aa-${number}`, owner: `Deployment/s${service}`, labels: { app: `s${service}` } },
      ...{ address: `10.199.${Math.floor(at / 250)}.${1 + (at % 250)}`, each: { health: ready ? healthy : unready } },
    }),
    namespace: namespaceOf(service),
  }
}
