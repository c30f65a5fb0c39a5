import type { LivePod } from '../live.ts'
import type { PolicyPod } from './policy-table.ts'

/** What policies know of pods: the same objects as long as nothing of that changes. */
export class PolicyPods {
  #known = new Map<string, PolicyPod>()
  readonly #seen = new WeakMap<LivePod, PolicyPod>()

  of(pods: readonly LivePod[]): readonly PolicyPod[] {
    const found = pods.flatMap((pod) => this.#seen.get(pod) ?? this.#look(pod) ?? [])
    this.#known = new Map(found.map((pod) => [nameOf(pod), pod]))
    return found
  }

  #look(pod: LivePod): PolicyPod | undefined {
    const fresh = policyPod(pod)
    if (!fresh) return undefined
    const last = this.#known.get(nameOf(fresh))
    const own = last && JSON.stringify(last) === JSON.stringify(fresh) ? last : fresh
    this.#seen.set(pod, own)
    return own
  }
}

function nameOf({ host, namespace, name }: PolicyPod): string {
  return `${host}/${namespace}/${name}`
}

/** What shares its host's address cannot be told from the host. */
function policyPod({ namespace, name, host, labels, address, spec }: LivePod): PolicyPod | undefined {
  if (address === undefined || !spec || spec.hostNetwork) return undefined
  return { namespace, name, host, labels, address, spec }
}
