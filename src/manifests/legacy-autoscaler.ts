import { type Move, mapAt, type Plain } from './legacy-moves.ts'
import type { Path } from './position.ts'

const utilization = 'averageUtilization'

/** One number: the share of the requested cpu. */
export function autoscalerV1(object: Plain): readonly Move[] {
  const spec = mapAt(object, 'spec')
  const percent = spec?.targetCPUUtilizationPercentage
  if (!spec || percent === undefined) return []
  delete spec.targetCPUUtilizationPercentage
  if (percent !== null) spec.metrics = [cpu(percent)]
  return [
    [
      ['spec', 'metrics', 0, 'resource', 'target', utilization],
      ['spec', 'targetCPUUtilizationPercentage'],
    ],
  ]
}

/** As autoscaling/v1, with other names. */
export function oldestAutoscaler(object: Plain): readonly Move[] {
  const spec = mapAt(object, 'spec')
  if (!spec) return []
  const moves: Move[] = []
  if (spec.scaleRef !== undefined) {
    spec.scaleTargetRef = spec.scaleRef
    delete spec.scaleRef
    delete mapAt(spec, 'scaleTargetRef')?.subresource
    moves.push([
      ['spec', 'scaleTargetRef'],
      ['spec', 'scaleRef'],
    ])
  }
  const target = mapAt(spec, 'cpuUtilization')
  if (target) {
    delete spec.cpuUtilization
    spec.metrics = [cpu(target.targetPercentage)]
    moves.push([
      ['spec', 'metrics', 0, 'resource', 'target', utilization],
      ['spec', 'cpuUtilization', 'targetPercentage'],
    ])
  }
  return moves
}

function cpu(percent: unknown): Plain {
  return { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', [utilization]: percent } } }
}

/** What a member was called, by source of the metric; what is not named here kept its name. */
const renamed: Readonly<Record<string, Readonly<Record<string, Path>>>> = {
  resource: { targetAverageUtilization: ['target', utilization], targetAverageValue: ['target', 'averageValue'] },
  containerResource: {
    targetAverageUtilization: ['target', utilization],
    targetAverageValue: ['target', 'averageValue'],
  },
  pods: {
    metricName: ['metric', 'name'],
    selector: ['metric', 'selector'],
    targetAverageValue: ['target', 'averageValue'],
  },
  object: {
    target: ['describedObject'],
    metricName: ['metric', 'name'],
    selector: ['metric', 'selector'],
    targetValue: ['target', 'value'],
    averageValue: ['target', 'averageValue'],
  },
  external: {
    metricName: ['metric', 'name'],
    metricSelector: ['metric', 'selector'],
    targetValue: ['target', 'value'],
    targetAverageValue: ['target', 'averageValue'],
  },
}

const types: Readonly<Record<string, string>> = {
  [utilization]: 'Utilization',
  averageValue: 'AverageValue',
  value: 'Value',
}

/** Metrics whose name, selector and target stood side by side. */
export function autoscalerV2beta1(object: Plain): readonly Move[] {
  const metrics = mapAt(object, 'spec')?.metrics
  if (!Array.isArray(metrics)) return []
  const moves: Move[] = []
  for (const [index, metric] of metrics.entries()) {
    for (const [source, names] of Object.entries(renamed)) {
      const written = mapAt(metric, source)
      if (!written) continue
      const at = ['spec', 'metrics', index, source]
      Reflect.set(metric, source, regrouped(written, names))
      for (const [from, to] of Object.entries(names)) {
        if (Object.hasOwn(written, from))
          moves.push([
            [...at, ...to],
            [...at, from],
          ])
      }
    }
  }
  return moves
}

/** The target's type follows from its value; an average wins over a value of the whole, which was required beside it. */
function regrouped(written: Plain, names: Readonly<Record<string, Path>>): Plain {
  const result: Plain = {}
  for (const [name, value] of Object.entries(written)) {
    if (value === null) continue
    const [group = name, member] = names[name] ?? []
    if (member === undefined) result[group] = value
    else result[group] = { ...mapAt(result, String(group)), [member]: value }
  }
  const target = mapAt(result, 'target')
  if (!target) return result
  if (target.averageValue !== undefined) delete target.value
  const goal = [utilization, 'averageValue', 'value'].find((name) => target[name] !== undefined)
  if (goal) target.type = types[goal]
  return result
}
