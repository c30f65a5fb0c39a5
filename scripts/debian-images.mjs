// Test images of real software, made of Debian packages by test/support/debian-image.sh. Plain JavaScript for Node 20.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { root } from './packages.mjs'

export const imageScript = join(root, 'test/support/debian-image.sh')

/** Image -> packages. */
export const debianImages = {
  'berth-test-postgres:15': ['postgresql-15', 'postgresql-client-15', 'tzdata'],
  'berth-test-redis:7': ['redis-server', 'redis-tools'],
}

/** Fetches the packages that are not here yet, with apt-get: behind a private engine there is no network. */
export function ensureImagePackages() {
  const names = Object.values(debianImages).flat()
  const { status, stderr, error } = spawnSync('bash', [imageScript, 'fetch', ...names], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`packages of test images could not be fetched: ${error?.message ?? stderr.trim()}`)
}
