import { unsupported } from '../fields/rule.ts'
import { found, oneOf, quoted } from '../found.ts'
import type { Path } from '../position.ts'
import { type Review, reportFault } from '../review.ts'
import type { Container, VolumeMount } from '../types.ts'
import { filePathFault } from './projections.ts'

/** Kubernetes takes a relative path for one from the root. */
export function completeMount(mount: VolumeMount): VolumeMount {
  const { mountPath } = mount
  return mountPath.startsWith('/') ? mount : { ...mount, mountPath: `/${mountPath}` }
}

/** `volumes`: names that a mount may use. */
export function reviewMounts(
  { volumeMounts = [], securityContext }: Container,
  volumes: readonly string[],
  path: Path,
  review: Review,
): void {
  const seen = new Set<string>()
  for (const [index, mount] of volumeMounts.entries()) {
    const at = [...path, 'volumeMounts', index]
    const { name, mountPath, mountPropagation, recursiveReadOnly } = mount
    if (!volumes.includes(name)) {
      const known = volumes.length > 0 ? oneOf(volumes) : 'a volume of the pod, which has none'
      review.problem([...at, 'name'], `expected ${known}, found ${found(name)}`)
    }
    if (mountPath === '' || mountPath.includes(':')) {
      review.problem([...at, 'mountPath'], `expected an absolute path without ":", found ${found(mountPath)}`)
    } else if (!mountPath.startsWith('/')) {
      review.warn([...at, 'mountPath'], `expected an absolute path, found ${found(mountPath)}: taken from the root`)
    }
    if (seen.has(mountPath)) {
      review.problem([...at, 'mountPath'], `expected another path for each mount, found ${quoted(mountPath)} again`)
    }
    seen.add(mountPath)
    reviewSubPath(mount, at, review)
    if (mountPropagation === 'Bidirectional' && !securityContext?.privileged) {
      review.problem([...at, 'mountPropagation'], 'expected a privileged container for Bidirectional, found another')
    }
    if (recursiveReadOnly === 'Enabled') {
      review.problem([...at, 'recursiveReadOnly'], `${unsupported}: expected IfPossible or Disabled`)
    }
  }
}

function reviewSubPath({ subPath, subPathExpr }: VolumeMount, path: Path, review: Review): void {
  if (subPath && subPathExpr) review.problem(path, 'expected subPath or subPathExpr, found both')
  for (const [member, text] of Object.entries({ subPath, subPathExpr })) {
    if (text) reportFault(review, [...path, member], filePathFault(text), found(text))
  }
}
