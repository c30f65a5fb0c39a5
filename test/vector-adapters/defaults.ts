import { readConfig } from '../../src/manifests/config.ts'
import { definitions } from '../../src/manifests/generated/definitions.ts'
import { completeOther } from '../../src/manifests/other-defaults.ts'
import { container, deployment, object, pod, service } from '../manifests/manifest.ts'

export const defaults = {
  /** Reads the member of an object that was given without it; undefined for kinds that are not built yet. */
  default: ({ path }: { path: string }) => {
    const find = finders[path] ?? (() => byPath(path))
    const value = find()
    return value === undefined ? undefined : { value }
  },
}

const whole: Readonly<Record<string, () => unknown>> = {
  Deployment: () => object('Deployment', deployment()),
  ReplicaSet: () => object('ReplicaSet', { ...deployment(), kind: 'ReplicaSet' }),
  Pod: () => object('Pod', pod()),
  Container: () => object('Pod', pod()).spec.containers[0],
  Service: () => object('Service', service({ ports: [{ port: 80 }] })),
  Secret: () => object('Secret', { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' } }),
}

const finders: Readonly<Record<string, () => unknown>> = {
  'Namespace of an object without one': () => {
    const application =
      'apiVersion: berth.dev/v1\nkind: Application\nmetadata: {name: a}\nspec: {source: {repoURL: /a}}'
    return readConfig({ path: 'berth.yaml', bytes: new TextEncoder().encode(application) }).config.applications[0]
      ?.namespace
  },
  'Job.spec.parallelism (completions unset)': () => member(completeOther({ kind: 'Job', spec: {} }), 'parallelism'),
  'Job.spec.completions (parallelism unset)': () => member(completeOther({ kind: 'Job', spec: {} }), 'completions'),
  'Job.spec.podReplacementPolicy (no podFailurePolicy)': () =>
    member(completeOther({ kind: 'Job', spec: {} }), 'podReplacementPolicy'),
  'ConfigMap volume defaultMode': () => definitions.ConfigMapVolumeSource?.properties?.defaultMode?.default,
  'Container.imagePullPolicy (other tag)': () => object('Pod', pod()).spec.containers[0]!.imagePullPolicy,
  'Container.ports[].protocol': () => {
    const given = pod({ containers: [{ ...container, ports: [{ containerPort: 80 }] }] })
    return object('Pod', given).spec.containers[0]!.ports![0]!.protocol
  },
}

function member(object: unknown, name: string): unknown {
  const spec: unknown = typeof object === 'object' && object !== null ? Reflect.get(object, 'spec') : undefined
  return typeof spec === 'object' && spec !== null ? Reflect.get(spec, name) : undefined
}

function byPath(path: string): unknown {
  const [kind = '', ...members] = path.split('.')
  return members.reduce<unknown>(
    (value, name) => (typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined),
    whole[kind]?.() ?? completeOther({ kind }),
  )
}
