import { Secret as validate } from '../generated/validators.js'
import { dnsNameFault } from '../names.ts'
import { reviewBase64, reviewData } from './data.ts'
import type { KindRow } from './kind.ts'
import { reviewMetadata } from './metadata.ts'

/** Keys that a Secret of these types must have. */
const needed: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
}

export const secret: KindRow<'Secret'> = {
  scope: 'Namespaced',
  validate,
  review({ metadata, type, data = {}, stringData = {} }, review) {
    reviewMetadata(metadata, dnsNameFault, review)
    reviewData({ data, stringData }, review)
    reviewBase64('data', data, review)
    for (const key of needed[type] ?? []) {
      if (data[key] === undefined && stringData[key] === undefined) {
        review.problem(['data', key], `expected a value in a Secret of the type ${type}, found nothing`)
      }
    }
  },
  complete({ stringData, ...object }) {
    if (!stringData) return object
    const encoded = Object.entries(stringData).map(([key, value]) => [key, base64(value)])
    return { ...object, data: { ...object.data, ...Object.fromEntries(encoded) } }
  },
}

function base64(text: string): string {
  let bytes = ''
  for (const byte of new TextEncoder().encode(text)) bytes += String.fromCharCode(byte)
  return btoa(bytes)
}
