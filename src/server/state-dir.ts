import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { errorText } from '../base/errors.ts'

/** Who runs the engine of this state directory, and where it answers. */
export interface EngineNote {
  readonly pid: number
  readonly engine: string
  /** `host:port`; empty while it starts. */
  readonly address: string
}

const file = (stateDir: string): string => join(stateDir, 'engine.json')

/** Throws with what to do when it cannot be made or written to. */
export function makeStateDir(stateDir: string): void {
  try {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 })
    const probe = join(stateDir, `.probe-${process.pid}`)
    writeFileSync(probe, '')
    rmSync(probe)
  } catch (error) {
    const reason = `cannot write to the state directory ${stateDir}: ${errorText(error)}`
    throw new Error(`${reason}; free or mend it, or give another with --state-dir`, { cause: error })
  }
}

/**
 * Takes the state directory for this process. Answers the note of the other engine that holds it, if one does: two engines
 * on one installation would undo each other's work. A note left by a process that was killed is taken over.
 */
export function takeStateDir(stateDir: string, engine: string): EngineNote | undefined {
  makeStateDir(stateDir)
  const mine = JSON.stringify({ pid: process.pid, engine, address: '' } satisfies EngineNote)
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      writeFileSync(file(stateDir), mine, { flag: 'wx', mode: 0o600 })
      return undefined
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      const other = readNote(stateDir)
      if (other && other.pid !== process.pid && isRunning(other.pid)) return other
      rmSync(file(stateDir), { force: true })
    }
  }
  throw new Error(`cannot take the state directory ${stateDir}: its lock changes all the time`)
}

/** Tells where this engine answers; readers see the old note or the new one, never half of one. */
export function writeAddress(stateDir: string, engine: string, address: string): void {
  const next = `${file(stateDir)}.next`
  writeFileSync(next, JSON.stringify({ pid: process.pid, engine, address } satisfies EngineNote), { mode: 0o600 })
  renameSync(next, file(stateDir))
}

export function leaveStateDir(stateDir: string): void {
  if (readNote(stateDir)?.pid === process.pid) rmSync(file(stateDir), { force: true })
}

/** The engine that runs now on this state directory, if one does. */
export function runningEngine(stateDir: string): EngineNote | undefined {
  const note = readNote(stateDir)
  return note && note.pid !== process.pid && isRunning(note.pid) ? note : undefined
}

function readNote(stateDir: string): EngineNote | undefined {
  try {
    const note: unknown = JSON.parse(readFileSync(file(stateDir), 'utf8'))
    if (typeof note !== 'object' || note === null || !('pid' in note) || !Number.isInteger(note.pid)) return undefined
    return note as EngineNote
  } catch {
    return undefined
  }
}

/** True for a live process that is a node program: a recycled process id of something else is not an engine. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('berth')
  } catch (error) {
    // Without /proc (macOS) the process id has to be enough.
    return process.platform !== 'linux' || !errorText(error).includes('ENOENT')
  }
}
