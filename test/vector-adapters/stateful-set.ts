import { updateBudget } from '../../src/reconcile/plan/stateful-set.ts'
import {
  claimName,
  claimsGo,
  identityLabels,
  ordinalName,
  podIndexLabel,
  podNameLabel,
} from '../../src/reconcile/plan/stateful-set-identity.ts'
import { type Member, syncOrdinals } from '../../src/reconcile/plan/stateful-set-sync.ts'
import { podDomain } from '../../src/runtime/network/dns-names.ts'

interface Sync {
  readonly podManagementPolicy: 'OrderedReady' | 'Parallel'
  readonly replicas: number
  readonly ordinalsStart?: number
  readonly updateStrategy: {
    readonly type: 'RollingUpdate' | 'OnDelete'
    readonly partition?: number
    readonly maxUnavailable?: number | string
  }
  readonly currentRevision: string
  readonly updateRevision: string
  readonly pods: readonly Member[]
}

interface Identity {
  readonly name: string
  readonly namespace: string
  readonly ordinal: number
  readonly serviceName?: string
  readonly clusterDomain?: string
  readonly claimTemplate?: string
}

export const statefulSet = {
  sync: ({ podManagementPolicy, replicas, ordinalsStart, updateStrategy, pods, ...revisions }: Sync) => ({
    actions: syncOrdinals(
      {
        ...{ replicas, start: ordinalsStart ?? 0, ordered: podManagementPolicy === 'OrderedReady' },
        ...{ strategy: updateStrategy.type, partition: updateStrategy.partition ?? 0 },
        maxUnavailable: updateBudget(updateStrategy.maxUnavailable, replicas),
        ...revisions,
      },
      pods,
    ),
  }),
  identity: ({ name, namespace, ordinal, serviceName, clusterDomain, claimTemplate }: Identity) => {
    const podName = ordinalName(name, ordinal)
    if (claimTemplate !== undefined) return { pvcName: claimName(claimTemplate, podName) }
    const labels = identityLabels(name, podName)
    return {
      podName,
      hostname: podName,
      fqdn: podDomain(podName, serviceName ?? '', namespace, clusterDomain ?? ''),
      indexLabel: labels[podIndexLabel],
      nameLabel: labels[podNameLabel],
    }
  },
  pvcRetention: (input: {
    whenDeleted: string | null
    whenScaled: string | null
    event: 'scaleDown' | 'setDeleted' | 'podReplaced'
  }) => {
    const { whenDeleted, whenScaled, event } = input
    return {
      claimDeleted: claimsGo({ whenDeleted: whenDeleted ?? undefined, whenScaled: whenScaled ?? undefined }, event),
    }
  },
}
