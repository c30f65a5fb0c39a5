// The Prometheus that tests ask: Debian's program, unpacked but not installed, so that no service of it starts. Plain JavaScript for Node 20.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './packages.mjs'

const folder = join(root, '.berth/tools/prometheus')
const file = join(folder, 'usr/bin/prometheus')

/**
 * Where the program is. It is fetched with apt-get the first time, which needs the network, but no root.
 * @returns {string}
 */
export function ensurePrometheus() {
  const installed = spawnSync('sh', ['-c', 'command -v prometheus'], { encoding: 'utf8' }).stdout.trim()
  if (installed !== '') return installed
  if (existsSync(file)) return file
  const fetched = `${folder}.fetched`
  rmSync(fetched, { recursive: true, force: true })
  mkdirSync(fetched, { recursive: true })
  const download = ['download', '-q', '-o', 'APT::Sandbox::User=root', 'prometheus']
  if (run('apt-get', download, fetched) !== '') {
    run('apt-get', ['update', '-qq'], fetched)
    const words = run('apt-get', download, fetched)
    if (words !== '') throw new Error(`the Debian package prometheus could not be fetched: ${words}`)
  }
  const [name = ''] = readdirSync(fetched).filter((entry) => entry.endsWith('.deb'))
  const words = run('dpkg', ['-x', name, folder], fetched)
  if (words !== '') throw new Error(`the Debian package prometheus could not be unpacked: ${words}`)
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
