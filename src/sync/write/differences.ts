import type { Draft } from './draft.ts'
import { type Entries, isFolder, isSubmodule, keyed, pathOf, sameEntry } from './raw-tree.ts'

export interface Differences {
  /** Files, links and submodules that were added, changed or removed; sorted. */
  readonly paths: readonly string[]
  /** Objects that `after` has and `before` has not in the same place: its root, folders and contents. */
  readonly objects: readonly string[]
}

/** What differs between two trees, found only in folders whose ids differ. */
export async function differences(draft: Draft, before: string | undefined, after: string): Promise<Differences> {
  const paths: string[] = []
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
      paths.push(pathOf(inside))
      if (b && !isSubmodule(b)) objects.add(b.oid)
    }
  }
  await compare('', before, after)
  return { paths: paths.sort(), objects: [...objects] }
}
