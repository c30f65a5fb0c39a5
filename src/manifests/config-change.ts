import { oneOf } from './found.ts'

export const configChangeAnnotation = 'berth.dev/on-config-change'

/**
 * What a pod does when a ConfigMap or Secret that it uses has changed. `roll`: new pods take its place; `update`: its volumes follow, its
 * environment stays; `ignore`: neither. Without the annotation the environment rolls and volumes follow.
 */
export const configChanges = ['roll', 'update', 'ignore'] as const
export type ConfigChange = (typeof configChanges)[number]

/** What is wrong with the annotation's text; undefined when nothing is. */
export function configChangeFault(text: string): string | undefined {
  return isConfigChange(text) ? undefined : `expected ${oneOf(configChanges)}`
}

/** Of the pod template, or else of the object; undefined: neither says. */
export function configChangeOf(
  ...annotated: readonly { readonly annotations?: Readonly<Record<string, string>> | undefined }[]
): ConfigChange | undefined {
  for (const { annotations } of annotated) {
    const text = annotations?.[configChangeAnnotation]
    if (text !== undefined && isConfigChange(text)) return text
  }
  return undefined
}

function isConfigChange(text: string): text is ConfigChange {
  return configChanges.some((known) => known === text)
}
