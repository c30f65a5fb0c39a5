// Public keys as people keep them: lines of `*.pub`, `authorized_keys` and `allowed_signers` (ssh-keygen(1), ALLOWED SIGNERS).
import { readSshKey } from './ssh-key.ts'
import { namespace } from './sshsig.ts'
import { WireError } from './wire.ts'

/** A key that may sign. Times in ms. */
export interface TrustedSshKey {
  /** As ssh writes it. */
  readonly blob: Buffer
  /** False when it may sign other things only. */
  readonly forGit: boolean
  /** Undefined: since ever. */
  readonly validAfter: number | undefined
  /** Undefined: for ever. */
  readonly validBefore: number | undefined
}

const keyType = /^(?:ssh-|ecdsa-|sk-ssh-|sk-ecdsa-)[\w@.-]+$/
const option = /^(?:cert-authority$|[a-z-]+=)/i

/** Reads one line; undefined: it is empty or a comment. Throws WireError for anything that cannot be honoured. */
export function readSshLine(line: string): TrustedSshKey | undefined {
  const words = splitWords(line.trim())
  if (words.length === 0 || words[0]!.startsWith('#')) return undefined
  const at = words.slice(0, 3).findIndex((word) => keyType.test(word))
  if (at < 0) throw new WireError('no public key of ssh')
  const blob = Buffer.from(words[at + 1] ?? '', 'base64')
  const { type } = readSshKey(blob)
  if (type !== words[at]) throw new WireError(`a key of type ${type} under the name ${words[at]}`)
  // Before the key: nothing, options (authorized_keys), names, or names and options (allowed_signers).
  const before = words.slice(0, at)
  const last = before.at(-1) ?? ''
  const options = before.length === 2 || splitList(last).some((one) => option.test(one)) ? splitList(last) : []
  return { blob, ...readOptions(options) }
}

function readOptions(options: readonly string[]): Omit<TrustedSshKey, 'blob'> {
  let [forGit, validAfter, validBefore] = [true, undefined as number | undefined, undefined as number | undefined]
  for (const one of options) {
    const [name = '', value = ''] = one.split(/=(.*)/s)
    const text = value.replace(/^"(.*)"$/s, '$1')
    switch (name.toLowerCase()) {
      case 'namespaces':
        forGit = matchesList(namespace, text)
        break
      case 'valid-after':
        validAfter = readTime(text)
        break
      case 'valid-before':
      case 'expiry-time':
        validBefore = readTime(text)
        break
      default:
        throw new WireError(`${name} is not supported; name the keys that sign themselves`)
    }
  }
  return { forGit, validAfter, validBefore }
}

/** As ssh matches: `*` and `?` stand for anything, `!` takes away, and one that takes away decides. */
function matchesList(text: string, patterns: string): boolean {
  const matching = patterns.split(',').filter((pattern) => asExpression(pattern.replace(/^!/, '')).test(text))
  return matching.length > 0 && !matching.some((pattern) => pattern.startsWith('!'))
}

function asExpression(pattern: string): RegExp {
  const escaped = pattern.trim().replace(/[.+^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`)
}

/** `YYYYMMDD[Z]` or `YYYYMMDDHHMM[SS][Z]`, in local time without the Z. */
function readTime(text: string): number {
  const [, date, time = '', zone] = /^(\d{8})(\d{4}(?:\d\d)?)?(Z)?$/.exec(text) ?? []
  if (date === undefined) throw new WireError(`${text} is no time like 20270101 or 202701011200Z`)
  const pairs = [...`${date.slice(4)}${time.padEnd(6, '0')}`.matchAll(/../g)].map(Number)
  const [month = 0, day = 0, hour = 0, minute = 0, second = 0] = pairs
  const parts = [Number(date.slice(0, 4)), month - 1, day, hour, minute, second] as const
  const at = zone ? Date.UTC(...parts) : new Date(...parts).getTime()
  const found = zone ? new Date(at).getUTCDate() : new Date(at).getDate()
  if (month < 1 || month > 12 || found !== day) throw new WireError(`${text} is no time`)
  return at
}

/** Words between blanks; blanks inside quotes do not count. */
function splitWords(line: string): string[] {
  return line.match(/(?:"(?:[^"\\]|\\.)*"|[^\s"])+/g) ?? []
}

function splitList(text: string): string[] {
  return text.match(/(?:"(?:[^"\\]|\\.)*"|[^,"])+/g) ?? []
}
