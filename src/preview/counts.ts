import type { Located } from '../manifests/check.ts'
import { toMillis } from '../manifests/quantity.ts'
import type { JobSpec, ManifestObject } from '../manifests/types.ts'
import type { PreviewRules, Remarks } from './rules.ts'

/** Where the quota says nothing of them. */
const usualMost = 100
/** Ports of all Services, hosts and paths of all Ingresses, peers and ports of all NetworkPolicies: what the network of production shares. */
const mostEntries = 500
/** There are 2,768 for everybody. */
const mostNodePorts = 20
/** ConfigMaps and Secrets cost little. */
const mostFiles = 500
const mostEnded = 10

/** Refuses numbers of pods that the quota would never let in: even to plan them would keep others waiting. */
export function reviewCount(count: number | undefined, path: string, { quota }: PreviewRules, remarks: Remarks): void {
  const most = quota.pods === undefined ? usualMost : countOf(quota.pods)
  if (count === undefined || count <= most) return
  remarks.refuse(path, `expected at most ${most}, which is the limit of pods in a preview, found ${count}`)
}

/** Pods of a Job are kept until it has ended. */
export function reviewJob(
  { parallelism, completions }: JobSpec,
  path: string,
  rules: PreviewRules,
  remarks: Remarks,
): void {
  reviewCount(parallelism, `${path}.parallelism`, rules, remarks)
  if (completions === undefined || completions <= usualMost) return
  remarks.refuse(`${path}.completions`, `expected at most ${usualMost} in a preview, found ${completions}`)
}

/** Jobs that have ended are kept in Docker. */
export function isolatedHistory(limit: number, path: string, remarks: Remarks): number {
  if (limit <= mostEnded) return limit
  remarks.leaveOut(path, `a preview keeps at most ${mostEnded} jobs that have ended`)
  return mostEnded
}

/** Refuses more objects than a preview needs: addresses, ports and rules are taken from what all namespaces share. */
export function reviewObjects(
  objects: Iterable<Located>,
  { quota }: PreviewRules,
  refuse: (at: Located, path: string, message: string) => void,
): void {
  const counts = new Map<string, number>()
  const add = (located: Located, what: string, more: number, most: number) => {
    const count = counts.get(what) ?? 0
    counts.set(what, count + more)
    if (count > most || count + more <= most) return
    refuse(located, '', `expected at most ${most} ${what} in a preview, found more`)
  }
  for (const located of objects) {
    const { kind } = located.object
    const plural = `${kind.toLowerCase()}s`
    const written = quota[plural] ?? quota[`count/${plural}`]
    const usual = kind === 'ConfigMap' || kind === 'Secret' ? mostFiles : usualMost
    add(located, plural, 1, written === undefined ? usual : countOf(written))
    const nodePorts = quota['services.nodeports']
    add(
      located,
      'node ports',
      nodePortsOf(located.object),
      nodePorts === undefined ? mostNodePorts : countOf(nodePorts),
    )
    const claims = quota.persistentvolumeclaims
    add(located, 'claims', claimsOf(located.object), claims === undefined ? usualMost : countOf(claims))
    const entries = entriesOf(located.object)
    if (entries > 0) add(located, `entries of ${plural}`, entries, mostEntries)
  }
}

/** However little each asks for, it is a volume of Docker's. */
function claimsOf(object: ManifestObject): number {
  if (object.kind === 'PersistentVolumeClaim') return 1
  if (object.kind !== 'StatefulSet') return 0
  return (object.spec.volumeClaimTemplates?.length ?? 0) * object.spec.replicas
}

function nodePortsOf(object: ManifestObject): number {
  return object.kind === 'Service' && object.spec.type === 'NodePort' ? (object.spec.ports?.length ?? 0) : 0
}

function entriesOf(object: ManifestObject): number {
  if (object.kind === 'Service') return object.spec.ports?.length ?? 0
  if (object.kind === 'Ingress') {
    const { rules = [], tls = [] } = object.spec
    return sum(rules, ({ http }) => 1 + (http?.paths.length ?? 0)) + sum(tls, ({ hosts = [] }) => 1 + hosts.length)
  }
  if (object.kind !== 'NetworkPolicy') return 0
  const { ingress = [], egress = [] } = object.spec
  return (
    sum(ingress, ({ from = [], ports = [] }) => 1 + from.length + ports.length) +
    sum(egress, ({ to = [], ports = [] }) => 1 + to.length + ports.length)
  )
}

function sum<T>(list: readonly T[], count: (one: T) => number): number {
  return list.reduce((total, one) => total + count(one), 0)
}

function countOf(amount: string): number {
  return Math.floor(toMillis(amount) / 1000)
}
