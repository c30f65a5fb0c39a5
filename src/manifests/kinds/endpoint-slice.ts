import { unhonoured } from '../fields.ts'
import { found } from '../found.ts'
import { EndpointSlice as validate } from '../generated/validators.js'
import { dnsLabelFault, dnsNameFault } from '../names.ts'
import type { Path } from '../position.ts'
import { type Review, reportFault } from '../review.ts'
import type { Endpoint } from '../types.ts'
import { onlyIpv4, reviewTarget } from './addresses.ts'
import { reviewEndpointPorts } from './endpoints.ts'
import type { KindRow } from './kind.ts'
import { reviewMetadata } from './metadata.ts'
import { reviewRules } from './rules.ts'

export const sliceServiceLabel = 'kubernetes.io/service-name'

const mostEndpoints = 1000
const mostAddresses = 100

export const endpointSlice: KindRow<'EndpointSlice'> = {
  scope: 'Namespaced',
  validate,
  review(written, review) {
    const { metadata, addressType, endpoints = [], ports = [] } = written
    reviewMetadata(metadata, dnsNameFault, review)
    reviewRules(unhonoured('EndpointSlice', written), [], review)
    if (!metadata.labels?.[sliceServiceLabel]) {
      review.warn(['metadata', 'labels'], `belongs to no Service without the label ${sliceServiceLabel}`)
    }
    if (addressType !== 'IPv4') review.ignored(['addressType'], onlyIpv4)
    if (endpoints.length > mostEndpoints) {
      review.problem(['endpoints'], `expected at most ${mostEndpoints}, found ${endpoints.length}`)
    }
    for (const [index, endpoint] of endpoints.entries()) {
      reviewEndpoint(endpoint, addressType, ['endpoints', index], review)
    }
    reviewEndpointPorts(ports, ['ports'], review)
  },
  complete: (object) => object,
}

function reviewEndpoint(endpoint: Endpoint, addressType: string, path: Path, review: Review): void {
  const { addresses, hostname, nodeName } = endpoint
  reviewRules(unhonoured('EndpointSlice.endpoints[]', endpoint), path, review)
  if (addresses.length === 0 || addresses.length > mostAddresses) {
    review.problem([...path, 'addresses'], `expected 1 to ${mostAddresses} addresses, found ${addresses.length}`)
  }
  for (const [index, address] of addresses.entries()) {
    if (addressType === 'IPv4') reviewTarget(address, [...path, 'addresses', index], review)
  }
  if (hostname) reportFault(review, [...path, 'hostname'], dnsLabelFault(hostname), found(hostname))
  if (nodeName) reportFault(review, [...path, 'nodeName'], dnsNameFault(nodeName), found(nodeName))
}
