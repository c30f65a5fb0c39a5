/** Columns as wide as their widest cell, two blanks between; a column of empty cells is left out. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const used = head.map((_, column) => rows.some((row) => (row[column] ?? '') !== ''))
  const pick = (row: readonly string[]): string[] =>
    head.map((_, column) => row[column] ?? '').filter((_, column) => used[column])
  const lines = [pick(head), ...rows.map(pick)]
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => [...(line[column] ?? '')].length)))
  return lines.map((line) =>
    line
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - [...cell].length))
      .join('  ')
      .trimEnd(),
  )
}
