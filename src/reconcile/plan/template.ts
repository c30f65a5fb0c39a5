import { shortHash } from '../../base/hash.ts'
import { mostText } from '../../manifests/expand.ts'
import { toBytes, toMillis } from '../../manifests/quantity.ts'
import type { Container, LimitRange, PodSpec } from '../../manifests/types.ts'
import type { ContainerConfig, EnvValue, Mount } from '../../runtime/live.ts'
import type { FindConfig } from './config-data.ts'
import type { Template, TemplateVolume } from './desired.ts'
import { type Environment, environmentOf, expanded, type Lookup } from './environment.ts'
import { forbiddenPod, withLimitRanges } from './limit-range.ts'
import { followsVariables, type OnConfigChange, onConfigChange, unfollowedIn } from './on-config-change.ts'
import { requestsOf } from './pod-requests.ts'
import { oomScores, type QosClass, qosClass } from './qos.ts'
import { authsOf } from './registry-auths.ts'
import { mountsOf, resolveVolumes, type Storage } from './template-volumes.ts'

export interface PodTemplate {
  readonly metadata?:
    | {
        readonly labels?: Readonly<Record<string, string>>
        readonly annotations?: Readonly<Record<string, string>>
      }
    | undefined
  readonly spec: PodSpec
}

/** What more there is to a template than its own text. */
export interface TemplateContext {
  readonly storage: Storage
  /** Of the object that has the template: `berth.dev/on-config-change` may stand there. */
  readonly annotations: Readonly<Record<string, string>>
  /** Of the namespace. */
  readonly limitRanges: readonly LimitRange[]
}

const plainContext: TemplateContext = {
  storage: { claim: () => undefined, claimTemplate: () => undefined, claimTemplates: [] },
  annotations: {},
  limitRanges: [],
}

/**
 * A pod template with every reference followed. `owner` is `Kind/name`; `lookup` finds ConfigMaps and Secrets of the namespace among the
 * wanted objects. The same inputs give the same hash on every machine.
 */
export function resolveTemplate(
  template: PodTemplate,
  namespace: string,
  owner: string,
  lookup: FindConfig,
  context: TemplateContext = plainContext,
): Template {
  const labels = template.metadata?.labels ?? {}
  const annotations = template.metadata?.annotations ?? {}
  const spec = withLimitRanges(template.spec, context.limitRanges)
  const qos = qosClass(spec)
  const facts: Lookup = { namespace, owner, labels, annotations, spec, lookup }
  const mode = onConfigChange(context.annotations, annotations)
  const { volumes, readOnly, missing, problem } = resolveVolumes(facts, context.storage)
  const resolved = [...(spec.initContainers ?? []), ...spec.containers].map((written) => {
    const environment = environmentOf(written, facts)
    const { container, tooLong } = fitting(written, environment)
    const mounts = mountsOf(container, readOnly, valuesOf(environment.env))
    return { environment, mounts, tooLong, config: configOf(container, spec, environment, mounts.mounts, qos, mode) }
  })
  const missingVariables = resolved.flatMap(({ environment, mounts }) => [...environment.missing, ...mounts.missing])
  // Variables that do not replace pods are no part of the revision.
  const data = resolved.map(({ environment: { env, fromConfig } }) =>
    env.filter(({ name }) => followsVariables(mode) || !fromConfig.has(name)),
  )
  const contents = mode === 'roll' ? versionsOf(volumes) : undefined
  return {
    hash: shortHash({ owner, labels, annotations, spec: withoutUpdatable(spec), data, qos, contents }),
    labels,
    annotations,
    spec,
    containers: resolved.map(({ config }) => config),
    requests: requestsOf(spec),
    volumes,
    auths: authsOf(spec, lookup),
    missing: [...new Set([...missingVariables, ...missing])],
    missingVariables: [...new Set(missingVariables)],
    forbidden:
      forbiddenPod(spec, context.limitRanges) || problem || (resolved.find(({ tooLong }) => tooLong)?.tooLong ?? ''),
    followsConfig: mode !== 'ignore' && mode !== 'roll',
  }
}

/** What a container cannot be given is left out, as it may be more than the memory holds. `tooLong` empty: it can have all of it. */
function fitting(container: Container, { env, isTooLong }: Environment): { container: Container; tooLong: string } {
  const { command = [], args = [], volumeMounts = [], ...others } = container
  const texts = [...command, ...args, ...volumeMounts.map(({ subPathExpr = '' }) => subPathExpr)]
  if (!isTooLong && expanded(texts, valuesOf(env))) return { container, tooLong: '' }
  const tooLong = `container ${container.name} has more than ${mostText} characters of variables, command and args`
  return { container: others, tooLong }
}

/** Undefined without such volumes: they add nothing to the hash. */
function versionsOf(volumes: readonly TemplateVolume[]): readonly string[] | undefined {
  const versions = volumes.flatMap(({ contents }) => (contents ? [contents.version] : []))
  return versions.length === 0 ? undefined : versions
}

/** The spec without what `docker update` changes in place; whether a limit is set at all stays. */
function withoutUpdatable(spec: PodSpec): unknown {
  const fixed = ({ imagePullPolicy: _policy, resources, ...container }: Container) => ({
    ...container,
    limits: Object.entries(resources?.limits ?? {}).map(([name, value]) =>
      updatable.has(name) ? name : [name, value],
    ),
  })
  return { ...spec, containers: spec.containers.map(fixed), initContainers: spec.initContainers?.map(fixed) }
}

const updatable = new Set(['cpu', 'memory'])

function configOf(
  container: Container,
  spec: PodSpec,
  environment: Environment,
  mounts: readonly Mount[],
  qos: QosClass,
  mode: OnConfigChange,
): ContainerConfig {
  const own = container.securityContext
  const pod = spec.securityContext
  const seccomp = own?.seccompProfile ?? pod?.seccompProfile
  const { env, fromConfig, fromHost } = environment
  const variables = valuesOf(env)
  const unfollowed = unfollowedIn(
    container,
    variables,
    new Set([...fromHost, ...(followsVariables(mode) ? [] : fromConfig)]),
  )
  return {
    name: container.name,
    image: container.image,
    command: container.command && expanded(container.command, variables),
    args: container.args && expanded(container.args, variables),
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
    mounts,
    ...(unfollowed.length > 0 && { unfollowed }),
  }
}

function valuesOf(env: readonly EnvValue[]): ReadonlyMap<string, string> {
  return new Map(env.map(({ name, value }) => [name, value]))
}

function userOf(user: number | undefined, group: number | undefined): string | undefined {
  if (group === undefined) return user === undefined ? undefined : String(user)
  return `${user ?? ''}:${group}`
}

function capabilities(names: readonly string[] | undefined): string[] {
  return [...new Set((names ?? []).map((name) => name.toUpperCase().replace(/^CAP_/, '')))].sort()
}
