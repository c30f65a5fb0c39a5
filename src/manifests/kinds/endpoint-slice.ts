import { EndpointSlice as validate } from '../generated/validators.js'
import { dnsNameFault } from '../names.ts'
import type { KindRow } from './kind.ts'
import { reviewMetadata } from './metadata.ts'

export const endpointSlice: KindRow<'EndpointSlice'> = {
  scope: 'Namespaced',
  validate,
  review({ metadata }, review) {
    reviewMetadata(metadata, dnsNameFault, review)
  },
  complete: (object) => object,
}
