import { markdownStatus } from '../report/markdown.ts'
import type { AppStatus } from '../report/status.ts'
import { colours, type Paint, plain, renderStatus } from '../report/text.ts'
import type { Output } from './arguments.ts'

/** Colour on a terminal only, and not when NO_COLOR is set. */
export function paintFor(stream: NodeJS.WriteStream): Paint {
  return stream.isTTY && !process.env.NO_COLOR ? colours : plain
}

export function formatStatus(apps: readonly AppStatus[], output: Output): string {
  if (output === 'json') return JSON.stringify({ apps }, null, 2)
  if (output === 'markdown') return markdownStatus(apps)
  return renderStatus(apps, paintFor(process.stdout))
}

/** Prints a block in the place of the last one, on a terminal; elsewhere prints it when it differs. */
export class LiveBlock {
  #lines = 0
  #last = ''

  show(text: string): void {
    if (text === this.#last) return
    this.#last = text
    if (!process.stdout.isTTY) {
      process.stdout.write(`${text}\n`)
      return
    }
    // A line that wraps, or a block higher than the screen, would leave remains when it is drawn over.
    const { columns, rows } = process.stdout
    const lines = text.split('\n').map((line) => cut(line, columns - 1))
    const shown = lines.length < rows ? lines : [...lines.slice(0, rows - 2), '…']
    process.stdout.write(`${this.#lines > 0 ? `\u001b[${this.#lines}A\u001b[J` : ''}${shown.join('\n')}\n`)
    this.#lines = shown.length
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
const colourCode = /(\u001b\[\d+m)/

/** The first `width` visible characters; colour codes take no room and are kept, so that none stays open. */
export function cut(line: string, width: number): string {
  let room = width
  const parts = line.split(colourCode).map((part, index) => {
    if (index % 2 === 1) return part
    const characters = [...part]
    const kept = characters.length <= room ? part : characters.slice(0, Math.max(0, room)).join('')
    room -= characters.length
    return kept
  })
  return parts.join('')
}
