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
    const up = process.stdout.isTTY && this.#lines > 0 ? `\u001b[${this.#lines}A\u001b[J` : ''
    process.stdout.write(`${up}${text}\n`)
    this.#lines = text.split('\n').length
  }
}
