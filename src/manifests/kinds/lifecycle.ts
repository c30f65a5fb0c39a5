import { unhonoured } from '../fields.ts'
import { found, oneOf } from '../found.ts'
import type { Path } from '../position.ts'
import type { Review } from '../review.ts'
import type { ContainerPort, Lifecycle } from '../types.ts'
import { reviewPort } from './probe.ts'
import { reviewRules } from './rules.ts'

const handlers = ['exec', 'httpGet', 'sleep', 'tcpSocket'] as const

/** Hooks of a container. `graceSeconds`: of its pod. */
export function reviewLifecycle(
  lifecycle: Lifecycle,
  ports: readonly ContainerPort[],
  graceSeconds: number,
  path: Path,
  review: Review,
): void {
  reviewRules(unhonoured('Pod.spec.containers[].lifecycle', lifecycle), path, review)
  for (const hook of ['postStart', 'preStop'] as const) {
    const handler = lifecycle[hook]
    if (!handler) continue
    const at = [...path, hook]
    const given = handlers.filter((name) => handler[name] !== undefined)
    if (given.length !== 1) {
      const shown = given.length === 0 ? 'none' : given.join(' and ')
      review.problem(at, `expected one of ${oneOf(handlers.slice(0, 3))}, found ${shown}`)
    }
    const { exec, httpGet, sleep, tcpSocket } = handler
    if (exec && (exec.command ?? []).length === 0) {
      review.problem([...at, 'exec', 'command'], 'expected a command, found nothing')
    }
    if (httpGet) reviewPort(httpGet.port, ports, [...at, 'httpGet', 'port'], review)
    if (sleep && (sleep.seconds < 0 || sleep.seconds > graceSeconds)) {
      const message = `expected a whole number from 0 to terminationGracePeriodSeconds, which is ${graceSeconds}`
      review.problem([...at, 'sleep', 'seconds'], `${message}, found ${found(sleep.seconds)}`)
    }
    if (tcpSocket) review.warn([...at, 'tcpSocket'], 'no handler of a hook in Kubernetes either: ignored')
  }
}
