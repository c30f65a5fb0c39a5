// Installed packages and the Node.js that everything runs on. Plain JavaScript for Node 20: it runs before anything is installed.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stop } from './stop.mjs'

export const root = resolve(fileURLToPath(new URL('..', import.meta.url)))
const modules = join(root, 'node_modules')
const bin = join(modules, '.bin')
const lockFile = join(root, 'package-lock.json')
const stampFile = join(modules, '.berth-installed')

/** Node.js as package.json pins it. */
export const node = join(bin, 'node')

/**
 * The environment of everything that is started: the project's own Node.js and tools come first.
 * @param {Record<string, string>} [more]
 * @returns {NodeJS.ProcessEnv}
 */
export function environment(more = {}) {
  // Tests and demo start Berth many times: what was compiled once is kept.
  const cache = join(root, '.berth/compile-cache')
  return { ...process.env, NODE_COMPILE_CACHE: cache, ...more, PATH: [bin, systemPath()].join(delimiter) }
}

/** Installs what package-lock.json says, unless that is there already. */
export function ensurePackages() {
  const wanted = createHash('sha256').update(readFileSync(lockFile)).digest('hex')
  if (!installed(wanted)) {
    console.error('berth: installing packages (package-lock.json is newer than node_modules)')
    npm(['ci', '--no-audit', '--no-fund', '--loglevel=error'])
  }
  const pinned = pinnedNode()
  if (nodeVersion() !== pinned) npm(['rebuild', 'node', '--ignore-scripts=false', '--loglevel=error'])
  const found = nodeVersion()
  if (found !== pinned) {
    stop(
      `Node.js ${pinned} was not installed by the package "node": ${node} ${found === '' ? 'does not run' : `is ${found}`}`,
      'run: npm rebuild node --ignore-scripts=false --foreground-scripts',
    )
  }
  writeFileSync(stampFile, wanted)
}

/** @param {string} wanted */
function installed(wanted) {
  if (existsSync(stampFile)) return readFileSync(stampFile, 'utf8') === wanted
  // Installed by hand: npm writes this file last.
  const hidden = join(modules, '.package-lock.json')
  return existsSync(hidden) && statSync(hidden).mtimeMs >= statSync(lockFile).mtimeMs
}

function pinnedNode() {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devDependencies.node
}

function nodeVersion() {
  const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' })
  return (stdout ?? '').trim().replace(/^v/, '')
}

/** @param {string[]} args */
function npm(args) {
  // Not with the Node.js in node_modules: `npm ci` removes that while it works.
  const { status } = spawnSync('npm', args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    env: { ...process.env, PATH: systemPath() },
  })
  if (status !== 0) stop(`npm ${args.join(' ')} failed`, 'see its words above; a registry must be reachable')
}

/** Without what npm puts in front of it for scripts. */
function systemPath() {
  const entries = (process.env.PATH ?? '').split(delimiter)
  return entries
    .filter((entry) => !entry.endsWith('/node_modules/.bin') && !entry.endsWith('node-gyp-bin'))
    .join(delimiter)
}
