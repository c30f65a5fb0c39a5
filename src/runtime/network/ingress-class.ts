import type { Ingress, IngressClass } from '../../manifests/types.ts'

/** What an IngressClass names as its controller to be served by Berth and nobody else. */
export const berthController = 'berth.dev/ingress'
/** Of an Ingress, before it had a field for it. */
export const classAnnotation = 'kubernetes.io/ingress.class'
/** `"false"` on an IngressClass or an Ingress: somebody else serves it. */
export const serveAnnotation = 'berth.dev/serve'

/** The class that an Ingress asks for; empty: none. */
export function classOf({ metadata, spec }: Ingress): string {
  return spec.ingressClassName ?? metadata.annotations?.[classAnnotation] ?? ''
}

/**
 * Whether an Ingress is served. Manifests come from clusters with other controllers, and here is only one: their classes are served, too,
 * unless the settings name one, or somebody says that they are not meant.
 */
export function isServed(ingress: Ingress, classes: readonly IngressClass[], only: string | undefined): boolean {
  const name = classOf(ingress)
  const found = classes.find(({ metadata }) => metadata.name === name)
  if (ingress.metadata.annotations?.[serveAnnotation] === 'false') return false
  if (found?.metadata.annotations?.[serveAnnotation] === 'false') return false
  return only === undefined || name === '' || name === only || found?.spec.controller === berthController
}

/** What to know of classes that manifests name for other controllers. */
export function classNotes(ingresses: readonly Ingress[], classes: readonly IngressClass[]): readonly string[] {
  const names = [...new Set(ingresses.map(classOf))].filter((name) => name !== '').sort()
  return names.flatMap((name) => {
    const found = classes.find(({ metadata }) => metadata.name === name)
    if (found?.spec.controller === berthController) return []
    const what = found ? `is for the controller ${found.spec.controller}` : 'is not in the manifests'
    return [`IngressClass ${name} ${what}; its Ingresses are served by berth`]
  })
}
