import { shortHash } from '../../base/hash.ts'
import type { PodSpec } from '../../manifests/types.ts'
import type { ContainerConfig, LiveHost, LivePod } from '../../runtime/live.ts'
import type { PodVolume, VolumeContents, VolumeSetup } from '../../runtime/port.ts'
import { filled, type PodFacts } from './containers.ts'
import type { Provision, Template } from './desired.ts'
import { isFilled, sourceOf } from './files-of-pod.ts'
import { volumesFor } from './own-claims.ts'

/** The volumes of one pod of the template, claims of its own under their names. */
export function volumesOf(template: Template, pod: PodFacts, host: LiveHost): readonly PodVolume[] {
  const fill = (text: string): string => filled(text, pod, host)
  return volumesFor(template, pod).map(({ volume }) => {
    if (volume.kind === 'docker') return { ...volume, subject: fill(volume.subject) }
    if (volume.kind !== 'empty') return volume
    const options = Object.entries(volume.options).map(([key, text]): [string, string] => [key, fill(text)])
    return { ...volume, options: Object.fromEntries(options) }
  })
}

/** Files with the pod's facts filled in: where that changes them, they are a version of their own. */
export function contentsOf(contents: VolumeContents, pod: PodFacts, host: LiveHost): VolumeContents {
  const files = contents.files.map((file) => {
    const data = file.encoding === 'utf8' ? filled(file.data, pod, host) : file.data
    return data === file.data ? file : { ...file, data }
  })
  const same = files.every((file, index) => file === contents.files[index])
  return same ? contents : { version: shortHash(files), files }
}

/**
 * What the volumes of a new pod need before `starting`, the containers that come first, may start. Directories for `subPath` are made for
 * those alone: what the others mount may be a file that an init container writes.
 */
export function setupsOf(
  template: Template,
  pod: PodFacts,
  host: LiveHost,
  starting: readonly ContainerConfig[],
): readonly VolumeSetup[] {
  return volumesFor(template, pod).flatMap(({ volume, contents, claim }) => {
    const files = contents && contentsOf(contents, pod, host)
    const setups = setupOf(volume, files, template.spec, directoriesIn(volume.name, starting))
    const provision = claim?.provision
    if (provision?.volume.options.type === 'nfs') return setups.map(withoutGroup)
    return provision && isPlainLocal(provision) ? [{ ...setupFor(volume, setups), opens: true }] : setups
  })
}

function setupOf(
  volume: PodVolume,
  contents: VolumeContents | undefined,
  spec: PodSpec,
  directories: readonly string[],
): readonly VolumeSetup[] {
  const { fsGroup, fsGroupChangePolicy } = spec.securityContext ?? {}
  const setup = {
    volume: volume.name,
    directories,
    group: isOfOthers(volume) ? undefined : fsGroup,
    groupByRoot: fsGroupChangePolicy === 'OnRootMismatch',
    contents: undefined,
  }
  const asked = directories.length > 0 || setup.group !== undefined
  switch (volume.kind) {
    case 'files':
      return contents ? [{ ...setup, directories: [], contents }] : []
    case 'empty':
      return asked || volume.medium === 'disk' ? [setup] : []
    case 'docker':
      return asked ? [setup] : []
    case 'host':
      return asked || volume.type !== '' ? [setup] : []
    default:
      return volume satisfies never
  }
}

/** A Docker volume that only its pods write to. */
function isPlainLocal({ volume, hostPath }: Provision): boolean {
  return hostPath === undefined && volume.driver === 'local' && Object.keys(volume.options).length === 0
}

function setupFor({ name }: PodVolume, [setup]: readonly VolumeSetup[]): VolumeSetup {
  return setup ?? { volume: name, directories: [], group: undefined, groupByRoot: false, contents: undefined }
}

function withoutGroup(setup: VolumeSetup): VolumeSetup {
  return { ...setup, group: undefined }
}

/** What is there besides the pod keeps its owners: paths of the host and shares, as in Kubernetes. */
function isOfOthers(volume: PodVolume): boolean {
  return volume.kind === 'host' || (volume.kind === 'empty' && volume.options.type === 'nfs')
}

function directoriesIn(volume: string, containers: readonly ContainerConfig[]): readonly string[] {
  const paths = containers.flatMap(({ mounts }) => mounts.filter((mount) => mount.volume === volume))
  return [...new Set(paths.map(({ subPath }) => subPath).filter((path) => path !== ''))].sort()
}

/** Directories that containers of a later stage mount, and that nobody may have made. */
export function directorySetups(pod: LivePod, starting: readonly ContainerConfig[]): readonly VolumeSetup[] {
  const filledByUs = new Set((pod.spec?.volumes ?? []).filter(isFilled).map(({ name }) => name))
  const names = new Set(starting.flatMap(({ mounts }) => mounts.map(({ volume }) => volume)))
  return [...names]
    .filter((name) => !filledByUs.has(name))
    .map((volume) => ({ volume, directories: directoriesIn(volume, starting) }))
    .filter(({ directories }) => directories.length > 0)
    .map((setup) => ({ ...setup, group: undefined, groupByRoot: false, contents: undefined }))
}

/**
 * What a pod that exists needs when its sandbox starts again: as for a new one. A pod of an old template gets what its own spec says, with
 * files as the wanted template has them, where it has them from the same place. `due`: the containers that come first.
 */
export function setupsAgain(
  template: Template,
  pod: LivePod,
  host: LiveHost,
  missing: readonly ContainerConfig[],
  due: ReadonlySet<string>,
): readonly VolumeSetup[] {
  const configs = [...pod.containers.map(({ config }) => config), ...missing]
  const containers = configs.filter(({ name }) => due.has(name))
  if (pod.template === template.hash || !pod.spec) return setupsOf(template, pod, host, containers)
  const { spec } = pod
  const kept = (spec.volumes ?? []).flatMap((volume) => {
    const { name, emptyDir, hostPath } = volume
    if (isFilled(volume))
      return setupOf({ kind: 'files', name, secret: false }, filesOf(template, name, pod, host), spec, [])
    const directories = directoriesIn(name, containers)
    if (hostPath)
      return setupOf(
        { kind: 'host', name, path: hostPath.path, type: hostPath.type ?? '' },
        undefined,
        spec,
        directories,
      )
    return emptyDir ? setupOf(emptyVolume(name, emptyDir.medium), undefined, spec, directories) : []
  })
  return kept
}

function emptyVolume(name: string, medium: string | undefined): PodVolume {
  const kind = medium === 'Memory' ? 'memory' : 'disk'
  return { kind: 'empty', name, medium: kind, sizeBytes: 0, driver: '', options: {} }
}

function filesOf(template: Template, name: string, pod: LivePod, host: LiveHost): VolumeContents | undefined {
  const contents = sourceOf(template, pod, name)?.contents
  return contents && contentsOf(contents, pod, host)
}

/** Volumes whose files are others than the wanted template says; those of other sources are no business of it. */
export function changedFiles(template: Template, pod: LivePod, host: LiveHost): readonly VolumeSetup[] {
  if (!template.followsConfig) return []
  const spec = pod.spec ?? template.spec
  return (pod.spec?.volumes ?? []).filter(isFilled).flatMap(({ name }) => {
    const contents = filesOf(template, name, pod, host)
    if (!contents || pod.contents.get(name) === contents.version) return []
    return setupOf({ kind: 'files', name, secret: false }, contents, spec, [])
  })
}
