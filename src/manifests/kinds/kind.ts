import type { Validate } from '../generated/validators.js'
import type { Review } from '../review.ts'
import type { Kind, ObjectOf } from '../types.ts'

/** All that has to be known of a kind to read it. */
export interface KindRow<K extends Kind> {
  readonly scope: 'Namespaced' | 'Cluster'
  /** Shape, and static defaults (filled in as it goes). */
  readonly validate: Validate
  /** Rules that a schema cannot say. `written`: valid in shape, but without defaults. */
  review(written: ObjectOf[K], review: Review): void
  /** Defaults that follow from other fields. */
  complete(object: ObjectOf[K]): ObjectOf[K]
}
