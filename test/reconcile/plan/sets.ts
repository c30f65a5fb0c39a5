// Factories for sets whose pods have names or hosts of their own.
import type { DaemonSet, ReplicationController, StatefulSet, StatefulSetSpec } from '../../../src/manifests/types.ts'
import type { ObjectStatus } from '../../../src/reconcile/plan/action.ts'
import type {
  DesiredDaemonSet,
  DesiredReplicationController,
  DesiredStatefulSet,
  Template,
} from '../../../src/reconcile/plan/desired.ts'
import type { LivePod, LiveVolume } from '../../../src/runtime/live.ts'
import { now, type PodChanges, pod } from './world.ts'

const common = { app: 'demo', commit: 'c2', since: now }
const metadata = { name: 'web', namespace: 'shop' }

export function statefulSet(
  wanted: Template,
  replicas = 3,
  changes: Partial<StatefulSetSpec> = {},
): DesiredStatefulSet {
  const object: StatefulSet = {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata,
    spec: {
      replicas,
      selector: {},
      serviceName: 'nginx',
      podManagementPolicy: 'OrderedReady',
      revisionHistoryLimit: 10,
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
      template: { metadata: {}, spec: wanted.spec },
      ...changes,
    },
  }
  return { ...common, kind: 'StatefulSet', object, template: wanted, replicas }
}

export function daemonSet(
  wanted: Template,
  updateStrategy: Partial<DaemonSet['spec']['updateStrategy']> = {},
  minReadySeconds = 0,
): DesiredDaemonSet {
  const object: DaemonSet = {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata,
    spec: {
      selector: {},
      revisionHistoryLimit: 10,
      minReadySeconds,
      updateStrategy: {
        type: 'RollingUpdate',
        rollingUpdate: { maxSurge: 0, maxUnavailable: 1 },
        ...updateStrategy,
      },
      template: { metadata: {}, spec: wanted.spec },
    },
  }
  return { ...common, kind: 'DaemonSet', object, template: wanted }
}

export function replicationController(wanted: Template, replicas = 3): DesiredReplicationController {
  const object: ReplicationController = {
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata,
    spec: { replicas, selector: { app: 'web' }, template: { metadata: {}, spec: wanted.spec } },
  }
  return { ...common, kind: 'ReplicationController', object, template: wanted, replicas }
}

/** A pod of a StatefulSet, by its ordinal. */
export function member(wanted: Template, ordinal: number, changes: PodChanges = {}): LivePod {
  return pod(wanted, ordinal, { name: `web-${ordinal}`, owner: 'StatefulSet/web', ...changes })
}

/** The data of a claim. */
export function dataVolume(claim: string, host = 'local', changes: Partial<LiveVolume> = {}): LiveVolume {
  return {
    host,
    name: `berth_shop_${claim}`,
    app: 'demo',
    namespace: 'shop',
    subject: `PersistentVolumeClaim/${claim}`,
    detail: '',
    facts: {},
    driver: 'local',
    options: {},
    createdAt: now - 100_000,
    ...changes,
  }
}

/** `Synced Healthy 3/3: …` */
export function statusText({ sync, health, ready, message, failed }: ObjectStatus): string {
  return `${sync} ${health} ${ready}${message ? `: ${message}` : ''}${failed ? ' FAILED' : ''}`
}
