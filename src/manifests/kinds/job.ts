import { Job as validate } from '../generated/validators.js'
import { dnsNameFault } from '../names.ts'
import { completeJobSpec, reviewJobSpec } from './job-spec.ts'
import type { KindRow } from './kind.ts'
import { reviewMetadata } from './metadata.ts'

export const job: KindRow<'Job'> = {
  scope: 'Namespaced',
  validate,
  review({ metadata, spec }, review) {
    reviewMetadata(metadata, dnsNameFault, review)
    reviewJobSpec(spec, ['spec'], review)
  },
  complete: (object) => ({ ...object, spec: completeJobSpec(object.spec) }),
}
