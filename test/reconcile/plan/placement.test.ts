import { describe, expect, test } from 'vitest'
import type { Affinity, LabelSelector, PodSpec, TopologySpreadConstraint } from '../../../src/manifests/types.ts'
import { type Newcomer, placePod, type Site } from '../../../src/reconcile/plan/placement.ts'
import type { PlacedPod } from '../../../src/reconcile/plan/pod-affinity.ts'
import type { HostTaint, LiveHost } from '../../../src/runtime/live.ts'
import { host, podSpec } from './world.ts'

const zone = 'topology.kubernetes.io/zone'
const required = 'requiredDuringSchedulingIgnoredDuringExecution'
const preferred = 'preferredDuringSchedulingIgnoredDuringExecution'

function labelled(name: string, labels: Record<string, string>, changes: Partial<LiveHost> = {}): LiveHost {
  return host({ name, labels: { 'kubernetes.io/hostname': name, ...labels }, ...changes })
}

function tainted(name: string, effect: HostTaint['effect'], value = 'yes'): LiveHost {
  return labelled(name, {}, { taints: [{ key: 'gpu', value, effect }] })
}

/** A pod on a host. */
function on(name: string, labels: Record<string, string>, spec: Partial<PodSpec> = {}, namespace = 'shop'): PlacedPod {
  return { host: name, namespace, labels, spec: podSpec(spec) }
}

const web: LabelSelector = { matchLabels: { app: 'web' } }
const near = (affinity: Affinity): Partial<PodSpec> => ({ affinity })
const term = (labelSelector: LabelSelector, topologyKey = zone) => ({ labelSelector, topologyKey })
const spread = (changes: Partial<TopologySpreadConstraint> = {}): Partial<PodSpec> => ({
  topologySpreadConstraints: [
    { maxSkew: 1, topologyKey: zone, whenUnsatisfiable: 'DoNotSchedule', labelSelector: web, ...changes },
  ],
})
const nodeTerms = (
  key: string,
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt',
  ...values: string[]
) => near({ nodeAffinity: { [required]: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator, values }] }] } } })

const east = labelled('a', { [zone]: 'east', cores: '8' })
const west = labelled('b', { [zone]: 'west', cores: '16' })
const west2 = labelled('c', { [zone]: 'west' })

interface Row {
  readonly title: string
  readonly hosts: readonly LiveHost[]
  readonly spec?: Partial<PodSpec>
  readonly labels?: Record<string, string>
  readonly pods?: readonly PlacedPod[]
  readonly change?: Partial<Newcomer>
  readonly expected: string
}

function place({ hosts, spec = {}, labels = { app: 'web' }, pods = [], change = {} }: Row): string {
  const pod: Newcomer = {
    ...{ namespace: 'shop', labels, spec: podSpec(spec), ports: [], only: undefined },
    requests: { cpuMillis: 0, memoryBytes: 0 },
    ...change,
  }
  const site: Site = { hosts, loads: new Map(), pods }
  const placed = placePod(pod, site)
  return placed.host ? placed.host.name : placed.message
}

const mismatch = "node(s) didn't match Pod's node affinity/selector"

const hostRules: readonly Row[] = [
  { title: 'no rule: the first by name', hosts: [west, east], expected: 'a' },
  { title: 'nodeName', hosts: [east, west], spec: { nodeName: 'b' }, expected: 'b' },
  {
    title: 'nodeName of no host',
    hosts: [east, west],
    spec: { nodeName: 'x' },
    expected: "0 of 2 hosts fit: 2 node(s) didn't match the requested node name",
  },
  { title: 'nodeSelector', hosts: [east, west], spec: { nodeSelector: { [zone]: 'west' } }, expected: 'b' },
  {
    title: 'nodeSelector that nobody matches',
    hosts: [east, west],
    spec: { nodeSelector: { [zone]: 'north' } },
    expected: `0 of 2 hosts fit: 2 ${mismatch}`,
  },
  {
    title: 'reasons are counted',
    hosts: [east, host({ name: 'z', reachable: false })],
    spec: { nodeSelector: { [zone]: 'north' } },
    expected: `0 of 2 hosts fit: 1 ${mismatch}, 1 unreachable`,
  },
  { title: 'In', hosts: [east, west], spec: nodeTerms(zone, 'In', 'north', 'west'), expected: 'b' },
  { title: 'NotIn', hosts: [east, west], spec: nodeTerms(zone, 'NotIn', 'east'), expected: 'b' },
  { title: 'Exists', hosts: [labelled('0', {}), east], spec: nodeTerms('cores', 'Exists'), expected: 'a' },
  { title: 'DoesNotExist', hosts: [east, west2], spec: nodeTerms('cores', 'DoesNotExist'), expected: 'c' },
  { title: 'Gt', hosts: [east, west], spec: nodeTerms('cores', 'Gt', '8'), expected: 'b' },
  { title: 'Lt', hosts: [west, east, west2], spec: nodeTerms('cores', 'Lt', '16'), expected: 'a' },
  {
    title: 'Gt of a label that is no number',
    hosts: [east],
    spec: nodeTerms(zone, 'Gt', '1'),
    expected: `0 of 1 host fits: 1 ${mismatch}`,
  },
  {
    title: 'a field: the name of the host',
    hosts: [east, west],
    spec: near({
      nodeAffinity: {
        [required]: {
          nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['b'] }] }],
        },
      },
    }),
    expected: 'b',
  },
  {
    title: 'one of several terms is enough, an empty one matches nothing',
    hosts: [east, west],
    spec: near({
      nodeAffinity: {
        [required]: {
          nodeSelectorTerms: [{}, { matchExpressions: [{ key: zone, operator: 'In', values: ['west'] }] }],
        },
      },
    }),
    expected: 'b',
  },
  {
    title: 'a preference',
    hosts: [east, west],
    spec: near({
      nodeAffinity: {
        [preferred]: [
          { weight: 1, preference: { matchExpressions: [{ key: zone, operator: 'In', values: ['west'] }] } },
        ],
      },
    }),
    expected: 'b',
  },
]

