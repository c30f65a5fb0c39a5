// Real servers that tests ask: Debian's programs, unpacked but not installed, so that no service of theirs starts. Plain JavaScript for Node 20.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from './packages.mjs'

/** Each is in the package of its name, and needs no more than the C library. */
export const servers = /** @type {const} */ (['prometheus', 'docker-registry', 'pebble'])

/**
 * Where a program is. It is fetched with apt-get the first time, which needs the network, but no root.
 * @param {(typeof servers)[number]} name
 * @returns {string}
 */
export function ensureServer(name) {
  const installed = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim()
  return installed === '' ? ensureFile(name, `usr/bin/${name}`) : installed
}

/**
 * The server of OpenSSH, with the library that a machine without it misses.
 * @returns {{ program: string, libraries: string }}
 */
export function ensureSshd() {
  const program = ensureFile('openssh-server', 'usr/sbin/sshd')
  const folder = `usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`
  return { program, libraries: dirname(ensureFile('libwrap0', `${folder}/libwrap.so.0`)) }
}

/**
 * Path of a file of a package, which is fetched and unpacked the first time.
 * @param {string} name
 * @param {string} path
 * @returns {string}
 */
function ensureFile(name, path) {
  const folder = join(root, '.berth/tools', name)
  const file = join(folder, path)
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
