import { PersistentVolumeClaim as validate } from '../generated/validators.js'
import { dnsNameFault } from '../names.ts'
import { annotatedClass, completeClaimSpec, reviewClaimSpec } from './claim-spec.ts'
import type { KindRow } from './kind.ts'
import { reviewMetadata } from './metadata.ts'

export const persistentVolumeClaim: KindRow<'PersistentVolumeClaim'> = {
  scope: 'Namespaced',
  validate,
  review({ metadata, spec }, review) {
    reviewMetadata(metadata, dnsNameFault, review)
    reviewClaimSpec(spec, ['spec'], review)
  },
  complete: (object) => ({
    ...object,
    spec: { ...completeClaimSpec(object.spec), ...annotatedClass(object.metadata) },
  }),
}
