import { once } from 'node:events'
import type { Readable } from 'node:stream'
import type { Clock } from '../../base/clock.ts'
import { errorText, oneLine } from '../../base/errors.ts'
import type { LifecycleHandler } from '../../manifests/types.ts'
import { execSucceeds } from '../probe-state.ts'
import type { HostApi } from './host-api.ts'
import { logLines } from './log-lines.ts'
import { getHttp, type ProbeTarget, probeTcp } from './probe-net.ts'

export interface HookTarget extends ProbeTarget {
  readonly containerId: string
}

/** What a hook needs of its host. */
export interface HookTools {
  readonly api: Pick<HostApi, 'exec' | 'execResult'>
  readonly clock: Clock
  /** Commands cost most when they begin: how many do so at a time. */
  readonly inTurn: <T>(begin: () => Promise<T>) => Promise<T>
}

/** A command that does not begin, or an accepted connection that is not answered, must not hold a place for ever. */
const beginWithinMs = 30_000
const connectWithinMs = 60_000
const longestWords = 200

/**
 * Runs a hook to its end; answers why it failed, or undefined. Once `signal` is aborted nobody waits for it any more, and what it answers
 * does not matter; a command that runs goes on, as the engine has no way to end it. Never rejects.
 */
export async function runHook(
  hook: LifecycleHandler,
  target: HookTarget,
  tools: HookTools,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const { exec, httpGet, sleep, tcpSocket } = hook
    if (exec) return await runCommand(exec.command ?? [], target.containerId, tools, signal)
    if (sleep) return await pause(sleep.seconds * 1000, tools.clock, signal)
    if (httpGet) {
      // Any answer is a success: what hooks are for is that they were called.
      const { answered, message } = await getHttp(httpGet, target, signal)
      return answered ? undefined : message
    }
    if (tcpSocket) {
      const { outcome, message } = await probeTcp(tcpSocket, target, connectWithinMs)
      return outcome === 'success' ? undefined : message
    }
    return 'expected an exec, httpGet, tcpSocket or sleep hook'
  } catch (error) {
    return errorText(error)
  }
}

async function runCommand(
  command: readonly string[],
  container: string,
  { api, inTurn }: HookTools,
  signal: AbortSignal,
): Promise<string | undefined> {
  const name = `exec ${command[0] ?? ''}`
  const begun = await inTurn(async () => (signal.aborted ? undefined : api.exec(container, command, beginWithinMs)))
  if (begun === undefined) return `${name}: not begun in time`
  const { id, output } = begun
  const words = await wordsOf(output, signal)
  if (signal.aborted) return `${name}: not done in time`
  const { ExitCode: code } = await api.execResult(id)
  return execSucceeds(code) ? undefined : `${name}: exit code ${code}${words === '' ? '' : `: ${words}`}`
}

/** The last of what a command prints, once it has ended or nobody waits for it. */
async function wordsOf(output: Readable, signal: AbortSignal): Promise<string> {
  let last: Buffer = Buffer.alloc(0)
  output.on('data', (chunk: Buffer) => {
    // Whole frames only where little is printed, which is what error messages are.
    last = last.length > 16 * longestWords ? chunk : Buffer.concat([last, chunk])
  })
  const end = () => output.destroy()
  signal.addEventListener('abort', end)
  await once(output, 'close').catch(() => {})
  signal.removeEventListener('abort', end)
  return oneLine(logLines(last, true, 1).join(''), longestWords)
}

function pause(ms: number, clock: Clock, signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    const end = () => {
      cancel()
      signal.removeEventListener('abort', end)
      resolve(undefined)
    }
    const cancel = clock.after(ms, end)
    signal.addEventListener('abort', end)
    if (signal.aborted) end()
  })
}
