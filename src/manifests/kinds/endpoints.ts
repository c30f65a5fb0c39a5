import { Endpoints as validate } from '../generated/validators.js'
import { dnsNameFault } from '../names.ts'
import type { KindRow } from './kind.ts'
import { reviewMetadata } from './metadata.ts'

export const endpoints: KindRow<'Endpoints'> = {
  scope: 'Namespaced',
  validate,
  review({ metadata }, review) {
    reviewMetadata(metadata, dnsNameFault, review)
  },
  complete: (object) => object,
}
