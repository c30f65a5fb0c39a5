/** What follows from an object that never changes, and from a name that it always has, is found once. */
export function remembered<From extends object, To>(find: (from: From, name: string) => To) {
  const known = new WeakMap<From, { readonly found: To }>()
  return (from: From, name = ''): To => {
    const before = known.get(from)
    if (before) return before.found
    const found = find(from, name)
    known.set(from, { found })
    return found
  }
}
