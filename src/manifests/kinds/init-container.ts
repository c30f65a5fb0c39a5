import { found } from '../found.ts'
import type { Path } from '../position.ts'
import type { Review } from '../review.ts'
import type { Container } from '../types.ts'
import { probeFields } from './probe.ts'

/** An init container that goes on running beside the others. */
export function isSidecar({ restartPolicy }: Pick<Container, 'restartPolicy'>): boolean {
  return restartPolicy === 'Always'
}

/** What init containers have no use for: they end before anything could be asked of them. Sidecars do not end. */
export function reviewInitContainer(container: Container, path: Path, review: Review): void {
  const { restartPolicy } = container
  if (isSidecar(container)) return
  if (restartPolicy) {
    review.problem(
      [...path, 'restartPolicy'],
      `expected Always or nothing for an init container, found ${found(restartPolicy)}`,
    )
  }
  for (const field of ['lifecycle', ...probeFields] as const) {
    if (container[field] === undefined) continue
    review.problem([...path, field], 'expected nothing for an init container that is no sidecar, found a map')
  }
}