const taints: readonly Row[] = [
  { title: 'NoSchedule', hosts: [tainted('a', 'NoSchedule'), west], expected: 'b' },
  { title: 'NoExecute', hosts: [tainted('a', 'NoExecute'), west], expected: 'b' },
  { title: 'PreferNoSchedule is a wish', hosts: [tainted('a', 'PreferNoSchedule'), west], expected: 'b' },
  { title: 'and no more', hosts: [tainted('a', 'PreferNoSchedule')], expected: 'a' },
  {
    title: 'says which',
    hosts: [tainted('a', 'NoSchedule')],
    expected: '0 of 1 host fits: 1 node(s) had untolerated taint {gpu: yes}',
  },
  {
    title: 'tolerated: Equal',
    hosts: [tainted('a', 'NoSchedule')],
    spec: { tolerations: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }] },
    expected: 'a',
  },
  {
    title: 'not tolerated: another value',
    hosts: [tainted('a', 'NoSchedule', 'no')],
    spec: { tolerations: [{ key: 'gpu', value: 'yes' }] },
    expected: '0 of 1 host fits: 1 node(s) had untolerated taint {gpu: no}',
  },
  {
    title: 'not tolerated: another effect',
    hosts: [tainted('a', 'NoExecute')],
    spec: { tolerations: [{ key: 'gpu', operator: 'Exists', effect: 'NoSchedule' }] },
    expected: '0 of 1 host fits: 1 node(s) had untolerated taint {gpu: yes}',
  },
  {
    title: 'tolerated: everything',
    hosts: [tainted('a', 'NoExecute')],
    spec: { tolerations: [{ operator: 'Exists' }] },
    expected: 'a',
  },
  {
    title: 'a pod that names its host is kept away by NoExecute only',
    hosts: [tainted('a', 'NoSchedule')],
    spec: { nodeName: 'a' },
    expected: 'a',
  },
]

