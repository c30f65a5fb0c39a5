import { join } from 'node:path'
import { sha256 } from '../base/hash.ts'
import type { ApplicationSettings, EngineSettings } from '../settings.ts'
import type { RepositoryOptions } from '../sync/port.ts'

/** Where an application's manifests are, and how they are reached. Applications of one repository share its store. */
export function repositoryOptions(
  { stateDir }: Pick<EngineSettings, 'stateDir'>,
  { repoURL, revision, credentials }: ApplicationSettings,
): RepositoryOptions {
  const storeDir = join(stateDir, 'git', sha256(repoURL).slice(0, 16))
  return { url: repoURL, revision, storeDir, credentials }
}
