import type { Container } from '../../manifests/types.ts'

/**
 * `init`: runs once before all others, and has to end well. `sidecar`: an init container that is kept running beside the others.
 * `main`: what the pod is for.
 */
export type Role = 'init' | 'sidecar' | 'main'

/** The part of a pod's spec that decides about order. */
export interface OrderedSpec {
  readonly initContainers?: readonly Pick<Container, 'name' | 'restartPolicy'>[]
  readonly containers: readonly Pick<Container, 'name' | 'lifecycle'>[]
}

/** Of containers whose way on differs, in the order of their start. */
export interface Stage {
  readonly role: Role
  readonly names: readonly string[]
  /** The one whose postStart hook the next stage waits for. */
  readonly hooked: string | undefined
}

/** All containers of a pod by role; a container that the spec does not know is a main one. */
export function roleOf(spec: OrderedSpec | undefined, name: string): Role {
  const init = spec?.initContainers?.find((container) => container.name === name)
  if (!init) return 'main'
  return init.restartPolicy === 'Always' ? 'sidecar' : 'init'
}

/** Init containers one after the other, then the main ones; those that come after one with a postStart hook wait for its end. */
export function stagesOf(spec: OrderedSpec): readonly Stage[] {
  const before = (spec.initContainers ?? []).map(({ name }): Stage => {
    return { role: roleOf(spec, name), names: [name], hooked: undefined }
  })
  const main: Stage[] = []
  let names: string[] = []
  for (const [index, { name, lifecycle }] of spec.containers.entries()) {
    names.push(name)
    const last = index === spec.containers.length - 1
    if (!lifecycle?.postStart && !last) continue
    main.push({ role: 'main', names, hooked: lifecycle?.postStart ? name : undefined })
    names = []
  }
  return [...before, ...main]
}

/** Names of containers in the groups in which they start. */
export function startOrder(spec: OrderedSpec): readonly (readonly string[])[] {
  return stagesOf(spec).map(({ names }) => names)
}

/** The groups in which they are stopped, each once the one before has ended: all at once, then sidecars, the last one first. */
export function stopOrder(spec: OrderedSpec): readonly (readonly string[])[] {
  const plain = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy !== 'Always')
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
  const first = [...spec.containers, ...plain].map(({ name }) => name)
  return [first, ...sidecars.toReversed().map(({ name }) => [name])]
}
