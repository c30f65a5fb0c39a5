import type { ManifestObject } from '../../manifests/types.ts'

export const waveAnnotation = 'berth.dev/wave'

/** The object's wave: a whole number, 0 without the annotation. An object is begun when all of lower waves are healthy. */
export function waveOf(object: Pick<ManifestObject, 'metadata'>): number {
  const text = object.metadata.annotations?.[waveAnnotation] ?? '0'
  return /^-?\d{1,6}$/.test(text) ? Number(text) : 0
}
