import { shortHash } from '../../base/hash.ts'
import { toBytes, toMillis } from '../../manifests/quantity.ts'
import type { ConfigMap, Container, PodSpec, Secret } from '../../manifests/types.ts'
import type { ContainerConfig } from '../../runtime/live.ts'
import type { Requests, Template } from './desired.ts'
import { type Environment, environmentOf, expanded, type Lookup } from './environment.ts'
import { sum } from './rolling.ts'

export interface PodTemplate {
  readonly metadata?:
    | {
        readonly labels?: Readonly<Record<string, string>>
        readonly annotations?: Readonly<Record<string, string>>
      }
    | undefined
  readonly spec: PodSpec
}

/**
 * A pod template with every reference followed. `owner` is `Kind/name`; `lookup` finds ConfigMaps and Secrets of the namespace among the
 * wanted objects. The same inputs give the same hash on every machine.
 */
export function resolveTemplate(
  template: PodTemplate,
  namespace: string,
  owner: string,
  lookup: (kind: 'ConfigMap' | 'Secret', name: string) => ConfigMap | Secret | undefined,
): Template {
  const labels = template.metadata?.labels ?? {}
  const annotations = template.metadata?.annotations ?? {}
  const { spec } = template
  const qos = qosClass(spec)
  const facts: Lookup = { namespace, labels, annotations, spec, lookup }
  const environments = spec.containers.map((container) => environmentOf(container, facts))
  const containers = spec.containers.map((container, index) =>
    configOf(container, spec, environments[index] ?? { env: [], missing: [] }, qos),
  )
  const data = containers.map((config) => config.env)
  return {
    hash: shortHash({ owner, labels, annotations, spec: withoutUpdatable(spec), data, qos }),
    labels,
    annotations,
    spec,
    containers,
    requests: requestsOf(spec),
    volumes: [],
    auths: [],
    missing: [...new Set(environments.flatMap((environment) => environment.missing))],
  }
}

/** What one pod asks of a host; a limit without a request counts as the request, as in Kubernetes. */
export function requestsOf(spec: PodSpec): Requests {
  const request = (container: Container, name: string): string | undefined =>
    container.resources?.requests?.[name] ?? container.resources?.limits?.[name]
  return {
    cpuMillis: sum(spec.containers, (container) => toMillis(request(container, 'cpu'))),
    memoryBytes: sum(spec.containers, (container) => toBytes(request(container, 'memory'))),
  }
}

/** The spec without what `docker update` changes in place; whether a limit is set at all stays. */
function withoutUpdatable(spec: PodSpec): unknown {
  const containers = spec.containers.map(({ imagePullPolicy: _policy, resources, ...container }) => ({
    ...container,
    limits: Object.entries(resources?.limits ?? {}).map(([name, value]) =>
      updatable.has(name) ? name : [name, value],
    ),
  }))
  return { ...spec, containers }
}

const updatable = new Set(['cpu', 'memory'])

type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort'

function qosClass(spec: PodSpec): QosClass {
  const of = ({ resources }: Container, name: string) => {
    const limit = resources?.limits?.[name]
    const request = resources?.requests?.[name] ?? limit
    const amount = name === 'cpu' ? toMillis : toBytes
    return { limit: amount(limit), request: amount(request) }
  }
  const all = spec.containers.flatMap((container) => [of(container, 'cpu'), of(container, 'memory')])
  if (all.every(({ limit, request }) => limit === 0 && request === 0)) return 'BestEffort'
  return all.every(({ limit, request }) => limit > 0 && limit === request) ? 'Guaranteed' : 'Burstable'
}

/** Who is killed first when a host runs out of memory. Kubernetes grades Burstable pods by their share of the host; here they are equal. */
const oomScores: Readonly<Record<QosClass, number>> = { Guaranteed: -997, Burstable: 500, BestEffort: 1000 }

function configOf(container: Container, spec: PodSpec, { env }: Environment, qos: QosClass): ContainerConfig {
  const own = container.securityContext
  const pod = spec.securityContext
  const seccomp = own?.seccompProfile ?? pod?.seccompProfile
  const variables = new Map(env.map((entry) => [entry.name, entry.value]))
  return {
    name: container.name,
    image: container.image,
    command: expanded(container.command, variables),
    args: expanded(container.args, variables),
    workingDir: container.workingDir,
    env,
    user: userOf(own?.runAsUser ?? pod?.runAsUser, own?.runAsGroup ?? pod?.runAsGroup),
    groups: [...new Set([pod?.fsGroup, ...(pod?.supplementalGroups ?? [])])]
      .filter((group) => group !== undefined)
      .map(String)
      .sort(),
    tty: container.tty ?? false,
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    privileged: own?.privileged ?? false,
    readOnlyRootFilesystem: own?.readOnlyRootFilesystem ?? false,
    noNewPrivileges: own?.allowPrivilegeEscalation === false,
    addCapabilities: capabilities(own?.capabilities?.add),
    dropCapabilities: capabilities(own?.capabilities?.drop),
    seccomp: seccomp?.type === 'Unconfined' ? 'unconfined' : 'default',
    resources: {
      cpuRequestMillis: toMillis(container.resources?.requests?.cpu ?? container.resources?.limits?.cpu),
      cpuLimitMillis: toMillis(container.resources?.limits?.cpu),
      memoryLimitBytes: toBytes(container.resources?.limits?.memory),
    },
    oomScoreAdjust: oomScores[qos],
    mounts: [],
  }
}

function userOf(user: number | undefined, group: number | undefined): string | undefined {
  if (group === undefined) return user === undefined ? undefined : String(user)
  return `${user ?? 0}:${group}`
}

function capabilities(names: readonly string[] | undefined): string[] {
  return [...new Set((names ?? []).map((name) => name.toUpperCase().replace(/^CAP_/, '')))].sort()
}
