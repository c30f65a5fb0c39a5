// Volumes and mounts as API options. Pure.
import type { ContainerCreateOptions, MountSettings } from 'dockerode'
import { RuntimeError } from '../errors.ts'
import { podVolumeName, volumeName, writePodVolumeLabels } from '../labels.ts'
import type { Mount } from '../live.ts'
import type { PodRef, PodVolume } from '../port.ts'

/** The sandbox has all volumes of its pod in this folder, under their names. */
export const volumeRoot = '/berth'

/** More than any Secret has; memory is only used for what is in it. */
const secretBytes = 64 * 1024 * 1024

/** Where a volume's data is: a Docker volume, or a path on the host. */
export function sourceOf(engine: string, pod: PodRef, volume: PodVolume): string {
  switch (volume.kind) {
    case 'host':
      return volume.path
    case 'docker':
      return volumeName(engine, { namespace: pod.namespace, subject: volume.subject, detail: '' })
    default:
      return podVolumeName(engine, pod, volume.name)
  }
}

/** Docker volumes that are made and removed with the pod. */
export function podVolumeNames(engine: string, pod: PodRef, volumes: readonly PodVolume[]): string[] {
  return volumes.filter(isOfPod).map((volume) => podVolumeName(engine, pod, volume.name))
}

function isOfPod(volume: PodVolume): boolean {
  return volume.kind === 'empty' || volume.kind === 'files'
}

/** The sandbox with all volumes of its pod. */
export function withVolumes(
  options: ContainerCreateOptions,
  engine: string,
  pod: PodRef,
  volumes: readonly PodVolume[],
): ContainerCreateOptions {
  if (volumes.length === 0) return options
  const binds = volumes.filter(isMadeByEngine).map((volume) => `${volume.path}:${volumeRoot}/${volume.name}`)
  const mounts = volumes.filter((volume) => !isMadeByEngine(volume)).map((volume) => sandboxMount(engine, pod, volume))
  return { ...options, HostConfig: { ...options.HostConfig, Binds: binds, Mounts: mounts } }
}

export function withMounts(options: ContainerCreateOptions, mounts: readonly MountSettings[]): ContainerCreateOptions {
  return mounts.length === 0 ? options : { ...options, HostConfig: { ...options.HostConfig, Mounts: [...mounts] } }
}

/** Of the two forms of a bind, only this one makes a missing directory; it has no room for a colon. */
function isMadeByEngine(volume: PodVolume): volume is Extract<PodVolume, { kind: 'host' }> {
  return (
    volume.kind === 'host' && (volume.type === '' || volume.type === 'DirectoryOrCreate') && !volume.path.includes(':')
  )
}

function sandboxMount(engine: string, pod: PodRef, volume: PodVolume): MountSettings {
  const Source = sourceOf(engine, pod, volume)
  const Target = `${volumeRoot}/${volume.name}`
  if (volume.kind === 'host') {
    // The file may have to be made first, which its folder is needed for.
    const path = volume.type === 'FileOrCreate' ? parentOf(volume.path) : volume.path
    return { Type: 'bind', Source: path, Target }
  }
  const Labels = isOfPod(volume) ? writePodVolumeLabels(engine, pod, volume.name) : {}
  return { Type: 'volume', Source, Target, VolumeOptions: { NoCopy: true, Labels, DriverConfig: driverOf(volume) } }
}

function driverOf(volume: Exclude<PodVolume, { kind: 'host' }>): { Name: string; Options: Record<string, string> } {
  if (volume.kind === 'docker') return { Name: '', Options: {} }
  if (volume.kind === 'files') return volume.secret ? inMemory(secretBytes, '0755') : { Name: 'local', Options: {} }
  if (volume.medium === 'memory') return inMemory(volume.sizeBytes, '1777')
  return { Name: volume.driver || 'local', Options: { ...volume.options } }
}

function inMemory(bytes: number, mode: string): { Name: string; Options: Record<string, string> } {
  const size = bytes > 0 ? `size=${bytes},` : ''
  return { Name: 'local', Options: { type: 'tmpfs', device: 'tmpfs', o: `${size}mode=${mode}` } }
}

/** Whether what is in it is on no disk, and lost when nobody has it mounted. */
export function isInMemory(volume: PodVolume): boolean {
  return (volume.kind === 'files' && volume.secret) || (volume.kind === 'empty' && volume.medium === 'memory')
}

/** Whether its data begins with the volume: what a driver's options lead to, such as a share, may have been there before. */
export function isMadeNew(volume: PodVolume): boolean {
  return volume.kind === 'files' || (volume.kind === 'empty' && Object.keys(volume.options).length === 0)
}

/** `source`: where the volume is, or, with a `subPath`, what that was found to be. */
export function mountOptions(mount: Mount, volume: PodVolume, source: string): MountSettings {
  // What we fill is ours to write: a process that could would break the links that swap it as a whole.
  const ReadOnly = mount.readOnly || volume.kind === 'files'
  const place = { Source: source, Target: mount.path, ReadOnly }
  if (volume.kind === 'host') {
    return { Type: 'bind', ...place, BindOptions: { Propagation: propagation[mount.propagation] } }
  }
  return mount.subPath === '' ? { Type: 'volume', ...place, VolumeOptions: noCopy } : { Type: 'bind', ...place }
}

const noCopy = { NoCopy: true, Labels: {}, DriverConfig: { Name: '', Options: {} } }

const propagation = { None: 'rprivate', HostToContainer: 'rslave', Bidirectional: 'rshared' } as const

export function parentOf(path: string): string {
  return path.replace(/\/+$/, '').replace(/\/[^/]*$/, '') || '/'
}

export function baseOf(path: string): string {
  return path.replace(/\/+$/, '').replace(/^.*\//, '')
}

/** Throws for a path that is not surely inside what it is relative to. */
export function checkRelative(subject: string, path: string): void {
  const parts = path.split('/')
  const good =
    path !== '' && !path.includes('\0') && parts.every((part) => part !== '' && part !== '.' && part !== '..')
  if (good) return
  const message = `path ${JSON.stringify(path)} in volume ${subject}: expected a relative path without ".."`
  throw new RuntimeError('VOLUME_REFUSED', subject, message)
}
