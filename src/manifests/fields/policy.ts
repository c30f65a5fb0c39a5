import type {
  HorizontalPodAutoscaler,
  LimitRangeItem,
  MetricSpec,
  PodDisruptionBudget,
  ResourceQuota,
} from '../types.ts'
import { honoured, type Rules } from './rule.ts'

export const autoscalerSpec: Rules<HorizontalPodAutoscaler['spec']> = {
  behavior: honoured(),
  maxReplicas: honoured(),
  metrics: honoured('see below'),
  minReplicas: honoured(),
  scaleTargetRef: honoured('Deployment, StatefulSet, ReplicaSet and ReplicationController'),
}

export const metric: Rules<MetricSpec> = {
  containerResource: honoured('cpu and memory'),
  external: honoured('from Prometheus, if the configuration names one'),
  object: honoured('from Prometheus, if the configuration names one'),
  pods: honoured('from Prometheus, if the configuration names one'),
  resource: honoured('cpu and memory'),
  type: honoured(),
}

export const resourceQuotaSpec: Rules<ResourceQuota['spec']> = {
  hard: honoured('numbers of objects, cpu, memory and storage; others are ignored'),
  scopeSelector: honoured('all but VolumeAttributesClass, which no pod matches'),
  scopes: honoured('all but VolumeAttributesClass, which no pod matches'),
}

export const limitRangeItem: Rules<LimitRangeItem> = {
  default: honoured(),
  defaultRequest: honoured(),
  max: honoured(),
  maxLimitRequestRatio: honoured(),
  min: honoured(),
  type: honoured(),
}

export const disruptionBudgetSpec: Rules<PodDisruptionBudget['spec']> = {
  maxUnavailable: honoured(),
  minAvailable: honoured(),
  selector: honoured(),
  unhealthyPodEvictionPolicy: honoured(),
}
