import type { Health } from './action.ts'
import type { Making } from './make.ts'
import type { Observed } from './observe.ts'
import { waitingText } from './rollout-status.ts'
import type { Roster } from './roster.ts'

export interface Stage {
  /** Nothing is left to be done, and all is available. */
  readonly complete: boolean
  /** What is to be said although it is complete. */
  readonly note: string
  /** How far it is: `2 of 3 pods updated`. */
  readonly counts: string
  readonly making: Pick<Making, 'message' | 'failed' | 'hopeless'>
  /** Whether a crashing pod is going to be replaced. */
  readonly heals: (observed: Observed) => boolean
}

/** The health of a set of pods, worst first. */
export function judgeSet(roster: Roster, stage: Stage): { health: Health; message: string; failed: boolean } {
  const { making } = stage
  if (stage.complete) return { health: 'Healthy', message: stage.note, failed: false }
  const pods = [...roster.current, ...roster.old]
  const looping = pods.find((observed) => observed.crashLooping && !stage.heals(observed))
  if (looping) {
    return { health: 'Degraded', failed: true, message: `${looping.problem} (pod ${looping.pod.name})` }
  }
  if (making.failed) return { health: 'Degraded', failed: making.hopeless ?? false, message: making.message }
  const parts = [stage.counts, stage.note, making.message, waitingText(roster)]
  const message = parts.filter((part) => part !== '').join(', ')
  if (pods.some(({ reachable }) => !reachable)) return { health: 'Degraded', failed: false, message }
  if (roster.pods.length === 0 && making.message === '') {
    return { health: 'Missing', failed: false, message: 'no pod exists yet' }
  }
  return { health: 'Progressing', failed: false, message }
}

/** `2 of 3 pods updated, 1 of an older revision`; once all are of one revision: `2 of 3 pods available`. */
export function countsText(roster: Roster, replicas: number): string {
  const { current, old } = roster
  if (old.length > 0) return `${current.length} of ${replicas} pods updated, ${old.length} of an older revision`
  return `${current.filter(({ bucket }) => bucket === 'available').length} of ${replicas} pods available`
}
