// The root file system of the node container's image, made of Debian packages. Plain JavaScript for Node 20.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './packages.mjs'

/** As the Dockerfile has it. */
export const nodeImagePath = '/usr/sbin:/usr/bin:/sbin:/bin:/opt/busybox'

/**
 * Path of the archive. It is made the first time, and when its recipe is another one: that needs Debian 12 and the network, but no root.
 * @returns {string}
 */
export function ensureNodeArchive() {
  const recipe = ['Dockerfile', 'build'].map((name) => readFileSync(join(root, 'node-image', name)))
  const hash = createHash('sha256').update(Buffer.concat(recipe)).digest('hex').slice(0, 16)
  const folder = join(root, '.berth/node-image')
  const archive = join(folder, `${hash}.tar`)
  if (existsSync(archive)) return archive
  mkdirSync(folder, { recursive: true })
  const made = `${archive}.${process.pid}`
  const args = ['-o', made, '-c', join(folder, 'packages')]
  const { status, stderr, error } = spawnSync(join(root, 'node-image/build'), args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`the node image could not be made: ${error?.message ?? stderr.trim()}`)
  renameSync(made, archive)
  return archive
}
