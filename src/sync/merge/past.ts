import { nothing, type ObjectReader } from '../objects/reader.ts'
import type { NewObject } from '../write/draft.ts'

/**
 * History beyond a store, which is shallow: where merges find what both sides come from. Nothing of it is put into the store, so that
 * production's own looks and fetches know nothing of it.
 */
export interface Past {
  /** What is known of it by now. */
  reader(): ObjectReader
  /** Knows the commits so many steps back from these, whose files the store has, or all there are; false: there is no way to. */
  deepen(tips: readonly NewObject[], depth: number, deadline: number): Promise<boolean>
  /** Knows all files of commits that are known; `have`: commits whose files the store has. */
  bring(oids: readonly string[], have: readonly string[], deadline: number): Promise<void>
  /** What was brought last, as far as it is in none of the folders. */
  brought(): readonly NewObject[]
  /** Folders of objects that it reads, for git to read as well. */
  folders(): readonly string[]
  /** Lets go of all that it has; it may be asked again. */
  forget(): void
}

/** All there is is in the store. */
export const noPast: Past = pastIn({ reader: () => nothing, folders: () => [], forget: () => undefined })

/** A repository on this machine, read where it lies. */
export function pastIn(place: Pick<Past, 'reader' | 'folders' | 'forget'>): Past {
  return { ...place, brought: () => [], deepen: async () => false, bring: async () => undefined }
}
