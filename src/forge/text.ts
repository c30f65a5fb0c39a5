/** Cut to so many characters, of which none is torn; the end shows that something is missing. */
export function cut(text: string, longest: number): string {
  const line = [...text.replace(/\s+/g, ' ').trim()]
  return line.length > longest ? `${line.slice(0, longest - 1).join('')}…` : line.join('')
}
