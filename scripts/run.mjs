// What the npm scripts call: sets up, runs the command, puts away, and ends with the command's exit code.
// Plain JavaScript for Node 20; the command itself runs on the Node.js of package.json.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { check } from './check.mjs'
import { ensureCorpusTools } from './corpus-tools.mjs'
import { ensureImagePackages } from './debian-images.mjs'
import { ensureServer, ensureSshd, servers } from './debian-servers.mjs'
import { openEntrance } from './entrance.mjs'
import { ensureGitHubDescription } from './github-description.mjs'
import { ensureNodeArchive } from './node-image.mjs'
import { ensurePackages, environment, node, root } from './packages.mjs'
import { ensureEngine, ensureSigners } from './setup.mjs'
import { stop } from './stop.mjs'
import { testCommand, testResult } from './test-result.mjs'

const [name = '', ...args] = process.argv.slice(2)

/** Commands without an engine of their own. @type {Record<string, string[]>} */
const plain = {
  generate: ['scripts/generate.ts'],
  vectors: ['scripts/vectors.ts'],
  simulate: ['scripts/simulate.ts'],
  build: ['scripts/build.ts'],
}
// Reports must know sizes and rates with the collector at hand.
const bench = ['--expose-gc', 'bench/main.ts']
const benchesWithoutEngine = ['autoscale', 'cron', 'merges', 'plan', 'sync']
const benchesOfNetwork = ['dns', 'preview', 'rolling', 'service', 'services']

ensurePackages()
process.exitCode = await main()

async function main() {
  const own = plain[name]
  if (own !== undefined) return run([node, ...own, ...args], environment())
  switch (name) {
    case 'check':
      return (await check()) ? 0 : 1
    case 'test':
      return test({})
    case 'proofs':
      return test({ BERTH_TEST_PROOFS: '1' })
    case 'demo':
      return demo()
    case 'corpus':
      if (!args.includes('--run')) return run([node, 'scripts/corpus.ts', ...args], environment())
      fetchPrograms([ensureCorpusTools])
      return withEngine((command, env) => run(command([node, 'scripts/corpus.ts', ...args]), env))
    case 'bench':
      if (benchesWithoutEngine.includes(args[0] ?? '')) return run([node, ...bench, ...args], environment())
      if (benchesOfNetwork.includes(args[0] ?? '')) fetchPrograms([ensureNodeArchive])
      return withEngine((command, env) => run(command([node, ...bench, ...args]), env))
    default:
      return stop(`no command "${name}"`, 'run: npm run')
  }
}

async function demo() {
  fetchPrograms([ensureNodeArchive])
  const argv = [node, 'scripts/demo.ts', ...args]
  return withEngine(async (command, env) => {
    // An engine in the network of this machine opens ports by itself.
    if (command(argv) === argv) return run(argv, env)
    const entrance = await openEntrance()
    const names = { BERTH_DEMO_PORT: String(entrance.port), BERTH_DEMO_SOCKET: entrance.socket }
    return run(command(argv), { ...env, ...names }).finally(entrance.close)
  })
}

/**
 * Everything that has to be true of the sources, then every test. With arguments: only those tests (`npm test -- test/sync`).
 * @param {Record<string, string>} more
 */
async function test(more) {
  const clean = args.length > 0 || (await check())
  ensureSigners()
  const programs = servers.map((name) => () => ensureServer(name))
  const ofProofs = name === 'proofs' ? [ensureGitHubDescription, ensureImagePackages] : []
  fetchPrograms([...programs, ensureSshd, ensureCorpusTools, ensureNodeArchive, ...ofProofs])
  const status = await withEngine((command, env) => run(command([node, ...testCommand, ...args]), { ...env, ...more }))
  const { line, failed } = testResult({ clean, status })
  console.log(line)
  return failed ? status || 1 : 0
}

/**
 * Before the engine starts: behind a private one there is no network. What misses a program says so.
 * @param {(() => unknown)[]} fetches
 */
function fetchPrograms(fetches) {
  for (const fetch of fetches) {
    try {
      fetch()
    } catch (error) {
      console.error(`berth: ${error instanceof Error ? error.message : error}`)
    }
  }
}

/** @param {(command: (argv: string[]) => string[], env: NodeJS.ProcessEnv) => Promise<number>} work */
async function withEngine(work) {
  const engine = await ensureEngine()
  try {
    const names = {
      DOCKER_HOST: engine.host,
      BERTH_TEST_DOCKER: engine.host,
      BERTH_BUSYBOX: engine.busybox,
      BERTH_DEMO_VIA: engine.command(['']).join(' '),
    }
    return await work(engine.command, environment(names))
  } finally {
    await engine.close()
  }
}

/**
 * Runs a command to its end, also when this process is told to end, and returns its exit code (128 and the number of a signal).
 * It gets a process group of its own, so that Ctrl-C reaches it once, from here, and everything it started can be ended.
 * @param {string[]} argv
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number>}
 */
function run([program = '', ...argv], env) {
  const child = spawn(program, argv, { cwd: root, env, stdio: 'inherit', detached: true })
  let asked = 0
  /** @param {NodeJS.Signals} signal */
  const pass = (signal) => {
    const now = Date.now()
    // npm passes on the signal that the terminal sent as well; only a second one that was meant ends it at once.
    if (asked !== 0 && now - asked < 1000) return
    signalGroup(child.pid, asked === 0 ? signal : 'SIGKILL')
    asked = now
  }
  /** @type {NodeJS.Signals[]} */
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
  for (const signal of signals) process.on(signal, pass)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      signalGroup(child.pid, 'SIGKILL')
      resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL'])
    })
  })
}

/**
 * @param {number | undefined} pid
 * @param {NodeJS.Signals} signal
 */
function signalGroup(pid, signal) {
  try {
    if (pid !== undefined) process.kill(-pid, signal)
  } catch {
    // Nobody is left in the group.
  }
}
