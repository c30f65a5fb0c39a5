import { RuntimeError } from '../../src/runtime/errors.ts'
import { filledDetail } from '../../src/runtime/filled.ts'
import { volumeName } from '../../src/runtime/labels.ts'
import type { VolumeFilling } from '../../src/runtime/live.ts'
import type { VolumeFill } from '../../src/runtime/port.ts'
import type { FakeClock } from './fake-clock.ts'
import type { FakeDocker } from './fake-docker.ts'
import { createVolume } from './fake-volumes.ts'

export const fillMs = 3_000

/** As an engine does it by itself: it goes on whoever is there. */
export function fillVolume(engine: FakeDocker, installation: string, fill: VolumeFill, clock: FakeClock): void {
  const { namespace, subject } = fill
  const name = must(engine, volumeName(installation, { ...fill, detail: '' }))
  const from = must(engine, volumeName(installation, { ...fill.from, detail: '' }))
  const record = { namespace, subject, detail: filledDetail }
  if (engine.volumes.has(volumeName(installation, record)) || engine.filling.has(name)) return
  const attempt = {}
  engine.filling.set(name, attempt)
  const attempts = engine.volumes.get(name)?.live.filling?.attempts ?? 0
  put(engine, name, { state: 'running', attempts, at: clock.now(), message: '' })
  clock.after(fillMs, () => {
    if (engine.filling.get(name) !== attempt) return
    engine.filling.delete(name)
    const [source, target] = [engine.volumes.get(from), engine.volumes.get(name)]
    if (!source || !target) return
    const { bytes = 0, data = '' } = source
    if (bytes > fill.limitBytes) {
      const message = `it has ${bytes} bytes, and the claim asks for ${fill.limitBytes}`
      return put(engine, name, { state: 'failed', attempts: attempts + 1, at: clock.now(), message })
    }
    engine.setVolume(name, { ...target, data })
    put(engine, name, undefined)
    const { app } = target.live
    createVolume(engine, installation, { ...record, app, facts: {}, driver: 'local', options: {} }, clock.now())
  })
}

function must(engine: FakeDocker, name: string): string {
  if (engine.volumes.has(name)) return name
  throw new RuntimeError('NO_SUCH_VOLUME', name, `volume ${name} does not exist`)
}

function put(engine: FakeDocker, name: string, filling: VolumeFilling | undefined): void {
  const volume = engine.volumes.get(name)
  if (!volume) return
  const { filling: _, ...live } = volume.live
  engine.setVolume(name, { ...volume, live: { ...live, ...(filling && { filling }) } })
}
