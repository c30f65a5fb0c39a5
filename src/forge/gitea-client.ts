import { fetchJsonBy } from '../outward/call.ts'
import type { ForgeSettings } from '../settings.ts'
import { forgeToken } from './credentials.ts'
import type { AnswerLimits } from './pages.ts'

/** Gitea's client, by our rules of calling. Throws CallError. It does not escape what becomes a part of a path. */
export async function openGitea(settings: ForgeSettings, apiURL: string, limits: AnswerLimits = {}) {
  const { giteaApi } = await import('gitea-js')
  const customFetch = fetchJsonBy(async () => ({ ...limits, caFile: settings.caFile }))
  return giteaApi(apiURL, { token: await forgeToken(settings), customFetch })
}

/** The last argument of the client's calls. */
export function by(signal: AbortSignal | undefined) {
  return signal ? { signal } : {}
}
