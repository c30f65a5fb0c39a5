// GitHub's own description of its API, out of an npm package that is fetched when it is first needed: as a dependency it would bring 400 MB.
// Plain JavaScript for Node 20.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './packages.mjs'

const source = {
  ...{ name: '@octokit/openapi', version: '23.0.2', member: 'package/generated/api.github.com.json' },
  sha512: 'pV8M7L9GY23AybNvTmo2nyjmpmnt6+2sRE/tqr0ZLQcPS4lnw7u5eZGNmwRNkBC3D7gZXbFx5AHzLUVRBXGDhg==',
}
const fetchMs = 180_000

/** The file's place on disk; an error says why it could not be fetched. */
export function ensureGitHubDescription() {
  const folder = join(root, '.berth/tools', `github-api-${source.version}`)
  const file = join(folder, source.member)
  if (existsSync(folder)) return file
  const fetched = `${folder}.fetched-${process.pid}`
  mkdirSync(fetched, { recursive: true })
  try {
    const args = ['pack', `${source.name}@${source.version}`, '--pack-destination', fetched, '--loglevel=error']
    execFileSync('npm', args, { cwd: fetched, timeout: fetchMs, stdio: 'pipe' })
    const archive = join(fetched, `octokit-openapi-${source.version}.tgz`)
    const digest = createHash('sha512').update(readFileSync(archive)).digest('base64')
    if (digest !== source.sha512) throw new Error(`${source.name} has another digest: sha512-${digest}`)
    execFileSync('tar', ['-xzf', archive, '-C', fetched, source.member], { stdio: 'pipe' })
    rmSync(archive)
    if (!existsSync(folder)) renameSync(fetched, folder)
  } finally {
    rmSync(fetched, { recursive: true, force: true })
  }
  return file
}
