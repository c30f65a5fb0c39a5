// What a pod of a StatefulSet is called, for as long as the set lives: its name, its host name, its claims.

export const podIndexLabel = 'apps.kubernetes.io/pod-index'
export const podNameLabel = 'statefulset.kubernetes.io/pod-name'
export const revisionLabel = 'controller-revision-hash'

export function ordinalName(set: string, ordinal: number): string {
  return `${set}-${ordinal}`
}

/** The name as a label of a domain. */
export function hostNameOf(podName: string): string {
  return podName.replaceAll('.', '-')
}

/** Undefined: no pod of the set is called so. */
export function ordinalOf(set: string, podName: string): number | undefined {
  const match = podName.startsWith(`${set}-`) ? /^(0|[1-9][0-9]{0,9})$/.exec(podName.slice(set.length + 1)) : null
  return match ? Number(match[1]) : undefined
}

export function identityLabels(set: string, podName: string): Readonly<Record<string, string>> {
  const ordinal = ordinalOf(set, podName)
  return { ...(ordinal === undefined ? {} : { [podIndexLabel]: String(ordinal) }), [podNameLabel]: podName }
}

/** The claim that a pod has from one of the set's claim templates. */
export function claimName(claimTemplate: string, podName: string): string {
  return `${claimTemplate}-${podName}`
}

/** Whether the claims of a pod go when it goes for good. A pod that is only replaced always finds its claims again. */
export function claimsGo(
  policy: { readonly whenDeleted?: string | undefined; readonly whenScaled?: string | undefined } | undefined,
  event: 'scaleDown' | 'setDeleted' | 'podReplaced',
): boolean {
  if (event === 'podReplaced') return false
  return (event === 'scaleDown' ? policy?.whenScaled : policy?.whenDeleted) === 'Delete'
}
