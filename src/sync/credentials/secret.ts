import { readFileSync } from 'node:fs'
import { GitError } from '../errors.ts'
import type { Credentials } from '../port.ts'

/** What a secret looks like that goes into a header: one line. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
const unprintable = /[\u0000-\u001f\u007f]/

/**
 * The `authorization` header for a secret: `user:password`, or a token, which goes as the password of `x-access-token` (GitHub's name for
 * it; GitLab, Gitea and Azure accept any).
 */
export function basicAuthorization(secret: string): string {
  const pair = secret.includes(':') ? secret : `x-access-token:${secret}`
  return `Basic ${Buffer.from(pair).toString('base64')}`
}

/** The token or `user:password` that is configured; undefined: none is. Throws BAD_CREDENTIALS, naming file or variable. */
export function readSecret({ secretFile, secretEnv }: Credentials): string | undefined {
  if (secretFile !== undefined) return lineOf(readSecretFile(secretFile), `secret file ${secretFile}`, secretFile)
  if (secretEnv === undefined) return undefined
  const value = process.env[secretEnv]
  if (value === undefined) throw badCredentials(secretEnv, `environment variable ${secretEnv}: it is not set`)
  return lineOf(value, `environment variable ${secretEnv}`, secretEnv)
}

function lineOf(text: string, where: string, subject: string): string {
  const line = text.trim()
  if (line === '') throw badCredentials(subject, `${where}: expected a token or user:password, found nothing`)
  if (line.length > 8192 || unprintable.test(line)) {
    throw badCredentials(subject, `${where}: expected one line with a token or user:password`)
  }
  return line
}

/** Text of a file that holds a secret, or leads to one; throws BAD_CREDENTIALS, naming it. */
export function readSecretFile(file: string, what = 'secret file'): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    throw badCredentials(file, `${what} ${file}: cannot be read (${reason})`)
  }
}

/** Without a cause, as those of parsers quote what they read. */
export function badCredentials(subject: string, message: string): GitError {
  return new GitError('BAD_CREDENTIALS', subject, message)
}
