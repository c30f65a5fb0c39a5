import { expand } from '../../manifests/expand.ts'
import { toBytes } from '../../manifests/quantity.ts'
import type { ClaimTemplate, Container, NFSVolumeSource, Volume } from '../../manifests/types.ts'
import type { Mount } from '../../runtime/live.ts'
import type { PodVolume } from '../../runtime/port.ts'
import { refusalOf } from './claim.ts'
import { standIns } from './containers.ts'
import type { ClaimUse, Provision, TemplateVolume } from './desired.ts'
import type { Lookup } from './environment.ts'
import { absolutePath } from './on-config-change.ts'
import { fillingOf } from './volume-contents.ts'

/** How claims get their storage. */
export interface Storage {
  /** Undefined: there is no such claim. */
  readonly claim: (name: string) => Provision | undefined
  /** For a claim of a pod's own: of a StatefulSet's template, or of an ephemeral volume. The name holds a stand-in for the pod's. */
  readonly claimTemplate: (template: ClaimTemplate, name: string) => Provision | undefined
  /** Claims of such a template that are provided in another way, by their full names. */
  readonly ownClaims?: (template: ClaimTemplate) => ReadonlyMap<string, Provision>
  /** Of the StatefulSet; they win over volumes of the same name. */
  readonly claimTemplates: readonly ClaimTemplate[]
}

export interface TemplateVolumes {
  readonly volumes: readonly TemplateVolume[]
  /** Names of those that containers may only read. */
  readonly readOnly: ReadonlySet<string>
  /** What required references do not find. */
  readonly missing: readonly string[]
  /** Why one cannot be had; empty: all can. */
  readonly problem: string
}

interface Resolved extends TemplateVolume {
  readonly readOnly: boolean
  readonly missing: readonly string[]
  readonly problem: string
}

export function resolveVolumes(facts: Lookup, storage: Storage): TemplateVolumes {
  const claimed = new Set(storage.claimTemplates.map(({ metadata }) => metadata.name))
  const volumes = [
    ...(facts.spec.volumes ?? [])
      .filter(({ name }) => !claimed.has(name))
      .map((volume) => resolve(volume, facts, storage)),
    ...storage.claimTemplates.map((template) => ownClaim(template, storage)),
  ]
  return {
    volumes: volumes.map(({ volume, contents, claim }) => ({ volume, contents, claim })),
    readOnly: new Set(volumes.filter(({ readOnly }) => readOnly).map(({ volume }) => volume.name)),
    missing: volumes.flatMap(({ missing }) => missing),
    problem: volumes.find(({ problem }) => problem !== '')?.problem ?? '',
  }
}

function resolve(volume: Volume, facts: Lookup, storage: Storage): Resolved {
  const { name, emptyDir, hostPath, persistentVolumeClaim, ephemeral, nfs } = volume
  const filling = fillingOf(volume, facts)
  if (filling) {
    const { secret, missing } = filling
    // Pods that run keep what they have when a part of it vanishes, as in Kubernetes.
    const contents = missing.length > 0 ? undefined : filling.contents
    return { ...writable({ kind: 'files', name, secret }), contents, missing, readOnly: true }
  }
  if (persistentVolumeClaim) {
    const { claimName, readOnly = false } = persistentVolumeClaim
    return { ...claimVolume(name, { name: claimName, provision: storage.claim(claimName) }), readOnly }
  }
  if (ephemeral) return ephemeralVolume(volume, storage)
  if (hostPath) return writable({ kind: 'host', name, path: hostPath.path, type: hostPath.type ?? '' })
  if (nfs) return { ...writable({ ...empty(name), options: nfsOptions(nfs) }), readOnly: nfs.readOnly ?? false }
  const medium = emptyDir?.medium === 'Memory' ? 'memory' : 'disk'
  return writable({ ...empty(name), medium, sizeBytes: toBytes(emptyDir?.sizeLimit) })
}

function writable(volume: PodVolume): Resolved {
  return { volume, contents: undefined, claim: undefined, readOnly: false, missing: [], problem: '' }
}

function empty(name: string): Extract<PodVolume, { kind: 'empty' }> {
  return { kind: 'empty', name, medium: 'disk', sizeBytes: 0, driver: 'local', options: {} }
}

function ownClaim(template: ClaimTemplate, storage: Storage): Resolved {
  const { name } = template.metadata
  const claim = `${name}-${standIns.name}`
  const resolved = claimVolume(name, { name: claim, provision: storage.claimTemplate(template, claim) })
  const own = storage.ownClaims?.(template) ?? new Map<string, Provision>()
  return own.size === 0 || !resolved.claim ? resolved : { ...resolved, claim: { ...resolved.claim, own } }
}

function claimVolume(name: string, claim: ClaimUse): Resolved {
  return { ...writable(volumeOfClaim(name, claim)), claim }
}

/** What pods mount for a claim, under the volume's name in their spec. */
export function volumeOfClaim(name: string, claim: ClaimUse): PodVolume {
  const path = claim.provision?.hostPath
  return path === undefined
    ? { kind: 'docker', name, subject: `PersistentVolumeClaim/${claim.name}` }
    : { kind: 'host', name, path, type: '' }
}

/** Made and removed with the pod, by the driver of its class. */
function ephemeralVolume({ name, ephemeral }: Volume, storage: Storage): Resolved {
  const template = ephemeral?.volumeClaimTemplate
  const provision =
    template && storage.claimTemplate({ metadata: { name }, spec: template.spec }, `${standIns.name}-${name}`)
  if (!provision) return writable(empty(name))
  const { driver, options } = provision.volume
  const refusal = refusalOf(provision)
  const problem = refusal === '' ? '' : `volume ${name}: ${refusal}`
  return { ...writable({ ...empty(name), driver, options }), problem }
}

/** Options of Docker's own driver that mount a share; removing such a volume leaves the share as it is. */
function nfsOptions({ server, path, readOnly = false }: NFSVolumeSource): Readonly<Record<string, string>> {
  return { type: 'nfs', o: `addr=${server}${readOnly ? ',ro' : ''}`, device: `:${path}` }
}

export interface Mounts {
  readonly mounts: readonly Mount[]
  /** Variables that a subPathExpr needs and that are not there. */
  readonly missing: readonly string[]
}

/** What one container sees of the pod's volumes. */
export function mountsOf(
  { volumeMounts = [] }: Container,
  readOnly: ReadonlySet<string>,
  variables: ReadonlyMap<string, string>,
): Mounts {
  const mounts = volumeMounts.map(
    (mount): Mount => ({
      volume: mount.name,
      path: absolutePath(mount.mountPath),
      subPath: mount.subPathExpr ? expand(mount.subPathExpr, variables) : (mount.subPath ?? ''),
      readOnly: mount.readOnly === true || readOnly.has(mount.name),
      propagation: mount.mountPropagation ?? 'None',
    }),
  )
  return {
    mounts: mounts.sort((a, b) => (a.path < b.path ? -1 : 1)),
    missing: volumeMounts.flatMap(({ subPathExpr = '' }) => unknownIn(subPathExpr, variables)),
  }
}

function unknownIn(expression: string, variables: ReadonlyMap<string, string>): string[] {
  const names = [...expression.replaceAll('$$', '').matchAll(/\$\(([^)]*)\)/g)].map(([, name = '']) => name)
  return names.filter((name) => !variables.has(name)).map((name) => `variable ${name} of subPathExpr ${expression}`)
}
