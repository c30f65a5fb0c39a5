import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { GitError } from './errors.ts'

const mostClaims = 16
/** Between making a claim and writing the owner into it; a process may be stopped for a while there. */
const longestUnnamedMs = 10_000

/**
 * Takes a store folder for this process alone: `name`, or `name.1`, `name.2` … while another process (a `berth diff`
 * beside a `berth run`) or another session has it. `release` gives it back; a dead owner's claim counts for nothing.
 */
export function claimFolder(storeDir: string, name: string): { readonly folder: string; release(): void } {
  for (let slot = 0; slot < mostClaims; slot++) {
    const folder = join(storeDir, slot === 0 ? name : `${name}.${slot}`)
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const lock = join(folder, 'lock')
    if (claim(lock)) return { folder, release: () => rmSync(lock, { force: true }) }
  }
  throw new GitError('STORE_DAMAGED', storeDir, `${storeDir}: ${mostClaims} processes use this repository already`)
}

function claim(lock: string): boolean {
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      writeFileSync(lock, `${process.pid} ${startOf(process.pid)}\n`, { flag: 'wx', mode: 0o600 })
      return true
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
    const owner = readOwner(lock)
    if (owner !== undefined && (isAlive(owner) || isBeingWritten(lock, owner))) return false
    if (owner !== undefined && !removeStale(lock, owner)) return false
  }
  return false
}

/** Two processes that start together: the one has made the file, and not yet written its name. */
function isBeingWritten(lock: string, owner: string): boolean {
  if (owner !== '') return false
  const made = statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? 0
  return Date.now() - made < longestUnnamedMs
}

/** By rename, so that of two processes that see the same dead claim only one removes it. */
function removeStale(lock: string, owner: string): boolean {
  const aside = `${lock}.${process.pid}`
  try {
    renameSync(lock, aside)
  } catch {
    return true
  }
  const own = readOwner(aside) === owner
  if (own) rmSync(aside, { force: true })
  else renameSync(aside, lock)
  return own
}

function readOwner(lock: string): string | undefined {
  try {
    return readFileSync(lock, 'utf8').trim()
  } catch {
    return undefined
  }
}

function isAlive(owner: string): boolean {
  const [pid = '', start = ''] = owner.split(' ')
  if (!/^\d+$/.test(pid)) return false
  return startOf(Number(pid)) === start && start !== ''
}

/** When a process started, so that a number used again is not taken for the old one; '' when there is none. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return isRunning(pid) ? 'running' : ''
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
