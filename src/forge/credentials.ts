import { readFile } from 'node:fs/promises'
import { errorText } from '../base/errors.ts'
import { CallError } from '../outward/errors.ts'
import type { ForgeSettings } from '../settings.ts'

/** The token as it is now, in the file or in the environment. Throws BAD_CREDENTIALS. */
export async function forgeToken({
  tokenFile,
  tokenEnv,
}: Pick<ForgeSettings, 'tokenFile' | 'tokenEnv'>): Promise<string> {
  const text = tokenFile === undefined ? (process.env[tokenEnv ?? ''] ?? '') : await textOf(tokenFile)
  const token = text.trim()
  const place = tokenFile ?? `variable ${tokenEnv}`
  if (token === '') throw new CallError('BAD_CREDENTIALS', `there is no token in ${place}`)
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new CallError('BAD_CREDENTIALS', `expected one word as the token in ${place}`)
  return token
}

/** Throws BAD_CREDENTIALS. */
export async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new CallError('BAD_CREDENTIALS', `${file} cannot be read: ${errorText(error)}`, { cause: error })
  }
}
