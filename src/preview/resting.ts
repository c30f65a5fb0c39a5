import { admit, type KnownPreview, type PreviewPolicy, type Verdict } from './admission.ts'
import type { Candidate } from './pull-request.ts'

/** Requests wait until a pod is ready, and wake it. */
export const held = 'hold'

/** So long after one was woken its pods may be on their way, ms. */
export const wakingMs = 120_000

export interface Resting {
  readonly app: string
  readonly open: readonly Candidate[]
  readonly known: readonly KnownPreview[]
  readonly policy: PreviewPolicy
  readonly verdicts: Iterable<Verdict>
  /** When it was last woken, ms; undefined: not by this process. */
  readonly wokenAt: (id: string) => number | undefined
}

/**
 * What becomes of requests to each preview while it has no pod that is ready: `held`, refused in words, or, empty, no more than usual. One that
 * was asleep only because nobody used it, or others more, waits for nothing but a request.
 */
export function restsOf({ app, open, known, policy, verdicts, wokenAt }: Resting, now: number): Map<string, string> {
  const rests = new Map<string, string>()
  for (const { id, is } of verdicts) {
    if (is === 'awake') rests.set(id, now - (wokenAt(id) ?? Number.NEGATIVE_INFINITY) < wakingMs ? held : '')
    if (is !== 'asleep') continue
    const asked = known.map((one) => (one.id === id ? { ...one, usedAt: now, asleep: true } : one))
    const verdict = admit(open, asked, policy, now).find((one) => one.id === id)
    const laidDown = known.some((one) => one.id === id && one.laidDown)
    const how = laidDown ? `; berth preview wake ${app} ${id} wakes it` : ''
    rests.set(id, verdict?.is === 'awake' ? held : `${verdict?.reason ?? ''}${how}`)
  }
  return rests
}
