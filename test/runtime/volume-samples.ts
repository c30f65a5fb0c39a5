import type { LivePod, Mount } from '../../src/runtime/live.ts'
import type { PodRef, PodVolume, Runtime, VolumeFile, VolumeSetup, VolumeSpec } from '../../src/runtime/port.ts'
import { plainConfig, sandboxSpec, webKey } from './samples.ts'

export const scratch: PodVolume = {
  ...{ kind: 'empty', name: 'scratch', medium: 'disk', sizeBytes: 0, driver: 'local', options: {} },
}
export const memory: PodVolume = {
  ...{ kind: 'empty', name: 'memory', medium: 'memory', sizeBytes: 1024 * 1024, driver: 'local', options: {} },
}
export const config: PodVolume = { kind: 'files', name: 'config', secret: false }
export const token: PodVolume = { kind: 'files', name: 'token', secret: true }
export const data: PodVolume = { kind: 'docker', name: 'data', subject: 'PersistentVolumeClaim/data' }

export function claimVolume(given: Partial<VolumeSpec> = {}): VolumeSpec {
  return {
    ...{ app: 'shop', namespace: 'shop', subject: 'PersistentVolumeClaim/data', detail: '' },
    ...{ facts: { capacity: '1Gi', class: 'local' }, driver: 'local', options: {} },
    ...given,
  }
}

export function setup(volume: string, given: Partial<VolumeSetup> = {}): VolumeSetup {
  return { volume, directories: [], group: undefined, groupByRoot: false, contents: undefined, ...given }
}

/** Files with these texts; a path with `!` before it may only be read by its owner. */
export function filled(
  volume: string,
  version: string,
  texts: Readonly<Record<string, string>>,
  given: Partial<VolumeSetup> = {},
): VolumeSetup {
  const files = Object.entries(texts).map(
    ([path, text]): VolumeFile => ({
      path: path.replace(/^!/, ''),
      mode: path.startsWith('!') ? 0o400 : 0o644,
      data: text,
      encoding: 'utf8',
    }),
  )
  return setup(volume, { contents: { version, files }, ...given })
}

export function mount(volume: string, path: string, given: Partial<Mount> = {}): Mount {
  return { volume, path, subPath: '', readOnly: false, propagation: 'None', ...given }
}

/** Network and a running sandbox with these volumes. */
export async function runSandbox(runtime: Runtime, pod: PodRef, volumes: readonly PodVolume[]): Promise<void> {
  await runtime.ensureNetwork(pod.host, pod.namespace)
  await runtime.createSandbox(pod, sandboxSpec({ volumes }))
  await runtime.startContainer(pod, '')
}

/** The container `web` with these mounts, running. */
export async function runWeb(
  runtime: Runtime,
  pod: PodRef,
  mounts: readonly Mount[],
  given: Parameters<typeof plainConfig>[0] = {},
): Promise<string> {
  await runtime.createContainer(pod, plainConfig({ mounts, ...given }))
  await runtime.startContainer(pod, 'web')
  return theContainer(thePod(runtime, pod.name)).id
}

export function thePod(runtime: Runtime, name: string): LivePod {
  const pod = runtime.podsOf(webKey).find((each) => each.name === name)
  if (!pod) throw new Error(`no pod ${name}`)
  return pod
}

export function theContainer(pod: LivePod): LivePod['containers'][number] {
  const [container] = pod.containers
  if (!container) throw new Error(`pod ${pod.name} has no container`)
  return container
}
