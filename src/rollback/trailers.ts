// The last paragraph of a commit's message, as far as rollbacks are told there.

/** What a commit that takes others back says of itself. */
export interface RollbackMark {
  readonly app: string
  /** Full ids, newest first. */
  readonly reverts: readonly string[]
  /** The commit whose folder it brings back; undefined: it takes single commits back. */
  readonly restores: string | undefined
  /** A person asked for it: what it takes back has not failed by itself, and may come again. */
  readonly manual: boolean
}

export const trailerNames = {
  reverts: 'Berth-Reverts',
  restores: 'Berth-Restores',
  app: 'Berth-App',
  manual: 'Berth-Manual',
  retry: 'Berth-Retry',
} as const

const fullId = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/

/** Undefined: the commit is no rollback of `app`. */
export function rollbackMark(message: string, app: string): RollbackMark | undefined {
  const reverts = valuesOf(message, trailerNames.reverts).filter((value) => fullId.test(value))
  if (reverts.length === 0 || !valuesOf(message, trailerNames.app).includes(app)) return undefined
  return {
    app,
    reverts,
    restores: valuesOf(message, trailerNames.restores).find((value) => fullId.test(value)),
    manual: isYes(message, trailerNames.manual),
  }
}

/** Whether the commit asks for a folder that failed to be tried once more. */
export function asksForRetry(message: string): boolean {
  return isYes(message, trailerNames.retry)
}

function isYes(message: string, name: string): boolean {
  return valuesOf(message, name).some((value) => value.toLowerCase() === 'yes')
}

function valuesOf(message: string, name: string): string[] {
  const paragraphs = message.trimEnd().split(/\n\s*\n/)
  // A subject alone is no list of trailers.
  if (paragraphs.length < 2) return []
  return (paragraphs.at(-1) ?? '').split('\n').flatMap((line) => {
    const colon = line.indexOf(':')
    if (colon < 0 || line.slice(0, colon).toLowerCase() !== name.toLowerCase()) return []
    return [line.slice(colon + 1).trim()]
  })
}