const neighbours: readonly Row[] = [
  {
    title: 'affinity: with pods of a label, in the same zone',
    hosts: [east, west, west2],
    spec: near({ podAffinity: { [required]: [term({ matchLabels: { app: 'db' } })] } }),
    pods: [on('c', { app: 'db' })],
    expected: 'b',
  },
  {
    title: 'affinity: nobody is there',
    hosts: [east, west],
    spec: near({ podAffinity: { [required]: [term({ matchLabels: { app: 'db' } })] } }),
    expected: "0 of 2 hosts fit: 2 node(s) didn't match pod affinity rules",
  },
  {
    title: 'affinity: the first of its like may go anywhere',
    hosts: [east, west],
    spec: near({ podAffinity: { [required]: [term(web)] } }),
    expected: 'a',
  },
  {
    title: 'affinity: but not to a host without the label',
    hosts: [labelled('a', {})],
    spec: near({ podAffinity: { [required]: [term(web)] } }),
    expected: "0 of 1 host fits: 1 node(s) didn't match pod affinity rules",
  },
  {
    title: 'affinity: pods of another namespace do not count',
    hosts: [east, west],
    spec: near({ podAffinity: { [required]: [term(web)] } }),
    pods: [on('b', { app: 'web' }, {}, 'other')],
    expected: 'a',
  },
  {
    title: 'affinity: unless it is named',
    hosts: [east, west],
    spec: near({ podAffinity: { [required]: [{ ...term(web), namespaces: ['other'] }] } }),
    pods: [on('b', { app: 'web' }, {}, 'other')],
    expected: 'b',
  },
  {
    title: 'affinity: an empty selector of namespaces means all',
    hosts: [east, west],
    spec: near({ podAffinity: { [required]: [{ ...term(web), namespaceSelector: {} }] } }),
    pods: [on('b', { app: 'web' }, {}, 'other')],
    expected: 'b',
  },
  {
    title: 'anti-affinity: away from its like',
    hosts: [east, west, west2],
    spec: near({ podAntiAffinity: { [required]: [term(web)] } }),
    pods: [on('a', { app: 'web' })],
    expected: 'b',
  },
  {
    title: 'anti-affinity: nowhere left',
    hosts: [east, west, west2],
    spec: near({ podAntiAffinity: { [required]: [term(web)] } }),
    pods: [on('a', { app: 'web' }), on('b', { app: 'web' })],
    expected: "0 of 3 hosts fit: 3 node(s) didn't match pod anti-affinity rules",
  },
  {
    title: 'anti-affinity: only pods of the same revision',
    hosts: [east],
    spec: near({ podAntiAffinity: { [required]: [{ ...term(web), matchLabelKeys: ['rev'] }] } }),
    labels: { app: 'web', rev: '2' },
    pods: [on('a', { app: 'web', rev: '1' })],
    expected: 'a',
  },
  {
    title: 'anti-affinity: only pods of other tenants',
    hosts: [east],
    spec: near({ podAntiAffinity: { [required]: [{ ...term(web), mismatchLabelKeys: ['rev'] }] } }),
    labels: { app: 'web', rev: '2' },
    pods: [on('a', { app: 'web', rev: '2' })],
    expected: 'a',
  },
  {
    title: 'anti-affinity of a running pod',
    hosts: [east, west],
    pods: [on('a', { app: 'db' }, near({ podAntiAffinity: { [required]: [term(web)] } }))],
    expected: 'b',
  },
  {
    title: 'anti-affinity of running pods everywhere',
    hosts: [east],
    pods: [on('a', { app: 'db' }, near({ podAntiAffinity: { [required]: [term(web)] } }))],
    expected: "0 of 1 host fits: 1 node(s) didn't satisfy existing pods anti-affinity rules",
  },
  {
    title: 'rather with',
    hosts: [east, west],
    spec: near({ podAffinity: { [preferred]: [{ weight: 1, podAffinityTerm: term(web) }] } }),
    pods: [on('b', { app: 'web' })],
    expected: 'b',
  },
  {
    title: 'rather without',
    hosts: [east, west],
    spec: near({ podAntiAffinity: { [preferred]: [{ weight: 1, podAffinityTerm: term(web) }] } }),
    pods: [on('a', { app: 'web' })],
    expected: 'b',
  },
]

const spreading: readonly Row[] = [
  { title: 'to the emptier zone', hosts: [east, west], spec: spread(), pods: [on('a', { app: 'web' })], expected: 'b' },
  {
    title: 'a larger skew is allowed',
    hosts: [east, west],
    spec: { ...spread({ maxSkew: 2 }), ...nodeTerms(zone, 'Exists') },
    pods: [on('a', { app: 'web' })],
    expected: 'a',
  },
  {
    title: 'the emptier zone has no room',
    hosts: [east, west],
    spec: spread(),
    pods: [on('a', { app: 'web' })],
    change: { only: new Set(['a']) },
    expected: "0 of 1 host fits: 1 node(s) didn't match pod topology spread constraints",
  },
  {
    title: 'zones that are still missing count as empty',
    hosts: [east],
    spec: spread({ minDomains: 2 }),
    pods: [on('a', { app: 'web' })],
    expected: "0 of 1 host fits: 1 node(s) didn't match pod topology spread constraints",
  },
  {
    title: 'zones that the pod may not use do not count',
    hosts: [east, west],
    spec: { ...spread(), nodeSelector: { [zone]: 'east' } },
    pods: [on('a', { app: 'web' })],
    expected: 'a',
  },
  {
    title: 'nor do hosts that do not answer',
    hosts: [east, labelled('b', { [zone]: 'west' }, { reachable: false })],
    spec: spread(),
    pods: [on('a', { app: 'web' })],
    expected: 'a',
  },
  {
    title: 'a host without the label',
    hosts: [labelled('a', {})],
    spec: spread(),
    expected: "0 of 1 host fits: 1 node(s) didn't match pod topology spread constraints (missing required label)",
  },
  {
    title: 'pods of another revision do not count where the constraint says so',
    hosts: [east, west],
    spec: spread({ matchLabelKeys: ['rev'] }),
    labels: { app: 'web', rev: '2' },
    pods: [on('a', { app: 'web', rev: '1' })],
    expected: 'a',
  },
  {
    title: 'as a wish',
    hosts: [east, west],
    spec: spread({ whenUnsatisfiable: 'ScheduleAnyway' }),
    pods: [on('a', { app: 'web' })],
    expected: 'b',
  },
  {
    title: 'and no more',
    hosts: [east],
    spec: spread({ whenUnsatisfiable: 'ScheduleAnyway' }),
    pods: [on('a', { app: 'web' })],
    expected: 'a',
  },
]

describe.each([
  ['hosts', hostRules],
  ['taints', taints],
  ['neighbours', neighbours],
  ['spreading', spreading],
])('%s', (_name, rows) => {
  test.each(rows)('$title', (row) => {
    expect(place(row)).toBe(row.expected)
  })
})
