import { toBytes } from '../manifests/quantity.ts'
import type { Container, Volume } from '../manifests/types.ts'
import type { Remarks } from './rules.ts'

/**
 * Volumes in memory, bounded as Kubernetes bounds them: together by the limits of the pod's containers. What is in them outlives the
 * container that wrote it, and with it the limit that it counted against; without a bound one could hold half of the host's memory.
 */
export function withBoundedMemory(
  volumes: readonly Volume[],
  containers: readonly Container[],
  path: string,
  remarks: Remarks,
): Volume[] {
  const limits = containers.map(({ resources }) => toBytes(resources.limits?.memory))
  const count = volumes.filter(isInMemory).length
  // Without a limit of memory in the quota there may be none here either.
  if (count === 0 || limits.includes(0)) return [...volumes]
  const most = Math.floor(limits.reduce((sum, limit) => sum + limit, 0) / count)
  return volumes.map((volume, index) => {
    const { emptyDir } = volume
    if (!emptyDir || !isInMemory(volume)) return volume
    const written = toBytes(emptyDir.sizeLimit)
    if (written > 0 && written <= most) return volume
    if (written > 0) {
      const reason = `volumes in memory have at most what the containers of their pod have: ${most} bytes each`
      remarks.leaveOut(`${path}[${index}].emptyDir.sizeLimit`, reason)
    }
    return { ...volume, emptyDir: { ...emptyDir, sizeLimit: String(most) } }
  })
}

function isInMemory({ emptyDir }: Volume): boolean {
  return emptyDir?.medium === 'Memory'
}
