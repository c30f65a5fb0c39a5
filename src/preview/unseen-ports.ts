import { serviceModeAnnotation } from '../manifests/service-mode.ts'
import type { Service } from '../manifests/types.ts'

/**
 * The preview has node ports that the kernel carries by itself: nobody sees when they are used, so that nobody can say that it is idle. Ports
 * that are reached only from within it do not count: what its own pods ask of each other is no use.
 */
export function hasUnseenPorts(services: readonly Service[]): boolean {
  return services.some(({ metadata, spec }) => {
    const isOpen = spec.type === 'NodePort' && spec.clusterIP !== 'None'
    const isKernel = metadata.annotations?.[serviceModeAnnotation] === 'kernel'
    return isOpen && spec.ports?.some(({ protocol = 'TCP' }) => isKernel || protocol !== 'TCP')
  })
}
