import { filled, type PodFacts } from './containers.ts'
import type { ClaimUse, Template, TemplateVolume } from './desired.ts'
import { volumeOfClaim } from './template-volumes.ts'

/** The claim as one pod has it: under its full name, provided for as that one is. */
export function claimOf({ name, provision, own }: ClaimUse, pod: PodFacts): ClaimUse {
  const full = filled(name, pod)
  return { name: full, provision: own?.get(full) ?? provision }
}

/** The template's volumes as one pod has them. Only claims of its own differ between pods. */
export function volumesFor(template: Template, pod: PodFacts): readonly TemplateVolume[] {
  return template.volumes.map((entry) => {
    if (!entry.claim?.own) return entry
    const claim = claimOf(entry.claim, pod)
    return { ...entry, claim, volume: volumeOfClaim(entry.volume.name, claim) }
  })
}
