import type { NewObject } from './draft.ts'

/** One ref to move. */
export interface Update {
  /** Full name. */
  readonly ref: string
  /** Where it must be for the move to happen; undefined: it must not exist. */
  readonly old: string | undefined
  /** The commit it moves to. */
  readonly oid: string
  /** The old commit is not in the history of the new one. */
  readonly replaces: boolean
  /** What the other side cannot have. */
  readonly objects: readonly NewObject[]
  /** With it everything that the ref's old state lacks: part of it the other side may have thrown away. */
  whole(): Promise<readonly NewObject[]>
  /** On the clock of `performance.now()`. */
  readonly deadline: number
}

/** `moved`: the ref was elsewhere, or somebody else was moving it; the reason in the other side's words. */
export type Pushed = { readonly kind: 'pushed' } | { readonly kind: 'moved'; readonly reason: string }

/**
 * Where refs are moved, one at a time and only from where they are thought to be. Throws PUSH_REFUSED with the other side's words,
 * AUTH_REQUIRED, FORBIDDEN; after any other error it is unknown whether the ref has moved.
 */
export interface Push {
  push(update: Update): Promise<Pushed>
}
