import type { ObjectMeta } from './types.ts'

export const waveAnnotation = 'berth.dev/wave'
const wholeNumber = /^-?\d{1,6}$/

/** What is wrong with the annotation's text; undefined when nothing is. */
export function waveFault(text: string): string | undefined {
  return wholeNumber.test(text) ? undefined : 'expected a whole number in quotes, such as "1" or "-1"'
}

/** The object's wave, 0 without the annotation: an object is begun when all of lower waves are healthy. */
export function waveOf(object: { readonly metadata: Pick<ObjectMeta, 'annotations'> }): number {
  return Number(object.metadata.annotations?.[waveAnnotation] ?? 0)
}
