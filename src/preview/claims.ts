import type { PersistentVolumeClaimSpec } from '../manifests/types.ts'
import type { Remarks } from './rules.ts'

/** Volumes are given anew: those that are named, or chosen by labels, are production's. */
export function isolatedClaim(
  spec: PersistentVolumeClaimSpec,
  path: string,
  remarks: Remarks,
): PersistentVolumeClaimSpec {
  const { volumeName, selector, dataSource, dataSourceRef, ...isolated } = spec
  for (const [member, value] of Object.entries({ volumeName, selector, dataSource, dataSourceRef })) {
    if (value !== undefined) remarks.leaveOut(`${path}.${member}`, 'a preview is given volumes of its own')
  }
  return isolated
}
