import { Secret as validate } from '../generated/validators.js'
import { dnsNameFault } from '../names.ts'
import type { Review } from '../review.ts'
import { isBase64, reviewBase64, reviewData } from './data.ts'
import type { KindRow } from './kind.ts'
import { reviewMetadata } from './metadata.ts'

/** Keys that a Secret of these types must have. */
const needed: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
}

/** Keys with the credentials of registries. */
const registries: Readonly<Record<string, string>> = {
  'kubernetes.io/dockercfg': '.dockercfg',
  'kubernetes.io/dockerconfigjson': '.dockerconfigjson',
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
    const key = registries[type]
    if (key !== undefined) reviewJson(stringData[key], data[key], key, review)
  },
  complete({ stringData, ...object }) {
    if (!stringData) return object
    const encoded = Object.entries(stringData).map(([key, value]) => [key, base64(value)])
    return { ...object, data: { ...object.data, ...Object.fromEntries(encoded) } }
  },
}

/** Values are never part of the message. What is no base64 was reported as that. */
function reviewJson(plain: string | undefined, encoded: string | undefined, key: string, review: Review): void {
  if (plain === undefined && (encoded === undefined || !isBase64(encoded))) return
  const text = plain ?? atob((encoded ?? '').replace(/[\r\n]/g, ''))
  if (isJson(text)) return
  review.problem([plain === undefined ? 'data' : 'stringData', key], 'expected JSON, found other text')
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function base64(text: string): string {
  let bytes = ''
  for (const byte of new TextEncoder().encode(text)) bytes += String.fromCharCode(byte)
  return btoa(bytes)
}
