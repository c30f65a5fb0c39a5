import { GitError } from './errors.ts'
import type { ObjectReader } from './objects/reader.ts'
import type { Store } from './store.ts'

/** A damaged store is replaced and asked once more; what cannot be helped is reported. */
export async function repairing<T>(store: Store, run: (reader: ObjectReader) => Promise<T>): Promise<T> {
  let reader: ObjectReader | undefined
  try {
    reader = store.reader
    return await run(reader)
  } catch (error) {
    if (!(error instanceof GitError && error.code === 'STORE_DAMAGED')) throw error
    if (!(await store.repair(reader))) throw error
    return run(store.reader)
  }
}

export interface Obtaining {
  /** The commit that it is about, where the error does not name one. */
  readonly oid?: string
  /** Even if all of the history has to be brought for it. */
  readonly whole?: boolean
}

/**
 * As `repairing`; and a commit that the store does not have (compacted away, made anew) is asked for once: the one that NO_SUCH_REVISION
 * speaks of. Most servers still give it.
 */
export async function obtaining<T>(
  store: Store,
  run: (reader: ObjectReader) => Promise<T>,
  { oid, whole = false }: Obtaining,
): Promise<T> {
  const asked = new Set<string>()
  for (;;) {
    try {
      return await repairing(store, run)
    } catch (error) {
      if (!(error instanceof GitError && error.code === 'NO_SUCH_REVISION')) throw error
      const wanted = /^[0-9a-f]{40}$/.test(error.subject) ? error.subject : oid
      if (wanted === undefined || asked.has(wanted)) throw error
      asked.add(wanted)
      if (!(await store.obtain(wanted, whole).catch(() => false))) throw error
    }
  }
}
