import { oneOf } from './found.ts'

export const configChangeAnnotation = 'berth.dev/on-config-change'

const configChanges = ['roll', 'update', 'ignore']

/** What is wrong with the annotation's text; undefined when nothing is. */
export function configChangeFault(text: string): string | undefined {
  return configChanges.includes(text) ? undefined : `expected ${oneOf(configChanges)}`
}
