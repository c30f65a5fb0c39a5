import { type Key, keyOf } from '../base/key.ts'
import type { Ignored, Located, ManifestSet } from '../manifests/check.ts'
import {
  type PreviewSeed,
  previewSeedAnnotation,
  previewSeedOf,
  seededFromAnnotation,
} from '../manifests/preview-annotations.ts'
import type { Problem } from '../manifests/problem.ts'
import type { ManifestObject, ObjectMeta } from '../manifests/types.ts'

export interface SeedRules {
  /** Of the preview. */
  readonly namespace: string
  /** Of objects of production that name none. */
  readonly productionNamespace: string
  /** See PreviewRules. */
  readonly untrusted: boolean
  /** Production's own object, as it was accepted. */
  readonly production: (key: Key) => ManifestObject | undefined
}

export interface Seeded {
  readonly objects: ManifestSet
  /** Jobs that fill claims. */
  readonly fillers: ReadonlySet<Key>
  readonly problems: readonly Problem[]
  readonly ignored: readonly Ignored[]
}

/**
 * What the claims of a preview begin with. Data of production is given by production alone: an annotation that asks for it counts as it
 * stands there, and not at all where the author of the pull request may not write. A Job of the preview may fill a claim in any case.
 * `written`: the objects of the pull request; `made`: as they are in its preview.
 */
export function seeded(written: ManifestSet, made: ManifestSet, rules: SeedRules): Seeded {
  const objects = new Map(made)
  const fillers = new Set<Key>()
  const problems: Problem[] = []
  const ignored: Ignored[] = []
  for (const located of written.values()) {
    const { kind, metadata } = located.object
    if (kind !== 'PersistentVolumeClaim' && kind !== 'StatefulSet') continue
    const key = keyOf({ namespace: rules.namespace, kind, name: metadata.name })
    const inside = made.get(key)
    if (!inside) continue
    const namespace = inProduction(metadata.namespace, rules)
    const other = rules.production(keyOf({ namespace, kind, name: metadata.name }))
    const asks = { located, made, rules: { ...rules, productionNamespace: namespace }, fillers, problems, ignored }
    objects.set(key, { ...inside, object: withSeeds(inside.object, other, asks) })
  }
  return { objects, fillers, problems, ignored }
}

interface Asks {
  readonly located: Located
  readonly made: ManifestSet
  readonly rules: SeedRules
  readonly fillers: Set<Key>
  readonly problems: Problem[]
  readonly ignored: Ignored[]
}

function inProduction(namespace: string | undefined, rules: SeedRules): string {
  return namespace === undefined || namespace === rules.namespace ? rules.productionNamespace : namespace
}

function withSeeds(object: ManifestObject, other: ManifestObject | undefined, asks: Asks): ManifestObject {
  if (object.kind === 'PersistentVolumeClaim') {
    const theirs = other?.kind === object.kind ? other.metadata : undefined
    return { ...object, metadata: withSeed(object.metadata, theirs, 'metadata', asks) }
  }
  if (object.kind !== 'StatefulSet' || !object.spec.volumeClaimTemplates) return object
  const templates = (other?.kind === 'StatefulSet' && other.spec.volumeClaimTemplates) || []
  const volumeClaimTemplates = object.spec.volumeClaimTemplates.map((template, index) => {
    const theirs = templates.find(({ metadata }) => metadata.name === template.metadata.name)
    const path = `spec.volumeClaimTemplates[${index}].metadata`
    return { ...template, metadata: withSeed(template.metadata, theirs?.metadata, path, asks) }
  })
  return { ...object, spec: { ...object.spec, volumeClaimTemplates } }
}

function withSeed(own: ObjectMeta, theirs: ObjectMeta | undefined, path: string, asks: Asks): ObjectMeta {
  const { [previewSeedAnnotation]: text, [seededFromAnnotation]: _, ...annotations } = own.annotations ?? {}
  const at = `${path}.annotations.${previewSeedAnnotation}`
  const granted = theirs && previewSeedOf(theirs)
  const asked = previewSeedOf(own)
  const seed = asked?.kind === 'Job' ? asked : granted
  if (asked && asked !== seed && !isSame(asked, granted)) {
    const reason = 'what a claim has of production is said by the target branch alone'
    leaveOut(at, granted ? `${reason}: it says ${describeSeed(granted)}` : `${reason}: it is empty`, asks)
  }
  if (!seed) return text === undefined ? own : { ...own, annotations }
  const from = seed.kind === 'Job' ? filledBy(seed.name, at, asks) : copiedFrom(seed.name, at, asks)
  return { ...own, annotations: { ...annotations, ...from } }
}

function filledBy(name: string, path: string, { located, made, rules, fillers, problems }: Asks): object {
  const job = keyOf({ namespace: rules.namespace, kind: 'Job', name })
  if (made.has(job)) fillers.add(job)
  else {
    const { file, line } = located
    problems.push({ file, line, path, message: `expected a Job of the preview, found no Job "${name}"` })
  }
  return {}
}

function copiedFrom(name: string, path: string, asks: Asks): Readonly<Record<string, string>> {
  const { rules } = asks
  if (!rules.untrusted) return { [seededFromAnnotation]: `${rules.productionNamespace}/${name}` }
  leaveOut(path, 'there is no data of production where the author may not write to the repository: it is empty', asks)
  return {}
}

function leaveOut(path: string, reason: string, { located, ignored }: Asks): void {
  const { object, file, line } = located
  ignored.push({ file, line, kind: object.kind, name: object.metadata.name, path, reason })
}

function isSame(a: PreviewSeed, b: PreviewSeed | undefined): boolean {
  return b !== undefined && a.kind === b.kind && a.name === b.name
}

function describeSeed({ kind, name }: PreviewSeed): string {
  return `${kind}/${name}`
}
