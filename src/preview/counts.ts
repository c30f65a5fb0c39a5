import { toMillis } from '../manifests/quantity.ts'
import type { PreviewRules, Remarks } from './rules.ts'

/** Where the quota says nothing of pods. */
const usualMost = 100

/** Refuses numbers of pods that the quota would never let in: even to plan them would keep others waiting. */
export function reviewCount(count: number | undefined, path: string, { quota }: PreviewRules, remarks: Remarks): void {
  const most = quota.pods === undefined ? usualMost : Math.floor(toMillis(quota.pods) / 1000)
  if (count === undefined || count <= most) return
  remarks.refuse(path, `expected at most ${most}, which is the limit of pods in a preview, found ${count}`)
}
