import { oneOf } from './found.ts'

/** How the TCP ports of a Service are carried; without it, port by port by what they look like. */
export const serviceModeAnnotation = 'berth.dev/service-mode'

export const serviceModes = ['tcp', 'http', 'detect', 'kernel'] as const

/** What is wrong with the annotation's text; undefined when nothing is. */
export function serviceModeFault(text: string): string | undefined {
  return serviceModes.some((mode) => mode === text) ? undefined : `expected ${oneOf(serviceModes)}`
}
