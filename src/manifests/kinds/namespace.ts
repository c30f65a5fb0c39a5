import { Namespace as validate } from '../generated/validators.js'
import { dnsLabelFault } from '../names.ts'
import type { KindRow } from './kind.ts'
import { reviewMetadata } from './metadata.ts'

export const namespace: KindRow<'Namespace'> = {
  scope: 'Cluster',
  validate,
  review({ metadata }, review) {
    reviewMetadata(metadata, dnsLabelFault, review)
  },
  complete: ({ spec: _finalizers, ...object }) => object,
}
