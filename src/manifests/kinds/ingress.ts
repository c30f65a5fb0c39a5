import { unhonoured } from '../fields.ts'
import { found, quoted } from '../found.ts'
import { Ingress as validate } from '../generated/validators.js'
import { ipv4Number } from '../ipv4.ts'
import { dnsNameFault, portNameFault, serviceNameFault } from '../names.ts'
import type { Path } from '../position.ts'
import { type Review, reportFault } from '../review.ts'
import type { HTTPIngressPath, IngressBackend, IngressRule, IngressTLS } from '../types.ts'
import type { KindRow } from './kind.ts'
import { reviewMetadata } from './metadata.ts'
import { reviewRules } from './rules.ts'

const classAnnotation = 'kubernetes.io/ingress.class'

export const ingress: KindRow<'Ingress'> = {
  scope: 'Namespaced',
  validate,
  review({ metadata, spec }, review) {
    reviewMetadata(metadata, dnsNameFault, review)
    reviewRules(unhonoured('Ingress.spec', spec), ['spec'], review)
    const { defaultBackend, ingressClassName, rules = [], tls = [] } = spec
    if (ingressClassName !== undefined) {
      reportFault(review, ['spec', 'ingressClassName'], dnsNameFault(ingressClassName), found(ingressClassName))
      if (metadata.annotations?.[classAnnotation] !== undefined) {
        const message = `expected the annotation ${classAnnotation} or this, found both`
        review.problem(['spec', 'ingressClassName'], message)
      }
    }
    if (defaultBackend) reviewBackend(defaultBackend, ['spec', 'defaultBackend'], review)
    else if (rules.length === 0) review.problem(['spec'], 'expected rules or a defaultBackend, found none of them')
    for (const [index, rule] of rules.entries()) reviewRule(rule, ['spec', 'rules', index], review)
    for (const [index, entry] of tls.entries()) reviewTls(entry, ['spec', 'tls', index], review)
  },
  complete: (object) => object,
}

function reviewRule({ host, http }: IngressRule, path: Path, review: Review): void {
  if (host) {
    if (ipv4Number(host) === undefined) reportFault(review, [...path, 'host'], hostFault(host), found(host))
    else review.problem([...path, 'host'], `expected a name, not an address, found ${found(host)}`)
  }
  if (!http) return
  const at = [...path, 'http', 'paths']
  if (http.paths.length === 0) review.problem(at, 'expected at least one path, found none')
  for (const [index, one] of http.paths.entries()) {
    reportFault(review, [...at, index, 'path'], pathFault(one), found(one.path))
    reviewBackend(one.backend, [...at, index, 'backend'], review)
  }
}

/** `shop.example.com`, or `*.example.com` for all names with one label more. */
function hostFault(host: string): string | undefined {
  if (!host.includes('*')) return dnsNameFault(host)
  const fine = host.startsWith('*.') && dnsNameFault(host.slice(2)) === undefined
  return fine ? undefined : 'expected a host name like "shop.example.com" or "*.example.com"'
}

const unclear = /\/\/|\/\.\/|\/\.\.\/|%2f|\/\.\.?$/i

function pathFault({ path = '', pathType }: HTTPIngressPath): string | undefined {
  if (path === '' && pathType === 'ImplementationSpecific') return undefined
  if (!path.startsWith('/')) return 'expected a path that begins with "/"'
  if (pathType === 'ImplementationSpecific' || !unclear.test(path)) return undefined
  return 'expected a path without "//", "/./", "/../" and "%2f"'
}

function reviewBackend({ service, resource }: IngressBackend, path: Path, review: Review): void {
  if (service && resource) {
    review.problem(path, 'expected one of service and resource, found both')
  } else if (resource) {
    const title = quoted(`${resource.kind} ${resource.name}`)
    review.problem([...path, 'resource'], `not supported by this version of berth: expected a service, found ${title}`)
  }
  if (!service) {
    if (!resource) review.problem([...path, 'service'], 'expected a service, found nothing')
    return
  }
  const at = [...path, 'service']
  const { name, port: { name: portName = '', number = 0 } = {} } = service
  reportFault(review, [...at, 'name'], serviceNameFault(name), found(name))
  if (portName !== '' && number !== 0) {
    review.problem([...at, 'port'], 'expected one of name and number, found both')
  } else if (portName !== '') {
    reportFault(review, [...at, 'port', 'name'], portNameFault(portName), found(portName))
  } else if (number === 0) {
    review.problem([...at, 'port'], 'expected the name or the number of a port of the Service, found none')
  }
}

function reviewTls({ hosts = [], secretName }: IngressTLS, path: Path, review: Review): void {
  for (const [index, host] of hosts.entries()) {
    reportFault(review, [...path, 'hosts', index], hostFault(host), found(host))
  }
  if (secretName) reportFault(review, [...path, 'secretName'], dnsNameFault(secretName), found(secretName))
}
