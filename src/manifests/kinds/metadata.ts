import { configChangeAnnotation, configChangeFault } from '../config-change.ts'
import { found, quoted } from '../found.ts'
import { dnsLabelFault, labelKeyFault, labelValueFault } from '../names.ts'
import type { Path } from '../position.ts'
import {
  previewHookAnnotation,
  previewHookFault,
  previewSeedAnnotation,
  previewSeedFault,
  seededFromAnnotation,
  seededFromFault,
} from '../preview-annotations.ts'
import { type Review, reportFault } from '../review.ts'
import type { ObjectMeta } from '../types.ts'
import { waveAnnotation, waveFault } from '../wave.ts'

const longestAnnotations = 256 * 1024

/** Annotations of ours that are read, and what is wrong with a text of each. */
const faults: Readonly<Record<string, (text: string) => string | undefined>> = {
  [waveAnnotation]: waveFault,
  [configChangeAnnotation]: configChangeFault,
  [previewHookAnnotation]: previewHookFault,
  [previewSeedAnnotation]: previewSeedFault,
  [seededFromAnnotation]: seededFromFault,
}

export function reviewMetadata(
  metadata: ObjectMeta,
  nameFault: (name: string) => string | undefined,
  review: Review,
): void {
  reportFault(review, ['metadata', 'name'], nameFault(metadata.name), found(metadata.name))
  if (metadata.namespace) {
    reportFault(review, ['metadata', 'namespace'], dnsLabelFault(metadata.namespace), found(metadata.namespace))
  }
  reviewLabels(metadata, ['metadata'], review)
}

/** Labels and annotations of an object or of a pod template. */
export function reviewLabels(
  { labels = {}, annotations = {} }: Pick<ObjectMeta, 'labels' | 'annotations'>,
  path: Path,
  review: Review,
): void {
  for (const [key, value] of Object.entries(labels)) {
    reportFault(review, [...path, 'labels', key], labelKeyFault(key), quoted(key))
    reportFault(review, [...path, 'labels', key], labelValueFault(value), found(value))
  }
  let length = 0
  for (const [key, value] of Object.entries(annotations)) {
    reportFault(review, [...path, 'annotations', key], labelKeyFault(key.toLowerCase()), quoted(key))
    const fault = Object.hasOwn(faults, key) ? faults[key]?.(value) : undefined
    reportFault(review, [...path, 'annotations', key], fault, found(value))
    length += key.length + value.length
  }
  if (length > longestAnnotations) {
    review.problem([...path, 'annotations'], `expected at most ${longestAnnotations} characters, found ${length}`)
  }
}
