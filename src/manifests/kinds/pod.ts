import { Pod as validate } from '../generated/validators.js'
import { dnsNameFault } from '../names.ts'
import type { KindRow } from './kind.ts'
import { reviewMetadata } from './metadata.ts'
import { completePodSpec, reviewPodSpec } from './pod-spec.ts'

export const pod: KindRow<'Pod'> = {
  scope: 'Namespaced',
  validate,
  review(written, review) {
    reviewMetadata(written.metadata, dnsNameFault, review)
    reviewPodSpec(written.spec, ['spec'], review)
  },
  complete: (object) => ({ ...object, spec: completePodSpec(object.spec) }),
}
