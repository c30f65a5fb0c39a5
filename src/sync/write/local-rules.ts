import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { GitError } from '../errors.ts'
import { hasPlainRefs, type LocalRepository } from '../local-refs.ts'
import { isOff, isOn, readLocalConfig } from './local-config.ts'
import type { Update } from './push.ts'

/** Those that may refuse a push, or that others rely on to hear of it. */
const hooks = ['pre-receive', 'update', 'proc-receive', 'reference-transaction', 'post-receive', 'post-update']

/** Throws when a push into this repository would break a rule of its own, as `git push` would see them. */
export function checkRules(local: LocalRepository, { ref, replaces }: Update): void {
  const { path } = local
  if (!hasPlainRefs(local)) {
    const advice = 'its refs are kept as reftable, which Berth does not write: use ssh or http, or git refs migrate'
    throw new GitError('UNSUPPORTED_REPOSITORY', path, `${path}: ${advice}`)
  }
  const config = readLocalConfig(local)
  const hook = hooks.find((name) => isActive(join(hooksFolder(local, config), name)))
  if (hook !== undefined) {
    const advice = `it has a ${hook} hook, and Berth runs no hooks: let it reach the repository by ssh or http`
    throw refused(local, ref, advice)
  }
  if (replaces && isOn(config.get('receive.denynonfastforwards'))) {
    throw refused(local, ref, 'receive.denyNonFastForwards forbids to replace a branch')
  }
  if (!mayBeStale(config) && isCheckedOut(local, ref, config)) {
    const advice =
      'the branch is checked out there, and the work tree would go stale: use a bare repository, or git config receive.denyCurrentBranch ignore'
    throw refused(local, ref, advice)
  }
}

function refused(local: LocalRepository, ref: string, reason: string): GitError {
  return new GitError('PUSH_REFUSED', ref, `${local.path}: refused the push to ${ref}: ${reason}`)
}

function mayBeStale(config: ReadonlyMap<string, string>): boolean {
  const value = config.get('receive.denycurrentbranch')
  return isOff(value) || value === 'ignore' || value === 'warn'
}

function hooksFolder({ common }: LocalRepository, config: ReadonlyMap<string, string>): string {
  return resolve(common, config.get('core.hookspath') ?? 'hooks')
}

function isActive(hook: string): boolean {
  const found = statSync(hook, { throwIfNoEntry: false })
  return found?.isFile() === true && (found.mode & 0o111) !== 0
}

/** By the repository's own work tree, or by one linked to it. */
function isCheckedOut({ common }: LocalRepository, ref: string, config: ReadonlyMap<string, string>): boolean {
  const bare = config.get('core.bare')
  const isBare = bare === undefined ? basename(common) !== '.git' : isOn(bare)
  const linked = join(common, 'worktrees')
  const trees = existsSync(linked) ? readdirSync(linked).map((name) => join(linked, name)) : []
  return [...(isBare ? [] : [common]), ...trees].some((folder) => headOf(folder) === ref)
}

function headOf(folder: string): string | undefined {
  try {
    return /^ref: (\S+)\s*$/.exec(readFileSync(join(folder, 'HEAD'), 'utf8'))?.[1]
  } catch {
    return undefined
  }
}
