// What the containers of a failed object said last. Part of the corridor beside engine.ts.
import type { Clock } from './base/clock.ts'
import { oneLine } from './base/errors.ts'
import type { Key } from './base/key.ts'
import { hasEnded } from './reconcile/plan/container-state.ts'
import { withoutSecrets } from './runtime/end-message.ts'
import type { LiveContainer, LivePod } from './runtime/live.ts'
import type { Runtime } from './runtime/port.ts'

export interface LastWords {
  /** Of its last end; undefined: it has not ended. */
  readonly exitCode: number | undefined
  /** `container main of pod web-7c6b-0`; empty: there is none. */
  readonly from: string
  /** Oldest first, without the Secrets of its variables. */
  readonly lines: readonly string[]
}

const nothing: LastWords = { exitCode: undefined, from: '', lines: [] }
const mostLines = 20
const longestLine = 500
/** Going back does not wait longer for words. */
const longestWaitMs = 3_000

/** Of the newest pod that has a container with a bad end, or else one that is not ready. */
export async function lastWordsOf(runtime: Runtime, key: Key, clock: Clock): Promise<LastWords> {
  const pods = runtime.podsOf(key).filter(({ leaving }) => !leaving)
  const found = guilty([...pods].sort((a, b) => b.createdAt - a.createdAt))
  if (!found) return nothing
  const { pod, container } = found
  const lines = await inTime(clock, runtime.logTail(pod, container.id, mostLines))
  return {
    exitCode: badEnd(container),
    from: `container ${container.name} of pod ${pod.name}`,
    lines: redacted(lines, container),
  }
}

function guilty(pods: readonly LivePod[]): { readonly pod: LivePod; readonly container: LiveContainer } | undefined {
  const all = pods.flatMap((pod) => pod.containers.map((container) => ({ pod, container })))
  return (
    all.find(({ container }) => badEnd(container) !== undefined) ??
    all.find(({ container }) => container.startedAt !== 0 && !container.health.ready)
  )
}

function badEnd(container: LiveContainer): number | undefined {
  const code = hasEnded(container) ? container.exitCode : container.last?.exitCode
  return code === 0 ? undefined : code
}

/** The runtime has put each line on one line already: a Secret is looked for as it is, and as it stands there. */
function redacted(lines: readonly string[], { config }: LiveContainer): string[] {
  const env = config.env.flatMap((variable) => [variable, { ...variable, value: oneLine(variable.value, 2_000) }])
  // Of a line that was cut, only what is surely whole.
  return lines.map((line) => withoutSecrets(line, env).slice(0, longestLine))
}

function inTime(clock: Clock, lines: Promise<string[]>): Promise<string[]> {
  return new Promise((resolve) => {
    const cancel = clock.after(longestWaitMs, () => resolve([]))
    lines.then(resolve, () => resolve([])).finally(cancel)
  })
}
