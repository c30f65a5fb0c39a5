import { unhonoured } from '../fields.ts'
import { found, oneOf } from '../found.ts'
import { portNameFault } from '../names.ts'
import type { Path } from '../position.ts'
import { type Review, reportFault } from '../review.ts'
import type { ContainerPort, Probe } from '../types.ts'
import { reviewRules } from './rules.ts'

export const probeFields = ['readinessProbe', 'livenessProbe', 'startupProbe'] as const
export type ProbeField = (typeof probeFields)[number]

/** Zero counts as "not set", as in Kubernetes; the schema has filled in what was absent. */
export function completeProbe(probe: Probe): Probe {
  return {
    ...probe,
    timeoutSeconds: probe.timeoutSeconds || 1,
    periodSeconds: probe.periodSeconds || 10,
    successThreshold: probe.successThreshold || 1,
    failureThreshold: probe.failureThreshold || 3,
    ...(probe.httpGet ? { httpGet: { ...probe.httpGet, path: probe.httpGet.path || '/' } } : {}),
  }
}

export function reviewProbe(
  field: ProbeField,
  probe: Probe,
  ports: readonly ContainerPort[],
  path: Path,
  review: Review,
): void {
  reviewRules(unhonoured('Probes (readiness, liveness, startup)', probe), path, review)
  const handlers = (['exec', 'httpGet', 'tcpSocket', 'grpc'] as const).filter((name) => probe[name] !== undefined)
  if (handlers.length !== 1) {
    review.problem(
      path,
      `expected one of exec, httpGet, tcpSocket or grpc, found ${handlers.length === 0 ? 'none' : oneOf(handlers)}`,
    )
  }
  if (probe.exec && (probe.exec.command ?? []).length === 0) {
    review.problem([...path, 'exec', 'command'], 'expected a command, found nothing')
  }
  for (const handler of ['httpGet', 'tcpSocket'] as const) {
    const action = probe[handler]
    if (action) reviewPort(action.port, ports, [...path, handler, 'port'], review)
  }
  if (probe.grpc) reviewPort(probe.grpc.port, ports, [...path, 'grpc', 'port'], review)
  const grace = probe.terminationGracePeriodSeconds
  if (grace !== undefined) {
    const at = [...path, 'terminationGracePeriodSeconds']
    if (field === 'readinessProbe') review.problem(at, `expected nothing for a readinessProbe, found ${found(grace)}`)
    else if (grace < 1) review.problem(at, `expected a whole number from 1, found ${found(grace)}`)
  }
  // Written as 0 or not at all: 1.
  const successes = probe.successThreshold || 1
  if (field !== 'readinessProbe' && successes !== 1) {
    review.problem([...path, 'successThreshold'], `expected 1 for a ${field}, found ${found(successes)}`)
  }
}

/** Of a probe or a hook: a number, or the name of a port of the same container. */
export function reviewPort(port: number | string, ports: readonly ContainerPort[], path: Path, review: Review): void {
  if (typeof port === 'number') {
    if (port < 1 || port > 65535) review.problem(path, `expected a port from 1 to 65535, found ${found(port)}`)
    return
  }
  const fault = portNameFault(port)
  reportFault(review, path, fault, found(port))
  if (!fault && !ports.some(({ name }) => name === port)) {
    const names = ports.flatMap(({ name }) => (name === undefined ? [] : [name]))
    const known = names.length > 0 ? `: its ports are ${oneOf(names)}` : ': its ports have no names'
    review.problem(path, `expected the name of a port of this container, found ${found(port)}${known}`)
  }
}
