import { readConfig } from '../../src/manifests/config.ts'
import {
  autoscaler,
  claim,
  container,
  cronJob,
  daemonSet,
  deployment,
  job,
  object,
  pod,
  secretObject,
  service,
  statefulSet,
  storageClass,
} from '../manifests/manifest.ts'

export const defaults = {
  /** Reads the member of an object that was given without it. */
  default: ({ path }: { path: string }) => {
    const find = finders[path] ?? (() => byPath(path))
    const value = find()
    return value === undefined ? undefined : { value }
  },
}

const whole: Readonly<Record<string, () => unknown>> = {
  Deployment: () => object('Deployment', deployment()),
  ReplicaSet: () => object('ReplicaSet', { ...deployment(), kind: 'ReplicaSet' }),
  StatefulSet: () => object('StatefulSet', statefulSet()),
  DaemonSet: () => object('DaemonSet', daemonSet()),
  Job: () => object('Job', job()),
  CronJob: () => object('CronJob', cronJob()),
  HorizontalPodAutoscaler: () => object('HorizontalPodAutoscaler', autoscaler()),
  PersistentVolumeClaim: () => object('PersistentVolumeClaim', claim()),
  StorageClass: () => object('StorageClass', storageClass()),
  Pod: () => object('Pod', pod()),
  Container: () => object('Pod', pod()).spec.containers[0],
  Service: () => object('Service', service({ ports: [{ port: 80 }] })),
  Secret: () => object('Secret', secretObject()),
}

const finders: Readonly<Record<string, () => unknown>> = {
  'Namespace of an object without one': () => {
    const application =
      'apiVersion: berth.dev/v1\nkind: Application\nmetadata: {name: a}\nspec: {source: {repoURL: /a}}'
    return readConfig({ path: 'berth.yaml', bytes: new TextEncoder().encode(application) }).config.applications[0]
      ?.namespace
  },
  'ConfigMap volume defaultMode': () => {
    const given = pod({ volumes: [{ name: 'a', configMap: { name: 'a' } }] })
    return object('Pod', given).spec.volumes![0]!.configMap!.defaultMode
  },
  'Container.imagePullPolicy (other tag)': () => object('Pod', pod()).spec.containers[0]!.imagePullPolicy,
  'Container.ports[].protocol': () => {
    const given = pod({ containers: [{ ...container, ports: [{ containerPort: 80 }] }] })
    return object('Pod', given).spec.containers[0]!.ports![0]!.protocol
  },
}

/** `Job.spec.completions (parallelism unset)`: what stands in brackets is so anyway. */
function byPath(path: string): unknown {
  const [kind = '', ...members] = path.replace(/ \(.*\)$/, '').split('.')
  return members.reduce<unknown>(
    (value, name) => (typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined),
    whole[kind]?.(),
  )
}
