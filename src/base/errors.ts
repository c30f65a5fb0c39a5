/** The text of anything thrown, on one line and cut, for messages that people read. */
export function errorText(error: unknown, longest = 500): string {
  const text = error instanceof Error ? error.message || error.name : String(error)
  return oneLine(text, longest)
}

/** Foreign text made safe for a terminal, a log line or a report: control and direction characters escaped, length cut. */
export function oneLine(text: string, longest = 500): string {
  const plain = text.replace(/\s+/g, ' ').trim()
  const cut = plain.length > longest ? `${plain.slice(0, longest)}…` : plain
  return cut.replace(unsafe, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`)
}

// Control characters, and the marks that change the direction or order of text.
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
const unsafe = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g
