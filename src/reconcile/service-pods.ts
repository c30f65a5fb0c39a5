import type { LivePod } from '../runtime/live.ts'
import { servicePod } from './plan/service-pod.ts'

type ServicePod = NonNullable<ReturnType<typeof servicePod>>

/** What Services know of pods: the same object as long as the pod is. */
export class ServicePods {
  readonly #known = new WeakMap<LivePod, readonly ServicePod[]>()

  /** `now`: ms. */
  of(pods: readonly LivePod[], now: number): readonly ServicePod[] {
    return pods.flatMap((pod) => this.#known.get(pod) ?? this.#look(pod, now))
  }

  #look(pod: LivePod, now: number): readonly ServicePod[] {
    const found = servicePod(pod, [], now)
    const seen = found ? [found] : []
    if (!changesWithTime(pod, now)) this.#known.set(pod, seen)
    return seen
  }
}

function changesWithTime({ spec, sandbox }: LivePod, now: number): boolean {
  return spec?.activeDeadlineSeconds !== undefined || (sandbox !== undefined && sandbox.startedAt > now)
}
