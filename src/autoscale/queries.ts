import type { HorizontalPodAutoscaler, LabelSelector, MetricSpec } from '../manifests/types.ts'

/** On the autoscaler, with a metric's name behind it: the whole query for that metric. */
export const queryAnnotation = 'berth.dev/query.'

/** One condition on a label of a series. */
type Matcher = string
type Expression = NonNullable<LabelSelector['matchExpressions']>[number]

/** Whether figures of containers are needed. */
export function readsUsage({ spec }: HorizontalPodAutoscaler): boolean {
  return (spec.metrics ?? []).some(({ resource, containerResource }) => resource ?? containerResource)
}

/** The PromQL query for a metric that is no resource; undefined: there is nothing to ask. */
export function queryOf(
  { metadata }: HorizontalPodAutoscaler,
  metric: MetricSpec,
  podNames: readonly string[],
): string | undefined {
  const identifier = (metric.pods ?? metric.object ?? metric.external)?.metric
  if (!identifier) return undefined
  const own = metadata.annotations?.[`${queryAnnotation}${identifier.name}`]
  if (own !== undefined) return own
  const namespace = metadata.namespace ?? ''
  const selected = matchers(identifier.selector)
  if (metric.pods) {
    // An empty pattern would ask for all that has no such label.
    if (podNames.length === 0) return undefined
    const places = [equals('namespace', namespace), oneOf('pod', podNames)]
    return `sum by (pod) (${series(identifier.name, [...places, ...selected])})`
  }
  if (metric.object) {
    const { kind, name } = metric.object.describedObject
    const label = kind.toLowerCase()
    const places = label === 'namespace' ? [] : [equals('namespace', namespace)]
    return `sum(${series(identifier.name, [...places, equals(label, name), ...selected])})`
  }
  return `sum(${series(identifier.name, selected)})`
}

function series(name: string, conditions: readonly Matcher[]): string {
  const plain = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name)
  const all = plain ? conditions : [`__name__=${quoted(name)}`, ...conditions]
  const braces = all.length > 0 ? `{${all.join(',')}}` : ''
  return plain ? `${name}${braces}` : braces
}

function matchers({ matchLabels = {}, matchExpressions = [] }: LabelSelector = {}): Matcher[] {
  return [...Object.entries(matchLabels).map(([key, value]) => equals(key, value)), ...matchExpressions.map(matcher)]
}

function matcher({ key, operator, values = [] }: Expression): Matcher {
  switch (operator) {
    case 'In':
      return oneOf(key, values)
    case 'NotIn':
      return `${labelName(key)}!~${quoted(values.map(escaped).join('|'))}`
    case 'Exists':
      return `${labelName(key)}!=""`
    case 'DoesNotExist':
      return `${labelName(key)}=""`
  }
}

function equals(label: string, value: string): Matcher {
  return `${labelName(label)}=${quoted(value)}`
}

function oneOf(label: string, values: readonly string[]): Matcher {
  return `${labelName(label)}=~${quoted(values.map(escaped).join('|'))}`
}

/** Prometheus writes labels of Kubernetes so: `app.kubernetes.io/name` is `app_kubernetes_io_name`. */
function labelName(key: string): string {
  return key.replace(/[^a-zA-Z0-9_]/g, '_').replace(/^(?=[0-9])/, '_')
}

function escaped(text: string): string {
  return text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&')
}

// PromQL strings have the escapes of JSON.
function quoted(text: string): string {
  return JSON.stringify(text)
}
