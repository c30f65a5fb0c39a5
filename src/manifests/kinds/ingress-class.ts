import { IngressClass as validate } from '../generated/validators.js'
import { dnsNameFault } from '../names.ts'
import type { KindRow } from './kind.ts'
import { reviewMetadata } from './metadata.ts'

export const ingressClass: KindRow<'IngressClass'> = {
  scope: 'Cluster',
  validate,
  review({ metadata }, review) {
    reviewMetadata(metadata, dnsNameFault, review)
  },
  complete: (object) => object,
}
