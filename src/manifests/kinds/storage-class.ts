import { unhonoured } from '../fields.ts'
import { found } from '../found.ts'
import { StorageClass as validate } from '../generated/validators.js'
import { dnsNameFault, labelKeyFault } from '../names.ts'
import type { Review } from '../review.ts'
import { reportFault } from '../review.ts'
import type { StorageClass } from '../types.ts'
import type { KindRow } from './kind.ts'
import { reviewMetadata } from './metadata.ts'
import { reviewRules } from './rules.ts'

const mostParameters = 512
const longestParameters = 256 * 1024

export const storageClass: KindRow<'StorageClass'> = {
  scope: 'Cluster',
  validate,
  review(written, review) {
    const { metadata, provisioner, parameters = {}, allowedTopologies } = written
    reviewMetadata(metadata, dnsNameFault, review)
    reviewRules(unhonoured('StorageClass', written), [], review)
    if (provisioner === '') review.problem(['provisioner'], 'expected a name, found nothing')
    const entries = Object.entries(parameters)
    if (entries.length > mostParameters) {
      review.problem(['parameters'], `expected at most ${mostParameters}, found ${entries.length}`)
    }
    const length = entries.reduce((sum, [key, value]) => sum + key.length + value.length, 0)
    if (length > longestParameters) {
      review.problem(['parameters'], `expected at most ${longestParameters} characters, found ${length}`)
    }
    if (Object.hasOwn(parameters, '')) review.problem(['parameters', ''], 'expected a name, found nothing')
    reviewTopologies(allowedTopologies, review)
  },
  complete: (object) => object,
}

function reviewTopologies(terms: StorageClass['allowedTopologies'] = [], review: Review): void {
  for (const [index, { matchLabelExpressions = [] }] of terms.entries()) {
    for (const [number, { key, values }] of matchLabelExpressions.entries()) {
      const at = ['allowedTopologies', index, 'matchLabelExpressions', number]
      reportFault(review, [...at, 'key'], labelKeyFault(key), found(key))
      if (values.length === 0) review.problem([...at, 'values'], 'expected at least one value, found none')
    }
  }
}
