import { unhonoured } from '../fields.ts'
import { found, quoted } from '../found.ts'
import { Endpoints as validate } from '../generated/validators.js'
import { dnsLabelFault, dnsNameFault, labelKeyFault } from '../names.ts'
import type { Path } from '../position.ts'
import { type Review, reportFault } from '../review.ts'
import type { EndpointAddress, EndpointPort, EndpointSlicePort } from '../types.ts'
import { reviewTarget } from './addresses.ts'
import type { KindRow } from './kind.ts'
import { reviewMetadata } from './metadata.ts'
import { reviewRules } from './rules.ts'

export const endpoints: KindRow<'Endpoints'> = {
  scope: 'Namespaced',
  validate,
  review(written, review) {
    const { metadata, subsets = [] } = written
    reviewMetadata(metadata, dnsNameFault, review)
    reviewRules(unhonoured('Endpoints', written), [], review)
    for (const [index, { addresses = [], notReadyAddresses = [], ports = [] }] of subsets.entries()) {
      const at = ['subsets', index]
      if (addresses.length + notReadyAddresses.length === 0) {
        review.problem([...at, 'addresses'], 'expected at least one address, found none')
      }
      for (const [member, list] of Object.entries({ addresses, notReadyAddresses })) {
        for (const [number, address] of list.entries()) reviewAddress(address, [...at, member, number], review)
      }
      reviewEndpointPorts(ports, [...at, 'ports'], review)
    }
  },
  complete: (object) => object,
}

function reviewAddress({ ip, hostname, nodeName }: EndpointAddress, path: Path, review: Review): void {
  reviewTarget(ip, [...path, 'ip'], review)
  if (hostname) reportFault(review, [...path, 'hostname'], dnsLabelFault(hostname), found(hostname))
  if (nodeName) reportFault(review, [...path, 'nodeName'], dnsNameFault(nodeName), found(nodeName))
}

/** Ports of addresses that are written down, by the names of the Service's ports. */
export function reviewEndpointPorts(
  ports: readonly (EndpointPort | EndpointSlicePort)[],
  path: Path,
  review: Review,
): void {
  const names = new Set<string>()
  for (const [index, { name = '', protocol = 'TCP', appProtocol }] of ports.entries()) {
    const at = [...path, index]
    if (name !== '') reportFault(review, [...at, 'name'], dnsLabelFault(name), found(name))
    else if (ports.length > 1) {
      review.problem([...at, 'name'], 'expected a name, as there are several ports, found nothing')
    }
    if (name !== '' && names.has(name)) {
      review.problem([...at, 'name'], `expected another name for each port, found ${quoted(name)} again`)
    }
    names.add(name)
    reviewProtocol(protocol, [...at, 'protocol'], review)
    if (appProtocol) reportFault(review, [...at, 'appProtocol'], labelKeyFault(appProtocol), found(appProtocol))
  }
}

export function reviewProtocol(protocol: string, path: Path, review: Review): void {
  if (protocol === 'SCTP') review.problem(path, 'not supported by this version of berth: expected TCP or UDP')
}
