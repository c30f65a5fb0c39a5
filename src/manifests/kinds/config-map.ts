import { ConfigMap as validate } from '../generated/validators.js'
import { dnsNameFault } from '../names.ts'
import { reviewBase64, reviewData } from './data.ts'
import type { KindRow } from './kind.ts'
import { reviewMetadata } from './metadata.ts'

export const configMap: KindRow<'ConfigMap'> = {
  scope: 'Namespaced',
  validate,
  review({ metadata, data = {}, binaryData = {} }, review) {
    reviewMetadata(metadata, dnsNameFault, review)
    reviewData({ data, binaryData }, review)
    reviewBase64('binaryData', binaryData, review)
    for (const key of Object.keys(binaryData)) {
      if (Object.hasOwn(data, key))
        review.problem(['binaryData', key], 'expected another key than those of data, found it there too')
    }
  },
  complete: (object) => object,
}
