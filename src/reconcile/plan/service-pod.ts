import type { LiveHost, LivePod } from '../../runtime/live.ts'
import type { ServicePod } from '../../runtime/network/endpoints.ts'
import { observe } from './observe.ts'

const setPodLabel = 'statefulset.kubernetes.io/pod-name'

/** What Services have to know of a pod; undefined: it is not one that they could send anything to. */
export function servicePod(pod: LivePod, hosts: readonly LiveHost[], now: number): ServicePod | undefined {
  if (!pod.spec || !pod.sandbox) return undefined
  const seen = observe(pod, { now, hosts, minReadyMs: 0, hash: pod.template })
  const known = !pod.containers.some(({ state, health }) => state === 'running' && !health.known)
  const hostname = pod.spec.hostname ?? (pod.labels[setPodLabel] === undefined ? undefined : pod.name)
  return {
    ...{ name: pod.name, host: pod.host, labels: pod.labels, address: pod.address, hostname, spec: pod.spec },
    ready: seen.ready || !known,
    known,
    leaving: pod.leaving,
    finished: seen.phase === 'Succeeded' || seen.phase === 'Failed',
  }
}
