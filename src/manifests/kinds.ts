import { configMap } from './kinds/config-map.ts'
import { deployment } from './kinds/deployment.ts'
import type { KindRow } from './kinds/kind.ts'
import { namespace } from './kinds/namespace.ts'
import { pod } from './kinds/pod.ts'
import { replicaSet } from './kinds/replica-set.ts'
import { secret } from './kinds/secret.ts'
import { service } from './kinds/service.ts'
import type { Kind } from './types.ts'

/** One row per kind: a kind without a row does not compile. */
export const kinds: { readonly [K in Kind]: KindRow<K> } = {
  Namespace: namespace,
  Pod: pod,
  ReplicaSet: replicaSet,
  Deployment: deployment,
  ConfigMap: configMap,
  Secret: secret,
  Service: service,
}
