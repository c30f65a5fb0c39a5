// As whom a container runs, and whether it keeps to runAsNonRoot, in the kubelet's words. Pure.
import type { PodSpec } from '../../manifests/types.ts'

/** Whether the pod asks that this container does not run as root. */
export function asksForNonRoot(spec: PodSpec | undefined, name: string): boolean {
  const all = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])]
  const own = all.find((container) => container.name === name)?.securityContext
  return (own?.runAsNonRoot ?? spec?.securityContext?.runAsNonRoot) === true
}

/** Whether the user, if not the group, is left to the image. */
export function leavesUser(user: string | undefined): boolean {
  return user === undefined || user.startsWith(':')
}

/** As the engine is told: of `:2000` it would make root, not the image's user. */
export function userAs(user: string | undefined, imageUser: string): string | undefined {
  return user?.startsWith(':') ? `${imageUser.split(':')[0] || '0'}${user}` : user
}

/** Why it may not be made; undefined: it may. `user` is what the manifest asks for, `imageUser` what the image names. */
export function rootRefusal(user: string | undefined, imageUser: string): string | undefined {
  if (user !== undefined && !leavesUser(user))
    return isRoot(user) ? "container's runAsUser breaks non-root policy" : undefined
  const [name = ''] = imageUser.split(':')
  if (name === '' || isRoot(name)) return 'container has runAsNonRoot and image will run as root'
  if (/^\d+$/.test(name)) return undefined
  return `container has runAsNonRoot and image has non-numeric user (${name}), cannot verify user is non-root`
}

function isRoot(user: string): boolean {
  return /^0+(:|$)/.test(user)
}
