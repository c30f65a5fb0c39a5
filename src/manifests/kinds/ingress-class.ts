import { found } from '../found.ts'
import { IngressClass as validate } from '../generated/validators.js'
import { dnsNameFault } from '../names.ts'
import { type Review, reportFault } from '../review.ts'
import type { IngressClass } from '../types.ts'
import type { KindRow } from './kind.ts'
import { reviewMetadata } from './metadata.ts'

const longestController = 250

export const ingressClass: KindRow<'IngressClass'> = {
  scope: 'Cluster',
  validate,
  review({ metadata, spec }, review) {
    reviewMetadata(metadata, dnsNameFault, review)
    const { controller } = spec
    reportFault(review, ['spec', 'controller'], controllerFault(controller), found(controller))
    reviewParameters(spec, review)
  },
  complete: (object) => object,
}

/** `example.com/ingress` */
function controllerFault(text: string): string | undefined {
  const slash = text.indexOf('/')
  const fine =
    text.length <= longestController &&
    slash > 0 &&
    dnsNameFault(text.slice(0, slash)) === undefined &&
    /^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/.test(text.slice(slash + 1))
  return fine ? undefined : 'expected the name of a controller like "example.com/ingress"'
}

function reviewParameters({ parameters }: IngressClass['spec'], review: Review): void {
  if (!parameters) return
  const at = ['spec', 'parameters']
  review.ignored(at, 'they are for the controller of a Kubernetes cluster')
  const { kind, name, namespace, scope = 'Cluster' } = parameters
  for (const [member, value] of Object.entries({ kind, name })) {
    if (value === '') review.problem([...at, member], 'expected a name, found nothing')
  }
  if (scope === 'Namespace' && !namespace) {
    review.problem([...at, 'namespace'], 'expected a name for the scope Namespace, found nothing')
  } else if (scope === 'Cluster' && namespace !== undefined) {
    review.problem([...at, 'namespace'], `expected nothing for the scope Cluster, found ${found(namespace)}`)
  }
}
