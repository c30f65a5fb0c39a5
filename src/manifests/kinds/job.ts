import { Job as validate } from '../generated/validators.js'
import { dnsNameFault } from '../names.ts'
import type { KindRow } from './kind.ts'
import { reviewMetadata } from './metadata.ts'

export const job: KindRow<'Job'> = {
  scope: 'Namespaced',
  validate,
  review({ metadata }, review) {
    reviewMetadata(metadata, dnsNameFault, review)
  },
  complete: (object) => object,
}
