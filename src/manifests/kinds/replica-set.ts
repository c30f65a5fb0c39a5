import { ReplicaSet as validate } from '../generated/validators.js'
import { dnsNameFault } from '../names.ts'
import type { KindRow } from './kind.ts'
import { reviewMetadata } from './metadata.ts'
import { completeTemplate, reviewTemplate } from './template.ts'

export const replicaSet: KindRow<'ReplicaSet'> = {
  scope: 'Namespaced',
  validate,
  review({ metadata, spec }, review) {
    reviewMetadata(metadata, dnsNameFault, review)
    reviewTemplate(spec.selector, spec.template, review)
  },
  complete: (object) => ({ ...object, spec: { ...object.spec, template: completeTemplate(object.spec.template) } }),
}
