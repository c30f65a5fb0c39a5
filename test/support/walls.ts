/** One module that a source file asks for. */
export interface Import {
  /** As written. */
  readonly from: string
  /** Erased: `import type …`, `export type … from`, or every name marked `type`. */
  readonly typeOnly: boolean
}

/** Every import, re-export and dynamic import of a source text; comments and other strings do not count. */
export function importsOf(source: string): Import[] {
  const code = withoutComments(source)
  const fixed = /(?:^|[;\n])\s*(import|export)\s+(type\s+)?((?:[\w$*\s,]|\{[^}]*\})*?)\s*from\s*(['"])([^'"]+)\4/g
  const bare = /(?:^|[;\n])\s*import\s*(['"])([^'"]+)\1/g
  const dynamic = /\bimport\s*\(\s*(['"])([^'"]+)\1/g
  return [
    ...Array.from(code.matchAll(fixed), ([, , type, names = '', , from = '']) => ({
      from,
      typeOnly: type !== undefined || allNamesAreTypes(names),
    })),
    ...Array.from(code.matchAll(bare), ([, , from = '']) => ({ from, typeOnly: false })),
    ...Array.from(code.matchAll(dynamic), ([, , from = '']) => ({ from, typeOnly: false })),
  ]
}

function allNamesAreTypes(names: string): boolean {
  const inBraces = /^\s*\{([^}]*)\}\s*$/.exec(names)?.[1]
  if (inBraces === undefined) return false
  const listed = inBraces.split(',').map((name) => name.trim())
  return listed.some((name) => name !== '') && listed.every((name) => name === '' || name.startsWith('type '))
}

/** The text with comments blanked out; strings, templates and regular expressions are left alone. */
export function withoutComments(source: string): string {
  const token =
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`|(?<=[=(,:[!&|?{;]\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/g
  return source.replace(token, (found) =>
    found.startsWith('/*') || found.startsWith('//') ? found.replace(/[^\n]/g, ' ') : found,
  )
}

/** The text with comments and the contents of strings blanked out: what is left is code. */
export function codeOnly(source: string): string {
  return withoutComments(source).replace(/'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g, "''")
}
