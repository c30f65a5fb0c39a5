import { dnsNameFault } from './names.ts'
import type { ManifestObject, ObjectMeta } from './types.ts'

/** Of a Job that is for previews: when it runs there. */
export const previewHookAnnotation = 'berth.dev/preview-hook'
/** Of a claim, or of a template of claims: what is in its volume when a preview is made. */
export const previewSeedAnnotation = 'berth.dev/preview-seed'

/** What berth makes of a seed of production, and nobody else writes: `shop/data`. */
export const seededFromAnnotation = 'berth.dev/seeded-from'

export type PreviewHook = 'create' | 'delete'

/** Where the data of a preview's claim comes from: a claim of production, or a Job that makes it. */
export interface PreviewSeed {
  readonly kind: 'PersistentVolumeClaim' | 'Job'
  readonly name: string
}

type Annotated = Pick<ObjectMeta, 'annotations'>

/** What is wrong with the annotation's text; undefined when nothing is. */
export function previewHookFault(text: string): string | undefined {
  return text === 'create' || text === 'delete' ? undefined : 'expected create or delete'
}

/** The same of the seed. */
export function previewSeedFault(text: string): string | undefined {
  return parsed(text) ? undefined : 'expected the name of a claim, PersistentVolumeClaim/NAME or Job/NAME'
}

/** It decides on whose data is read. */
export function seededFromFault(): string {
  return 'expected nothing, as berth alone writes it'
}

/** Undefined: it is no hook. */
export function previewHookOf({ kind, metadata }: ManifestObject): PreviewHook | undefined {
  const text = metadata.annotations?.[previewHookAnnotation]
  return kind === 'Job' && (text === 'create' || text === 'delete') ? text : undefined
}

/** Undefined: a preview's claim is empty. */
export function previewSeedOf({ annotations = {} }: Annotated): PreviewSeed | undefined {
  return parsed(annotations[previewSeedAnnotation] ?? '')
}

/** Which objects may have the annotation; undefined: this one may have those that it has. */
export function misplacedAnnotation({
  kind,
  metadata,
}: ManifestObject): { readonly key: string; readonly message: string } | undefined {
  const { annotations = {} } = metadata
  if (kind !== 'Job' && annotations[previewHookAnnotation] !== undefined) {
    return { key: previewHookAnnotation, message: `expected it on a Job, found it on a ${kind}` }
  }
  if (kind !== 'PersistentVolumeClaim' && annotations[previewSeedAnnotation] !== undefined) {
    const wanted = 'expected it on a PersistentVolumeClaim or a template of claims'
    return { key: previewSeedAnnotation, message: `${wanted}, found it on a ${kind}` }
  }
  return undefined
}

function parsed(text: string): PreviewSeed | undefined {
  const [, kind = 'PersistentVolumeClaim', name = ''] = /^(?:(PersistentVolumeClaim|Job)\/)?([^/]+)$/.exec(text) ?? []
  if (dnsNameFault(name) !== undefined) return undefined
  return { kind: kind === 'Job' ? 'Job' : 'PersistentVolumeClaim', name }
}
