/** Member names and list indexes from the root of a document to a place in it. */
export type Path = readonly (string | number)[]

/** Lines of a value and of all that it holds; a value without members is just its line. */
export type Lines = number | { readonly line: number; readonly members: ReadonlyMap<string | number, Lines> }

/** The line of a place, or of the closest thing around it that is there. */
export function lineAt(lines: Lines, path: Path): number {
  let here = lines
  for (const part of path) {
    if (typeof here === 'number') return here
    const next = here.members.get(part)
    if (next === undefined) return here.line
    here = next
  }
  return typeof here === 'number' ? here : here.line
}

/** `spec.containers[0].image`, `metadata.labels["a.b/c"]`. */
export function pathText(path: Path): string {
  let text = ''
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`
    else if (!/^[A-Za-z_$][\w$-]*$/.test(part)) text += `[${JSON.stringify(part)}]`
    else text += text === '' ? part : `.${part}`
  }
  return text
}
