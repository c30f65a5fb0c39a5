import type { PullRequest } from './pull-request.ts'

interface Known {
  readonly head: string
  readonly newest?: string | undefined
  readonly waitsSince?: number | undefined
}

/** Since when the newest commit waits, ms; undefined: it does not. A push begins anew. */
export function waitingSince(
  { newest, waits }: PullRequest,
  known: Known | undefined,
  now: number,
): number | undefined {
  if (newest === undefined || waits === undefined) return undefined
  return known?.newest === newest ? (known.waitsSince ?? now) : now
}

/** What is told of images: those that take the place of others, and what a commit waits for, since when (ISO). */
export function imagesTold(
  request: PullRequest | undefined,
  known: (Known & Pick<PullRequest, 'images'>) | undefined,
): { images?: Readonly<Record<string, string>>; waits?: string; waitsSince?: string } {
  const images = request ? request.images : known?.images
  const { waitsSince } = known ?? {}
  const waits = request?.newest === undefined ? undefined : request.waits
  return {
    ...(images && { images }),
    ...(waits !== undefined && { waits }),
    ...(waits !== undefined && waitsSince !== undefined && { waitsSince: new Date(waitsSince).toISOString() }),
  }
}
