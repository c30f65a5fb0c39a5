import { oneLine } from '../base/errors.ts'

const zeroWidthSpace = '\u200b'
const longestText = 10_000
const longestLine = 2_000

/** Foreign text inside Markdown: no markup, no HTML, no links, nobody is mentioned, and no cell of a table ends. */
export function escapedMarkdown(text: string): string {
  return unlinked(unmentioned(oneLine(text, longestText)))
    .replaceAll('&', '&amp;')
    .replace(/[\\`*_{}[\]<>|#~]/g, (mark) => `\\${mark}`)
}

/** Foreign text as a span of code, also in a cell of a table: nothing in it is markup. `longest`: so many characters of it. */
export function inCode(text: string, longest = 300): string {
  const line = unmentioned(oneLine(text, longest)).replaceAll('`', "'")
  return line === '' ? '' : `\`${line}\``
}

/** Foreign lines as a block of code, which none of them ends. GitLab takes a slash that begins a line for a command. */
export function codeBlock(lines: readonly string[]): string[] {
  const inside = lines.map((line) => {
    const [indent = ''] = /^ */.exec(line) ?? []
    return indent + unmentioned(oneLine(line, longestLine)).replaceAll('```', "'''")
  })
  return ['```text', ...inside.map((line) => line.replace(/^\//, ' /')), '```']
}

/**
 * Forges look for names after Markdown was read, where no escape is seen any more, and in the plain text of mails that somebody answers: only
 * a character that nobody sees keeps them from it. Digests of images are nobody's name.
 */
function unmentioned(text: string): string {
  return text.replace(/@(?!sha256:)(?=[\p{L}\p{N}_])/gu, `@${zeroWidthSpace}`)
}

/** Addresses, and numbers of issues, merge requests and the like. */
function unlinked(text: string): string {
  return text
    .replace(/[#!$%~&](?=[\p{N}"])/gu, (mark) => `${mark}${zeroWidthSpace}`)
    .replace(/:\/\/|\bwww\./gi, (mark) => `${mark.slice(0, -1)}${zeroWidthSpace}${mark.slice(-1)}`)
}
