// Finds or makes the Docker engine that tests and demo need. Plain JavaScript for Node 20. See README, "On a fresh machine".
import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, readSync, rmSync, writeFileSync } from 'node:fs'
import { busyboxFromImage } from './busybox.mjs'
import { inNetwork, ping, startEngine } from './engine.mjs'
import { stop } from './stop.mjs'

const defaultSocket = 'unix:///var/run/docker.sock'
const extraPath = ['/usr/local/sbin', '/usr/sbin', '/sbin']

/**
 * @typedef {object} Engine
 * @property {string} host as in DOCKER_HOST
 * @property {string} busybox path of a static busybox, of which test images are made
 * @property {(argv: string[]) => string[]} command how to run something that reaches containers by their addresses
 * @property {() => Promise<void>} close
 */

/**
 * The engine that DOCKER_HOST names, or the one at the default socket, or a private one that lives as long as this process.
 * @returns {Promise<Engine>}
 */
export async function ensureEngine() {
  const named = process.env.DOCKER_HOST
  const answer = await ping(named ?? defaultSocket)
  if (answer === '') {
    const host = named ?? defaultSocket
    return { host, busybox: await ensureBusybox(host), command: (argv) => argv, close: async () => {} }
  }
  if (named !== undefined)
    stop(`no Docker engine answers at DOCKER_HOST=${named}: ${answer}`, 'start it, or unset DOCKER_HOST')
  if (!isRoot() || !isDebian()) {
    stop(
      `no Docker engine answers at ${defaultSocket}: ${answer}`,
      answer.includes('EACCES')
        ? 'let this user talk to it (group "docker"), or run as root'
        : 'start Docker, or name an engine in DOCKER_HOST; root on Debian or Ubuntu gets a private one made here',
    )
  }
  ensureTools(['dockerd', 'iptables', 'busybox'])
  const engine = await startEngine().catch((/** @type {Error} */ error) =>
    stop(error.message, 'give an engine that runs in DOCKER_HOST instead'),
  )
  console.error('berth: started a private Docker engine, which ends with this command')
  return {
    host: engine.host,
    busybox: programPath('busybox'),
    command: (argv) => inNetwork(engine, argv),
    close: engine.close,
  }
}

/** @param {string} host */
async function ensureBusybox(host) {
  if (isRoot()) ensureTools(['busybox'])
  if (usable('busybox')) return programPath('busybox')
  return busyboxFromImage(host).catch((/** @type {Error} */ error) =>
    stop(
      `images are made of a static busybox, which is neither here nor could be taken from its image: ${error.message}`,
      'install it (Debian: apt-get install busybox-static)',
    ),
  )
}

/** What tests sign commits with. */
export function ensureSigners() {
  if (isRoot()) ensureTools(['gpg', 'ssh-keygen'])
}

function isRoot() {
  return process.getuid?.() === 0
}

function isDebian() {
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : ''
  return /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(release)
}

/** Command -> Debian package. */
const packages = {
  dockerd: 'docker.io',
  iptables: 'iptables',
  busybox: 'busybox-static',
  gpg: 'gnupg',
  'ssh-keygen': 'openssh-client',
}

/**
 * Installs what is missing, where this system has apt-get.
 * @param {(keyof typeof packages)[]} commands
 */
function ensureTools(commands) {
  process.env.PATH = [process.env.PATH, ...extraPath].join(':')
  const missing = commands.filter((command) => !usable(command)).map((command) => packages[command])
  if (missing.length === 0 || !isDebian()) return
  console.error(`berth: installing ${missing.join(', ')} (apt-get)`)
  withoutServices(() => {
    if (install(missing).status === 0) return
    apt(['update', '-qq'])
    const { status, stderr } = install(missing)
    if (status !== 0)
      stop(`apt-get could not install ${missing.join(', ')}\n${stderr}`, 'install them by hand, then try again')
  })
}

/** @param {keyof typeof packages} command */
function usable(command) {
  const path = programPath(command)
  return path !== '' && (command !== 'busybox' || isStatic(path))
}

/** @param {string} command */
function programPath(command) {
  return spawnSync('sh', ['-c', `command -v ${command}`], { encoding: 'utf8' }).stdout.trim()
}

/**
 * Whether a program runs without any library, so that it may be the only file of an image.
 * @param {string} path
 */
function isStatic(path) {
  const head = Buffer.alloc(4096)
  const file = openSync(path, 'r')
  readSync(file, head)
  closeSync(file)
  return head.toString('latin1', 0, 4) === '\x7fELF' && !head.includes('/ld-')
}

/** @param {string[]} names */
function install(names) {
  return apt(['install', '-qq', '--yes', '--no-install-recommends', ...names])
}

/** @param {string[]} args */
function apt(args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  return spawnSync('apt-get', args, { encoding: 'utf8', env })
}

/**
 * Debian starts the services of what it installs, unless this file says no: the machine's own engine stays the user's decision.
 * @param {() => void} work
 */
function withoutServices(work) {
  const policy = '/usr/sbin/policy-rc.d'
  if (existsSync(policy)) return work()
  writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  const remove = () => rmSync(policy, { force: true })
  process.once('exit', remove)
  work()
  remove()
  process.removeListener('exit', remove)
}
