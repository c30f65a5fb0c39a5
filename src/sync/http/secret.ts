import { readFileSync } from 'node:fs'
import { GitError } from '../errors.ts'

/**
 * The `authorization` header for a secret file: `user:password`, or a token, which goes as the password of
 * `x-access-token` (GitHub's name for it; GitLab, Gitea and Azure accept any).
 */
export function readAuthorization(file: string): string {
  const line = readSecretLine(file)
  const pair = line.includes(':') ? line : `x-access-token:${line}`
  return `Basic ${Buffer.from(pair).toString('base64')}`
}

function readSecretLine(file: string): string {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    throw new GitError('AUTH_REQUIRED', file, `secret file ${file}: cannot be read (${reason})`)
  }
  const line = text.trim()
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
  if (line === '' || line.length > 8192 || /[\u0000-\u001f\u007f]/.test(line)) {
    throw new GitError('AUTH_REQUIRED', file, `secret file ${file}: expected one line with a token or user:password`)
  }
  return line
}
