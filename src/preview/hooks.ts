import type { Key } from '../base/key.ts'
import type { Located, ManifestSet } from '../manifests/check.ts'
import { previewHookOf } from '../manifests/preview-annotations.ts'
import type { ManifestObject } from '../manifests/types.ts'
import { waveAnnotation, waveOf } from '../manifests/wave.ts'
import { asleep } from './asleep.ts'

/** What part of its life a preview is in. */
export interface Stage {
  readonly asleep: boolean
  /** It is about to be removed: only its hooks on deletion are still to be run. */
  readonly ending: boolean
  /** Jobs that fill claims: they are run before all others, as hooks are. */
  readonly fillers: ReadonlySet<Key>
}

/**
 * A preview's objects as its stage wants them. Jobs that come first stand in waves below all others, in the order that they had among
 * themselves, so that nothing else begins before they are done. What is run at the end is not there before; then it comes before all,
 * so that it waits for nothing that may never become healthy, and runs in a sleeping preview, too.
 */
export function staged(objects: ManifestSet, { asleep: sleeps, ending, fillers }: Stage): ManifestSet {
  const { true: last = [], false: living = [] } = groupBy(objects, ({ object }) => previewHookOf(object) === 'delete')
  const { true: first = [], false: others = [] } = groupBy(
    new Map(living),
    ({ object }, key) => previewHookOf(object) === 'create' || fillers.has(key),
  )
  const alive = new Map([...others, ...below(first, others)])
  const stage = sleeps ? asleep(alive) : alive
  return ending ? new Map([...stage, ...below(last, [...stage])]) : stage
}

/** Jobs that are run when the preview ends. */
export function endHooks(objects: ManifestSet): readonly Key[] {
  return [...objects].filter(([, { object }]) => previewHookOf(object) === 'delete').map(([key]) => key)
}

type Entry = readonly [Key, Located]

function groupBy(
  objects: ManifestSet,
  is: (located: Located, key: Key) => boolean,
): Partial<Record<'true' | 'false', Entry[]>> {
  return Object.groupBy(objects, ([key, located]) => (is(located, key) ? 'true' : 'false'))
}

function below(entries: readonly Entry[], others: readonly Entry[]): readonly Entry[] {
  const lowest = Math.min(0, ...others.map(([, { object }]) => waveOf(object)))
  const highest = Math.max(...entries.map(([, { object }]) => waveOf(object)))
  return entries.map(([key, located]) => {
    const wave = lowest - 1 - (highest - waveOf(located.object))
    return [key, { ...located, object: inWave(located.object, wave) }]
  })
}

function inWave<O extends ManifestObject>(object: O, wave: number): O {
  const annotations = { ...object.metadata.annotations, [waveAnnotation]: String(wave) }
  return { ...object, metadata: { ...object.metadata, annotations } }
}
