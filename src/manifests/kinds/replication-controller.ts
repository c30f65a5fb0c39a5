import { unhonoured } from '../fields.ts'
import { ReplicationController as validate } from '../generated/validators.js'
import { dnsNameFault } from '../names.ts'
import type { KindRow } from './kind.ts'
import { reviewMetadata } from './metadata.ts'
import { reviewRules } from './rules.ts'
import { completeTemplate, metadataOf, reviewTemplate } from './template.ts'

export const replicationController: KindRow<'ReplicationController'> = {
  scope: 'Namespaced',
  validate,
  review({ metadata, spec }, review) {
    reviewMetadata(metadata, dnsNameFault, review)
    reviewRules(unhonoured('ReplicationController.spec', spec), ['spec'], review)
    const { selector = metadataOf(spec.template).labels ?? {} } = spec
    reviewTemplate({ matchLabels: selector }, spec.template, review)
  },
  complete(object) {
    const { template, selector = template.metadata.labels ?? {} } = object.spec
    return { ...object, spec: { ...object.spec, selector, template: completeTemplate(template) } }
  },
}
