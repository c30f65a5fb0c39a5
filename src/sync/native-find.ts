import { execFile } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Older ones do not take configuration from the environment, where credentials must go. */
const oldest = [2, 31] as const

const found = new Map<string, Promise<string | undefined>>()

/** Path of a git binary that is new enough; undefined when there is none on PATH. Looked for once per PATH. */
export function findGit(path = process.env.PATH ?? ''): Promise<string | undefined> {
  const known = found.get(path) ?? look(path)
  found.set(path, known)
  return known
}

async function look(path: string): Promise<string | undefined> {
  const binary = path
    .split(delimiter)
    .map((folder) => join(folder, 'git'))
    .find(isExecutable)
  if (binary === undefined) return undefined
  const text = await new Promise<string>((resolve) => {
    execFile(binary, ['--version'], { timeout: 10_000 }, (error, stdout) => resolve(error ? '' : stdout))
  })
  return isNewEnough(text) ? binary : undefined
}

/** Reads `git version 2.39.5 (…)`. */
export function isNewEnough(versionLine: string): boolean {
  const [, major, minor] = /^git version (\d+)\.(\d+)/.exec(versionLine)?.map(Number) ?? []
  if (major === undefined || minor === undefined) return false
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1])
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return path.startsWith('/')
  } catch {
    return false
  }
}
