import { oneLine } from '../../base/errors.ts'
import { GitError, type GitErrorCode } from '../errors.ts'

/** What servers say in words, on their error output or in an `ERR` packet; the first match wins. */
const meanings: readonly { readonly words: RegExp; readonly code: GitErrorCode }[] = [
  { words: /no space left on device|disk quota exceeded/i, code: 'SERVER_ERROR' },
  { words: /command not found|git-\w+-pack'?: not found/i, code: 'SERVER_ERROR' },
  { words: /not our ref|unadvertised object/i, code: 'NO_SUCH_REVISION' },
  { words: /not exported/i, code: 'NO_SUCH_REPOSITORY' },
  { words: /denied|not authori[sz]ed|unauthori[sz]ed|read.only|not allowed to|deploy key/i, code: 'FORBIDDEN' },
  {
    words:
      /not found|not appear to be a git repository|no such (?:repository|file|project)|not a git repository|does not exist|could not be found/i,
    code: 'NO_SUCH_REPOSITORY',
  },
]

const advice: Partial<Record<GitErrorCode, string>> = {
  FORBIDDEN: ': check what the credentials may do',
  NO_SUCH_REPOSITORY: ': check the address, and what the credentials may see',
}

/** A server that says why it does not serve. */
export function refusal(said: string, host: string): GitError {
  const lines = said
    .split('\n')
    .map((line) => line.replace(/^(?:remote|fatal|ERROR): */i, '').trim())
    .filter((line) => /\w/.test(line))
  const found = meanings.find(({ words }) => lines.some((line) => words.test(line)))
  const code = found?.code ?? 'SERVER_ERROR'
  const telling = lines.find((line) => found?.words.test(line)) ?? lines[0] ?? 'no reason was given'
  return new GitError(code, host, `${host}: refused: ${oneLine(telling, 200)}${advice[code] ?? ''}`)
}
