import type { ServiceSpec } from '../../manifests/types.ts'

const defaultTimeoutSeconds = 10_800

/** How long after its last request a client is still sent to the same pod, s; undefined: no request depends on the one before. */
export function affinitySeconds({
  sessionAffinity,
  sessionAffinityConfig,
}: Pick<ServiceSpec, 'sessionAffinity' | 'sessionAffinityConfig'>): number | undefined {
  if (sessionAffinity !== 'ClientIP') return undefined
  return sessionAffinityConfig?.clientIP?.timeoutSeconds ?? defaultTimeoutSeconds
}

/** Whether a request has to reach the pod of the client's previous one; `sinceLastSeconds` undefined: there was none. */
export function sticks(timeoutSeconds: number | undefined, sinceLastSeconds: number | undefined): boolean {
  return timeoutSeconds !== undefined && sinceLastSeconds !== undefined && sinceLastSeconds <= timeoutSeconds
}
