import type { ContainerConfig, LiveContainer, Mount } from '../runtime/live.ts'
import { podAddress } from '../runtime/pod-address.ts'

/** What a difference costs: nothing, a `docker update`, or a new pod. */
export type Impact = 'ignore' | 'inPlace' | 'replace'

/** One field that is not as it should be. `from` is what is, `to` what should be; undefined: not there. */
export interface Difference {
  readonly path: string
  readonly from: unknown
  readonly to: unknown
  readonly impact: Impact
  /** The values come from a Secret: only ever shown as `changed`. */
  readonly secret: boolean
}

/**
 * Where a running container differs from its configuration. Fields that the configuration leaves to the image (command, user, …) and
 * variables that the image adds are no differences: Docker reports them as if they had been asked for. Neither is what the
 * configuration says not to follow.
 */
export function compareContainer(
  desired: ContainerConfig,
  live: LiveContainer,
  address: string | undefined,
): readonly Difference[] {
  const differences = allDifferences(desired, live, address)
  if (!desired.unfollowed) return differences
  const unfollowed = new Set(desired.unfollowed)
  return differences.filter(({ path }) => !unfollowed.has(path))
}

function allDifferences(desired: ContainerConfig, live: LiveContainer, address: string | undefined): Difference[] {
  const actual = live.config
  const secrets = secretValues(desired, actual)
  const replace = (path: string, from: unknown, to: unknown): Difference[] =>
    same(from, to) ? [] : [{ path, from, to, impact: 'replace', secret: false }]
  const hidden = (difference: Difference): Difference =>
    secrets.some((value) =>
      JSON.stringify([difference.from, difference.to]).includes(JSON.stringify(value).slice(1, -1)),
    )
      ? { ...difference, secret: true }
      : difference
  const leftToImage = (path: string, from: unknown, to: unknown): Difference[] =>
    to === undefined ? [] : replace(path, from, to)
  return [
    ...compareImage(desired.image, live),
    ...leftToImage('command', actual.command, desired.command).map(hidden),
    ...compareArgs(desired, actual).map(hidden),
    ...leftToImage('workingDir', actual.workingDir, desired.workingDir),
    ...leftToImage('securityContext.runAsUser', actual.user, desired.user),
    ...compareEnv(desired, actual, address),
    ...compareMounts(desired, actual),
    ...plainFields.flatMap(([path, read]) => replace(path, read(actual), read(desired))),
    ...resourceFields.flatMap(([path, read]): Difference[] => {
      const [from, to] = [read(actual), read(desired)]
      return from === to ? [] : [{ path, from, to, impact: 'inPlace', secret: false }]
    }),
  ]
}

const plainFields: readonly (readonly [path: string, read: (config: ContainerConfig) => unknown])[] = [
  ['securityContext.supplementalGroups', (config) => sorted(config.groups)],
  ['tty', (config) => config.tty],
  ['stdin', (config) => config.stdin],
  ['stdinOnce', (config) => config.stdinOnce],
  ['securityContext.privileged', (config) => config.privileged],
  ['securityContext.readOnlyRootFilesystem', (config) => config.readOnlyRootFilesystem],
  ['securityContext.allowPrivilegeEscalation', (config) => !config.noNewPrivileges],
  ['securityContext.capabilities.add', (config) => sorted(config.addCapabilities)],
  ['securityContext.capabilities.drop', (config) => sorted(config.dropCapabilities)],
  ['securityContext.seccompProfile', (config) => config.seccomp],
  ['oomScoreAdjust', (config) => config.oomScoreAdjust],
]

const resourceFields: readonly (readonly [path: string, read: (config: ContainerConfig) => number])[] = [
  ['resources.requests.cpu', (config) => config.resources.cpuRequestMillis],
  ['resources.limits.cpu', (config) => config.resources.cpuLimitMillis],
  ['resources.limits.memory', (config) => config.resources.memoryLimitBytes],
]

/** A container made from an image id runs what its siblings run: the reference may have moved meanwhile. */
function compareImage(image: string, live: LiveContainer): Difference[] {
  const from = live.config.image
  if (from === image || from.startsWith('sha256:')) return []
  return [{ path: 'image', from, to: image, impact: 'replace', secret: false }]
}

/** With a command of its own and no args, nothing of the image's may be left. */
function compareArgs(desired: ContainerConfig, actual: ContainerConfig): Difference[] {
  if (desired.args === undefined && desired.command === undefined) return []
  const [from, to] = [actual.args ?? [], desired.args ?? []]
  return same(from, to) ? [] : [{ path: 'args', from, to, impact: 'replace', secret: false }]
}

function compareEnv(desired: ContainerConfig, actual: ContainerConfig, address: string | undefined): Difference[] {
  const live = new Map(actual.env.map((entry) => [entry.name, entry.value]))
  const wanted = new Map(desired.env.map((entry) => [entry.name, entry]))
  return [...wanted.values()].flatMap((entry): Difference[] => {
    const from = live.get(entry.name)
    if (from === entry.value || addressKnownLater(entry.value, from, address)) return []
    return [{ path: `env.${entry.name}`, from, to: entry.value, impact: 'replace', secret: entry.secret }]
  })
}

/** By path. What the image mounts by itself belongs to no volume of the pod. */
function compareMounts(desired: ContainerConfig, actual: ContainerConfig): Difference[] {
  const live = mountTexts(actual.mounts.filter(({ volume }) => volume !== ''))
  const wanted = mountTexts(desired.mounts)
  return sorted([...new Set([...live.keys(), ...wanted.keys()])]).flatMap((path): Difference[] => {
    const [from, to] = [live.get(path), wanted.get(path)]
    return from === to ? [] : [{ path: `mounts.${path}`, from, to, impact: 'replace', secret: false }]
  })
}

/** `cache/logs, read-only`: what is seen at each path. */
function mountTexts(mounts: readonly Mount[]): ReadonlyMap<string, string> {
  return new Map(
    mounts.map(({ path, volume, subPath, readOnly, propagation }) => {
      const place = subPath === '' ? volume : `${volume}/${subPath}`
      const words = [place, ...(readOnly ? ['read-only'] : []), ...(propagation === 'None' ? [] : [propagation])]
      return [path, words.join(', ')]
    }),
  )
}

/** `$(PASSWORD)` may have carried them into the command line. */
function secretValues(desired: ContainerConfig, actual: ContainerConfig): string[] {
  const names = new Set(desired.env.filter((entry) => entry.secret).map((entry) => entry.name))
  return [...desired.env, ...actual.env]
    .filter((entry) => (entry.secret || names.has(entry.name)) && entry.value !== '')
    .map((entry) => entry.value)
}

function addressKnownLater(value: string, live: string | undefined, address: string | undefined): boolean {
  if (!value.includes(podAddress) || live === undefined) return false
  return address === undefined || value.replaceAll(podAddress, address) === live
}

function sorted(values: readonly string[]): string[] {
  return [...values].sort()
}

function same(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}
