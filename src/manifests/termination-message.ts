import type { Container, PodSpec } from './types.ts'

/** How a container says why it ended. */
export interface TerminationMessage {
  /** In the container: what is in this file at the end is the message. */
  readonly path: string
  /** Without such a message, the end of its log stands for a container that ended with an error. */
  readonly logsOnError: boolean
  /** Of a longer one the end counts. */
  readonly longestBytes: number
}

const defaultPath = '/dev/termination-log'
const longestOfContainer = 4096
const longestOfPod = 12 * 1024

/**
 * Undefined: the container asks for no more than the defaults, which stand in every manifest that was exported from a cluster. Most
 * containers never write a message, and making room for one is not free.
 */
export function terminationMessageOf(spec: PodSpec, container: string): TerminationMessage | undefined {
  const all = containersOf(spec)
  const found = all.find(({ name }) => name === container)
  if (!found || !asks(found)) return undefined
  return {
    path: pathOf(found),
    logsOnError: found.terminationMessagePolicy === 'FallbackToLogsOnError',
    longestBytes: Math.min(longestOfContainer, Math.floor(longestOfPod / all.length)),
  }
}

/** Whether any container of the pod may leave a message. */
export function hasTerminationMessages(spec: PodSpec): boolean {
  return containersOf(spec).some(asks)
}

function containersOf({ initContainers = [], containers }: PodSpec): readonly Container[] {
  return [...initContainers, ...containers]
}

function asks(container: Container): boolean {
  return pathOf(container) !== defaultPath || container.terminationMessagePolicy === 'FallbackToLogsOnError'
}

function pathOf({ terminationMessagePath }: Container): string {
  return terminationMessagePath || defaultPath
}
