import type { Runtime } from '../runtime/port.ts'
import type { Action } from './plan/action.ts'

/** Does one action: one exchange with one engine, no decisions. `forPreview`: for what pull requests make. */
export async function applyAction(runtime: Runtime, action: Action, forPreview = false): Promise<void> {
  switch (action.kind) {
    case 'ensureNetwork':
      return runtime.ensureNetwork(action.host, action.namespace)
    case 'removeNetwork':
      return runtime.removeNetwork(action.host, action.namespace)
    case 'pull':
      return runtime.pull(action.host, action.image, action.auths, forPreview)
    case 'createVolume':
      return runtime.createVolume(action.host, action.volume)
    case 'fillVolume':
      return runtime.fillVolume(action.host, action.fill)
    case 'removeVolume':
      return runtime.removeVolume(action.host, action.name)
    case 'setUpVolumes':
      return runtime.setUpVolumes(action.pod, action.volumes)
    case 'createSandbox':
      return runtime.createSandbox(action.pod, action.sandbox)
    case 'createContainer':
      return runtime.createContainer(action.pod, action.config)
    case 'recreateContainer':
      return runtime.recreateContainer(action.pod, action.id, action.attempt)
    case 'start':
      return runtime.startContainer(action.pod, action.container)
    case 'update':
      return runtime.updateContainer(action.pod, action.id, action.resources)
    case 'unpause':
      return runtime.unpauseContainer(action.pod, action.id)
    case 'markLeaving':
      return runtime.markLeaving(action.pod)
    case 'stop':
      return runtime.stopContainer(action.pod, action.id, action.graceMs)
    case 'remove':
      return runtime.removeContainer(action.pod, action.id)
    default:
      return action satisfies never
  }
}
