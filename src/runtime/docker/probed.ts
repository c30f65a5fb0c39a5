import type { Container, PodSpec } from '../../manifests/types.ts'

/** The container of this name that has probes and hooks: an init container only if it goes on running, as a sidecar. Pure. */
export function probedContainer(spec: PodSpec | undefined, name: string): Container | undefined {
  const sidecars = (spec?.initContainers ?? []).filter((container) => container.restartPolicy === 'Always')
  return [...(spec?.containers ?? []), ...sidecars].find((container) => container.name === name)
}
