// The marks of a helper that copies into a volume; see labels.ts.
import { sha256 } from '../base/hash.ts'
import { engineLabel, type Labels } from './labels.ts'

const volumeLabel = 'berth.dev/fill'

/** Without an underscore, like all names of what is of no pod. */
export function fillName(engine: string, volume: string): string {
  return `berth-fill.${engine}.${sha256(volume).slice(0, 16)}`
}

export function writeFillLabels(engine: string, volume: string): Record<string, string> {
  return { [engineLabel]: engine, [volumeLabel]: volume }
}

/** Docker's name of the volume that it copies into; undefined: it is no helper. */
export function parseFillMark(labels: Labels): string | undefined {
  return labels[engineLabel] === undefined ? undefined : labels[volumeLabel]
}
