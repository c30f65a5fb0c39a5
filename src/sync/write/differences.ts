import type { Draft } from './draft.ts'
import { type Entries, isFolder, isSubmodule, keyed, type RawEntry, sameEntry } from './raw-tree.ts'

/** A file, link or submodule that was added (without `before`), changed, or removed (without `after`). */
export interface EntryChange {
  /** Of stored names. */
  readonly path: string
  readonly before: RawEntry | undefined
  readonly after: RawEntry | undefined
}

export interface Differences {
  readonly changes: readonly EntryChange[]
  /** Objects that `after` has and `before` has not in the same place: its root, folders and contents. */
  readonly objects: readonly string[]
}

/** What differs between two trees, found only in folders whose ids differ. */
export async function differences(
  draft: Draft,
  before: string | undefined,
  after: string | undefined,
): Promise<Differences> {
  const changes: EntryChange[] = []
  const objects = new Set<string>()
  const compare = async (path: string, old: string | undefined, now: string | undefined): Promise<void> => {
    if (old === now) return
    if (now !== undefined) objects.add(now)
    const was: Entries = keyed(await draft.tree(old))
    const is: Entries = keyed(await draft.tree(now))
    for (const key of new Set([...was.keys(), ...is.keys()])) {
      const [a, b] = [was.get(key), is.get(key)]
      if (sameEntry(a, b)) continue
      const entry = (a ?? b)!
      const inside = path + entry.name
      if (isFolder(entry)) {
        await compare(`${inside}/`, a?.oid, b?.oid)
        continue
      }
      changes.push({ path: inside, before: a, after: b })
      if (b && !isSubmodule(b)) objects.add(b.oid)
    }
  }
  await compare('', before, after)
  return { changes, objects: [...objects] }
}
