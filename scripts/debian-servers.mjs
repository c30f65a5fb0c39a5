// Real servers that tests ask: Debian's programs, unpacked but not installed, so that no service of theirs starts. Plain JavaScript for Node 20.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './packages.mjs'

/** Each is in the package of its name, and needs no more than the C library. */
export const servers = /** @type {const} */ (['prometheus', 'docker-registry', 'pebble'])

/**
 * Where a program is. It is fetched with apt-get the first time, which needs the network, but no root.
 * @param {(typeof servers)[number]} name
 * @returns {string}
 */
export function ensureServer(name) {
  const folder = join(root, '.berth/tools', name)
  const file = join(folder, 'usr/bin', name)
  const installed = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim()
  if (installed !== '') return installed
  if (existsSync(file)) return file
  const fetched = `${folder}.fetched`
  rmSync(fetched, { recursive: true, force: true })
  mkdirSync(fetched, { recursive: true })
  const download = ['download', '-q', '-o', 'APT::Sandbox::User=root', name]
  if (run('apt-get', download, fetched) !== '') {
    run('apt-get', ['update', '-qq'], fetched)
    const words = run('apt-get', download, fetched)
    if (words !== '') throw new Error(`the Debian package ${name} could not be fetched: ${words}`)
  }
  const [archive = ''] = readdirSync(fetched).filter((entry) => entry.endsWith('.deb'))
  const words = run('dpkg', ['-x', archive, folder], fetched)
  if (words !== '') throw new Error(`the Debian package ${name} could not be unpacked: ${words}`)
  rmSync(fetched, { recursive: true, force: true })
  return file
}

/**
 * What was said when it failed; empty: it did not.
 * @param {string} command
 * @param {string[]} args
 * @param {string} cwd
 */
function run(command, args, cwd) {
  const { status, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  return status === 0 ? '' : (error?.message ?? stderr) || `${command} ended with ${status}`
}
