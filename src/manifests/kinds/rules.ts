import type { FieldRule } from '../fields.ts'
import type { Path } from '../position.ts'
import type { Review } from '../review.ts'

/** Reports fields that are not honoured: refused ones as problems, the others as ignored. */
export function reviewRules(rules: Iterable<[string, FieldRule]>, path: Path, review: Review): void {
  for (const [name, { policy, note }] of rules) {
    if (policy === 'refused') review.problem([...path, name], note)
    else review.ignored([...path, name], note)
  }
}
