import { configChangeAnnotation } from '../../manifests/config-change.ts'
import { expand } from '../../manifests/expand.ts'
import type { Container } from '../../manifests/types.ts'

type Annotations = Readonly<Record<string, string>>

/**
 * What a change of a ConfigMap or Secret does to the pods that read it. `usual`: variables replace them, volumes are updated in place;
 * `roll`: both replace them; `update`: volumes are updated in place, variables stay until a new pod is made anyway; `ignore`: all stays.
 */
export type OnConfigChange = 'usual' | 'roll' | 'update' | 'ignore'

/** The annotation of the workload, else of its pod template; other values count as none. */
export function onConfigChange(workload: Annotations, template: Annotations): OnConfigChange {
  const text = workload[configChangeAnnotation] ?? template[configChangeAnnotation]
  return text === 'roll' || text === 'update' || text === 'ignore' ? text : 'usual'
}

/** Whether pods are replaced when a variable from a ConfigMap or Secret changes. */
export function followsVariables(mode: OnConfigChange): boolean {
  return mode === 'usual' || mode === 'roll'
}

/** Paths of differences, as `compareContainer` names them, that the given variables make. */
export function unfollowedIn(
  container: Container,
  variables: ReadonlyMap<string, string>,
  names: ReadonlySet<string>,
): readonly string[] {
  if (names.size === 0) return []
  const others = new Map([...variables].filter(([name]) => !names.has(name)))
  const uses = (text: string): boolean => expand(text, variables) !== expand(text, others)
  const mounts = (container.volumeMounts ?? []).filter(({ subPathExpr = '' }) => uses(subPathExpr))
  return [
    ...[...names].map((name) => `env.${name}`),
    ...(container.command?.some(uses) ? ['command'] : []),
    ...(container.args?.some(uses) ? ['args'] : []),
    ...mounts.map(({ mountPath }) => `mounts.${absolutePath(mountPath)}`),
  ]
}

/** As Docker tells it: `data//` is `/data`. */
export function absolutePath(path: string): string {
  return `/${path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/')}`
}
