import { fields, isSet } from '../fields.ts'
import { found, oneOf, quoted } from '../found.ts'
import { dnsLabelFault } from '../names.ts'
import type { Path } from '../position.ts'
import { type Review, reportFault } from '../review.ts'
import type { Volume } from '../types.ts'
import { completeClaimSpec, reviewClaimSpec } from './claim-spec.ts'
import { reviewNamed } from './env.ts'
import { reviewItems, reviewMode, reviewProjected } from './projections.ts'
import { canonicalAmount, reviewQuantity } from './quantities.ts'

type Source = Exclude<keyof Volume, 'name'>

/** A volume with a name alone is an emptyDir, as in Kubernetes. */
export function completeVolume(volume: Volume): Volume {
  const { emptyDir, ephemeral } = volume
  if (sourcesOf(volume).length === 0) return { name: volume.name, emptyDir: {} }
  if (emptyDir?.sizeLimit !== undefined) {
    return { ...volume, emptyDir: { ...emptyDir, sizeLimit: canonicalAmount(emptyDir.sizeLimit) } }
  }
  const template = ephemeral?.volumeClaimTemplate
  if (!template) return volume
  return { ...volume, ephemeral: { volumeClaimTemplate: { ...template, spec: completeClaimSpec(template.spec) } } }
}

/** `containers`: names of those whose resources a downward API file may tell. */
export function reviewVolumes(
  volumes: readonly Volume[],
  containers: readonly string[],
  path: Path,
  review: Review,
): void {
  const names = volumes.map(({ name }) => name)
  for (const [index, volume] of volumes.entries()) {
    const at = [...path, 'volumes', index]
    reportFault(review, [...at, 'name'], dnsLabelFault(volume.name), found(volume.name))
    if (names.indexOf(volume.name) < index) {
      review.problem([...at, 'name'], `expected another name for each volume, found ${quoted(volume.name)} again`)
    }
    const sources = sourcesOf(volume)
    if (sources.length > 1) review.problem(at, `expected one source of a volume, found ${sources.join(' and ')}`)
    for (const source of sources) reviewSource(source, volume, containers, [...at, source], review)
  }
}

function sourcesOf(volume: Volume): Source[] {
  return Object.keys(volume).filter((name): name is Source => name !== 'name' && Object.hasOwn(volume, name))
}

function reviewSource(source: Source, volume: Volume, containers: readonly string[], path: Path, review: Review): void {
  const { policy, note } = fields['Pod.spec.volumes[]'][source]
  if (policy === 'refused') {
    review.problem(path, note)
    return
  }
  const { emptyDir, hostPath, nfs, persistentVolumeClaim, ephemeral, configMap, secret, downwardAPI, projected } =
    volume
  if (emptyDir) reviewEmptyDir(emptyDir, path, review)
  if (hostPath) reportFault(review, [...path, 'path'], hostPathFault(hostPath.path), found(hostPath.path))
  if (nfs) reviewNfs(nfs, path, review)
  if (persistentVolumeClaim) reviewNamed(persistentVolumeClaim.claimName, [...path, 'claimName'], review)
  if (ephemeral) reviewEphemeral(ephemeral, path, review)
  if (configMap || downwardAPI) reviewProjected({ configMap, downwardAPI }, containers, path.slice(0, -1), review)
  if (secret) {
    reviewNamed(secret.secretName, [...path, 'secretName'], review)
    reviewItems(secret.items, path, review)
  }
  if (projected) reviewSources(projected.sources ?? [], containers, [...path, 'sources'], review)
  const files = configMap ?? secret ?? downwardAPI ?? projected
  reviewMode(files?.defaultMode, [...path, 'defaultMode'], review)
}

function reviewSources(
  sources: NonNullable<NonNullable<Volume['projected']>['sources']>,
  containers: readonly string[],
  path: Path,
  review: Review,
): void {
  const rules = fields['Pod.spec.volumes[].projected.sources[]']
  const known = Object.keys(rules)
  const taken = new Set<string>()
  for (const [index, source] of sources.entries()) {
    const at = [...path, index]
    const given = Object.keys(source).filter((name): name is keyof typeof rules => known.includes(name))
    if (given.length !== 1) {
      const shown = given.length === 0 ? 'none' : given.join(' and ')
      review.problem(at, `expected one of configMap, secret, downwardAPI or serviceAccountToken, found ${shown}`)
    }
    for (const name of given) {
      const { policy, note } = rules[name]
      if (policy === 'refused') review.problem([...at, name], note)
      if (policy === 'ignored') review.ignored([...at, name], note)
    }
    for (const file of reviewProjected(source, containers, at, review)) {
      if (taken.has(file)) review.problem(at, `expected another path for each file, found ${quoted(file)} again`)
      taken.add(file)
    }
  }
}

function reviewEmptyDir({ medium = '', sizeLimit }: NonNullable<Volume['emptyDir']>, path: Path, review: Review): void {
  if (medium !== '' && medium !== 'Memory') {
    review.problem(
      [...path, 'medium'],
      `not supported by this version of berth: expected Memory or "", found ${found(medium)}`,
    )
  }
  if (sizeLimit !== undefined) reviewQuantity(sizeLimit, [...path, 'sizeLimit'], review)
}

/** Of a hostPath or local volume. */
export function hostPathFault(text: string): string | undefined {
  const fine = text.startsWith('/') && !text.split('/').includes('..')
  return fine ? undefined : 'expected an absolute path without ".."'
}

export function reviewNfs(
  { server, path: folder }: { server: string; path: string },
  path: Path,
  review: Review,
): void {
  if (server === '') review.problem([...path, 'server'], 'expected a name or an address, found nothing')
  if (!folder.startsWith('/')) review.problem([...path, 'path'], `expected an absolute path, found ${found(folder)}`)
}

function reviewEphemeral({ volumeClaimTemplate }: NonNullable<Volume['ephemeral']>, path: Path, review: Review): void {
  const at = [...path, 'volumeClaimTemplate']
  if (!volumeClaimTemplate) {
    review.problem(at, 'expected a map, found nothing')
    return
  }
  const { name, namespace } = volumeClaimTemplate.metadata ?? {}
  for (const [member, value] of Object.entries({ name, namespace })) {
    if (isSet(value)) {
      review.problem(
        [...at, 'metadata', member],
        `expected ${oneOf(['labels', 'annotations'])} only, found ${found(value)}`,
      )
    }
  }
  reviewClaimSpec(volumeClaimTemplate.spec, [...at, 'spec'], review)
}
