// What the engine reads from facts. Part of the corridor beside engine.ts.
import { type Key, keyOf, keyParts } from './base/key.ts'
import type { Forecast } from './reconcile/plan/forecast.ts'
import { isPlannedKind } from './reconcile/plan/planned.ts'
import type { LiveVolume } from './runtime/live.ts'
import type { Runtime } from './runtime/port.ts'

/** Objects of which nothing may be left but a record of what they did. */
export function recorded(volumes: readonly LiveVolume[]): Key[] {
  // A record of a claim goes with the claim's data.
  const isKind = (kind = '') => isPlannedKind(kind) && kind !== 'PersistentVolumeClaim'
  const records = volumes.filter(({ subject, detail }) => detail !== '' && isKind(subject.split('/')[0]))
  return records.map(({ namespace, subject }) => {
    const [kind = '', name = ''] = subject.split('/')
    return keyOf({ namespace, kind, name })
  })
}

export function pulledAt(runtime: Runtime, host: string, image: string): number | undefined {
  const pull = runtime
    .hostFacts()
    .find(({ name }) => name === host)
    ?.pulls.get(image)
  return pull?.state === 'done' ? pull.at : undefined
}

export function describe(key: Key): string {
  const { kind, namespace, name } = keyParts(key)
  return `${kind} ${namespace === '' ? name : `${namespace}/${name}`}`
}

/** What the steps alone do not say: a pod that waits for its Secret has none. */
export function noteOf(told: Forecast | undefined): string {
  if (told?.complete === false) return 'the steps after these depend on what happens'
  return told?.tasks.length === 0 ? told.status.message : ''
}
