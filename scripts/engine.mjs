// A Docker engine of the project's own, for as long as the process that asked for it lives. Plain JavaScript for Node 20.
import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

// Short: a socket's path has at most 107 bytes. On a disk: overlay2 cannot lie on another overlay or in memory.
const home = '/var/lib/berth-engine'
const init = fileURLToPath(new URL('engine-init.sh', import.meta.url))

/**
 * @typedef {object} PrivateEngine
 * @property {string} host `unix://…`, as in DOCKER_HOST
 * @property {number} pid a process in the engine's network namespace
 * @property {(word: 'stop' | 'kill' | 'start') => Promise<void>} tell ends or starts dockerd; `start` returns when it answers
 * @property {() => Promise<void>} close ends it and removes all that it left
 */

/**
 * Starts an engine in namespaces of its own: bridges, pools, ports and firewall rules cannot collide with those of the machine or of
 * another such engine. Processes that have to reach containers by address must run in its network namespace (`inNetwork`).
 * With `network: 'shared'` it uses the network namespace of the caller.
 * With `liveRestore` containers outlive dockerd.
 * @param {{ network?: 'own' | 'shared', liveRestore?: boolean }} [options]
 * @returns {Promise<PrivateEngine>}
 */
export async function startEngine({ network = 'own', liveRestore = false } = {}) {
  sweep()
  const id = randomBytes(4).toString('hex')
  const dir = join(home, id)
  claim(id, dir)
  const log = openSync(join(dir, 'engine.log'), 'a')
  const namespaces = [
    '--mount',
    '--pid',
    '--fork',
    '--kill-child',
    '--mount-proc',
    ...(network === 'own' ? ['--net'] : []),
  ]
  const options = [...dockerdOptions(dir, id), ...(liveRestore ? ['--live-restore'] : [])]
  const child = spawn('unshare', [...namespaces, '--', 'sh', init, dir, ...options], {
    stdio: ['pipe', log, log],
    detached: true,
  })
  const ended = new Promise((resolve) => child.once('close', resolve).once('error', resolve))
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  const host = `unix://${join(dir, 'docker.sock')}`

  async function close() {
    child.stdin?.end()
    await Promise.race([ended, sleep(10_000)])
    kill()
    await ended
    process.removeListener('exit', kill)
    remove(id)
  }

  try {
    await answering(host, () => child.exitCode === null && child.signalCode === null)
  } catch (error) {
    const words = tail(join(dir, 'engine.log')) + tail(join(dir, 'dockerd.log'))
    await close()
    throw new Error(`the private Docker engine did not start\n${words}`, { cause: error })
  }
  return { host, pid: Number(child.pid), tell: (word) => tell(child, dir, host, word), close }
}

/**
 * @param {string} dir
 * @param {string} id
 */
function dockerdOptions(dir, id) {
  return [
    ...['--data-root', join(dir, 'data'), '--exec-root', join(dir, 'exec'), '--pidfile', join(dir, 'docker.pid')],
    ...['--host', `unix://${join(dir, 'docker.sock')}`, '--bridge', 'none'],
    // systemd's driver would speak of process numbers that mean nothing outside of the namespace.
    ...['--exec-opt', 'native.cgroupdriver=cgroupfs', '--cgroup-parent', `/berth-${id}`],
  ]
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {string} dir
 * @param {string} host
 * @param {'stop' | 'kill' | 'start'} word
 */
async function tell(child, dir, host, word) {
  const answers = join(dir, 'answers')
  const before = existsSync(answers) ? readFileSync(answers).length : 0
  child.stdin?.write(`${word}\n`)
  for (let waited = 0; !existsSync(answers) || readFileSync(answers).length <= before; waited += 20) {
    if (waited > 60_000) throw new Error(`dockerd did not ${word} within a minute`)
    await sleep(20)
  }
  if (word === 'start') await answering(host, () => child.exitCode === null)
}

/**
 * The command that runs `argv` in the network namespace of a private engine.
 * @param {{ pid: number }} engine
 * @param {string[]} argv
 */
export function inNetwork(engine, argv) {
  return ['nsenter', `--net=/proc/${engine.pid}/ns/net`, '--', ...argv]
}

/**
 * Asks an engine whether it is there; the answer is empty, or says why not.
 * @param {string} host `unix://…` or `tcp://…`
 * @returns {Promise<string>}
 */
export function ping(host) {
  const [, scheme, place = ''] = /^(unix|tcp|http):\/\/(.+)$/.exec(host) ?? []
  if (scheme === undefined) return Promise.resolve('expected unix://PATH or tcp://HOST:PORT')
  const [hostname, port = '2375'] = place.split(':')
  const target = scheme === 'unix' ? { socketPath: place } : { hostname, port }
  return new Promise((resolve) => {
    const asked = request({ ...target, path: '/_ping', timeout: 5000 }, (response) => {
      response.resume()
      resolve(response.statusCode === 200 ? '' : `answered ${response.statusCode}`)
    })
    asked.on('timeout', () => asked.destroy(new Error('no answer within 5 s')))
    asked.on('error', (error) => resolve(error.message))
    asked.end()
  })
}

/**
 * @param {string} host
 * @param {() => boolean} alive
 */
async function answering(host, alive) {
  let answer = ''
  for (const until = Date.now() + 60_000; Date.now() < until; ) {
    if (!alive()) throw new Error('it ended')
    answer = await ping(host)
    if (answer === '') return
    await sleep(50)
  }
  throw new Error(answer)
}

/**
 * Makes the folder with its owner's mark in one step, so that nobody sweeps it away.
 * @param {string} id
 * @param {string} dir
 */
function claim(id, dir) {
  const unborn = join(home, `.${id}`)
  mkdirSync(unborn, { recursive: true, mode: 0o711 })
  writeFileSync(join(unborn, 'owner'), ownerMark(process.pid))
  renameSync(unborn, dir)
}

/** Removes what engines left whose owner was killed. */
function sweep() {
  if (!existsSync(home)) return
  for (const id of readdirSync(home).filter((name) => !name.startsWith('.'))) {
    const file = join(home, id, 'owner')
    const owner = existsSync(file) ? readFileSync(file, 'utf8') : ''
    if (owner === '' || owner !== ownerMark(Number.parseInt(owner, 10))) remove(id)
  }
}

/**
 * Process number and start time: numbers are used again.
 * @param {number} pid
 */
function ownerMark(pid) {
  const file = `/proc/${pid}/stat`
  if (!existsSync(file)) return ''
  const [, after = ''] = readFileSync(file, 'utf8').split(/\) (?!.*\) )/)
  return `${pid} ${after.split(' ')[19]}`
}

/** @param {string} id */
function remove(id) {
  rmSync(join(home, id), { recursive: true, force: true, maxRetries: 5 })
  const groups = spawnSync('find', ['/sys/fs/cgroup', '-depth', '-type', 'd', '-path', `*/berth-${id}*`], {
    encoding: 'utf8',
  })
  for (const group of (groups.stdout ?? '').split('\n').filter((line) => line !== '')) removeGroup(group)
}

/** @param {string} group */
function removeGroup(group) {
  try {
    rmdirSync(group)
  } catch {
    // Still held by a process that is being killed: it is empty and costs nothing.
  }
}

/** @param {string} file */
function tail(file) {
  return existsSync(file) ? `${readFileSync(file, 'utf8').split('\n').slice(-15).join('\n')}\n` : ''
}
