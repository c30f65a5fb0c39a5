import { stableText } from '../../src/base/hash.ts'
import { type Key, keyOf } from '../../src/base/key.ts'
import { RuntimeError } from '../../src/runtime/errors.ts'
import { volumeName } from '../../src/runtime/labels.ts'
import type { LiveVolume, Mount } from '../../src/runtime/live.ts'
import type { PodVolume, VolumeSetup, VolumeSpec } from '../../src/runtime/port.ts'
import type { Box, FakeDocker } from './fake-docker.ts'

/** A volume that outlives pods, as an engine keeps it. */
export interface FakeVolume {
  readonly installation: string
  readonly live: LiveVolume
  /** What is in it. */
  readonly data?: string
  readonly bytes?: number
}

export function subjectKey({ live }: FakeVolume): Key {
  const [kind = '', name = ''] = live.subject.split('/')
  return keyOf({ namespace: live.namespace, kind, name })
}

export function createVolume(engine: FakeDocker, installation: string, spec: VolumeSpec, now: number): void {
  const name = volumeName(installation, spec)
  const live = { ...spec, host: engine.name, name, createdAt: now }
  const there = engine.volumes.get(name)
  if (there && stableText({ ...there.live, filling: undefined, createdAt: now }) !== stableText(live)) {
    throw new RuntimeError('NAME_TAKEN', name, `volume ${name} is there with other facts or options`)
  }
  if (!there) engine.setVolume(name, { installation, live })
}

export function removeVolume(engine: FakeDocker, installation: string, name: string): void {
  const there = engine.volumes.get(name)
  if (!there) return
  if (there.installation !== installation) throw new RuntimeError('REFUSED', name, `volume ${name} is not one of ours`)
  for (const box of engine.boxes.values()) {
    if (claimsOf(box).includes(name)) throw new RuntimeError('VOLUME_IN_USE', name, 'volume is in use')
  }
  engine.filling.delete(name)
  engine.setVolume(name, undefined)
}

function claimsOf(box: Box): string[] {
  const volumes = box.sandbox?.volumes ?? []
  return volumes.flatMap((volume) =>
    volume.kind === 'docker' ? [dockerName(box.installation, box.namespace, volume)] : [],
  )
}

function dockerName(installation: string, namespace: string, volume: Extract<PodVolume, { kind: 'docker' }>): string {
  return volumeName(installation, { namespace, subject: volume.subject, detail: '' })
}

/** A sandbox does not get a new volume in place of a claim's data. */
export function checkClaims(
  engine: FakeDocker,
  installation: string,
  namespace: string,
  volumes: readonly PodVolume[],
) {
  for (const volume of volumes) {
    if (volume.kind !== 'docker') continue
    const name = dockerName(installation, namespace, volume)
    if (!engine.volumes.has(name)) throw new RuntimeError('NO_SUCH_VOLUME', name, `volume ${name} does not exist`)
  }
}

export function checkMounts(sandbox: Box, mounts: readonly Mount[]): void {
  for (const { volume } of mounts) needVolume(sandbox, volume)
}

function needVolume(sandbox: Box, name: string): PodVolume {
  const volume = sandbox.sandbox?.volumes.find((one) => one.name === name)
  if (volume) return volume
  throw new RuntimeError('REFUSED', name, `pod ${sandbox.pod} has no volume ${name}`)
}

export function setUpVolumes(engine: FakeDocker, sandbox: Box, setups: readonly VolumeSetup[]): void {
  const volumes = setups.map((setup) => ({ setup, volume: needVolume(sandbox, setup.volume) }))
  if (sandbox.state !== 'running') throw new RuntimeError('ENGINE_ERROR', sandbox.pod, 'the sandbox is not running')
  for (const { setup, volume } of volumes) {
    if (volume.kind === 'host' && engine.wrongPaths.has(volume.path)) {
      const message = `hostPath type check failed: ${volume.path} is not a ${volume.type}`
      throw new RuntimeError('VOLUME_REFUSED', sandbox.pod, message)
    }
    if (volume.kind !== 'files' || !setup.contents) continue
    sandbox.contents.set(setup.volume, setup.contents.version)
    sandbox.texts.set(setup.volume, setup.contents.files.map(({ data }) => data).join(''))
  }
  engine.change(sandbox)
}

/** Names of a sandbox's volumes that are in memory only. */
export function secretVolumes(sandbox: Box): string[] {
  const volumes = sandbox.sandbox?.volumes ?? []
  return volumes.flatMap((volume) => (volume.kind === 'files' && volume.secret ? [volume.name] : []))
}
