import { readFile, stat } from 'node:fs/promises'

/** Where the secret of the webhooks is: one of the two. Both are read again at each use, so that it can be changed at any time. */
export interface SecretPlace {
  readonly secretFile: string | undefined
  readonly secretEnv: string | undefined
}

const longestBytes = 64 * 1024

/** Undefined when there is none: no file, no variable, or nothing in it. The line break at the end of a file does not count. */
export async function readSecret({ secretFile, secretEnv }: SecretPlace): Promise<Buffer | undefined> {
  const text = secretFile === undefined ? process.env[secretEnv ?? ''] : await contentOf(secretFile)
  const secret = Buffer.from(text?.replace(/\r?\n$/, '') ?? '')
  return secret.length === 0 ? undefined : secret
}

async function contentOf(path: string): Promise<string | undefined> {
  try {
    const found = await stat(path)
    return found.isFile() && found.size <= longestBytes ? await readFile(path, 'utf8') : undefined
  } catch {
    return undefined
  }
}
