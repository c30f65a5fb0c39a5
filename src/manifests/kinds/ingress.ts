import { Ingress as validate } from '../generated/validators.js'
import { dnsNameFault } from '../names.ts'
import type { KindRow } from './kind.ts'
import { reviewMetadata } from './metadata.ts'

export const ingress: KindRow<'Ingress'> = {
  scope: 'Namespaced',
  validate,
  review({ metadata }, review) {
    reviewMetadata(metadata, dnsNameFault, review)
  },
  complete: (object) => object,
}
