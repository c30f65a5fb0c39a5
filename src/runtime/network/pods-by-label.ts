import type { ServicePod } from './endpoints.ts'

const none: readonly ServicePod[] = []

/** Finds the pods of a selector without a walk over all of them. */
export class PodsByLabel {
  #all: ReadonlySet<ServicePod> = new Set()
  /** `key=value` -> pods. Another array only when one of them came or went. */
  readonly #pods = new Map<string, readonly ServicePod[]>()

  set(pods: readonly ServicePod[]): void {
    const before = this.#all
    const after = new Set(pods)
    const touched = new Map<string, { readonly gone: Set<ServicePod>; readonly come: ServicePod[] }>()
    const touch = (pod: ServicePod, note: (change: { gone: Set<ServicePod>; come: ServicePod[] }) => void) => {
      for (const [key, value] of Object.entries(pod.labels)) {
        const label = `${key}=${value}`
        const change = touched.get(label) ?? { gone: new Set(), come: [] }
        touched.set(label, change)
        note(change)
      }
    }
    for (const pod of before) if (!after.has(pod)) touch(pod, ({ gone }) => gone.add(pod))
    for (const pod of after) if (!before.has(pod)) touch(pod, ({ come }) => come.push(pod))
    for (const [label, { gone, come }] of touched) {
      const left = (this.#pods.get(label) ?? none).filter((pod) => !gone.has(pod))
      if (left.length + come.length === 0) this.#pods.delete(label)
      else this.#pods.set(label, [...left, ...come])
    }
    this.#all = after
  }

  /** More than are meant: those that have the rarest of its labels. The same array as long as none of them came or went. */
  of(selector: Readonly<Record<string, string>>): readonly ServicePod[] {
    let rarest: readonly ServicePod[] | undefined
    for (const key in selector) {
      const found = this.#pods.get(`${key}=${selector[key]}`) ?? none
      if (!rarest || found.length < rarest.length) rarest = found
    }
    return rarest ?? none
  }
}
