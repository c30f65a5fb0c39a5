import { oneLine } from '../base/errors.ts'

/** What one file may hold, looked at before it is parsed; more is refused, never cut. */
export const limits = {
  fileBytes: 1024 * 1024,
  nesting: 64,
  keysPerMap: 5_000,
  documents: 1_000,
  aliases: 1_000,
  mergedMaps: 100,
} as const

interface Level {
  readonly column: number
  keys: number
}

/**
 * Counts nesting and keys from the lexer's pieces, without building anything: parsers recurse, and some inputs of a few
 * kilobytes kill the process or block it for seconds. `see` returns why the text has to be refused.
 */
export class Prescan {
  /** Open block collections by column, and open flow collections (column -1) above them. */
  readonly #levels: Level[] = []
  #flow = 0
  #column = 0
  #line = 1
  /** At the start of a line or right after `-`, `?`, where a deeper block collection may begin. */
  #opening = true
  /** The lexer announces plain and block scalars with a mark before the text. */
  #scalarFollows = false

  get line(): number {
    return this.#line
  }

  see(piece: string): string | undefined {
    const refusal = this.#scalarFollows ? this.#content() : this.#indicator(piece)
    this.#scalarFollows = piece === scalarMark && !this.#scalarFollows
    this.#advance(piece)
    return refusal
  }

  #indicator(piece: string): string | undefined {
    switch (piece[0]) {
      case '[':
      case '{':
        this.#content()
        this.#flow += 1
        this.#levels.push({ column: -1, keys: 0 })
        return this.#tooDeep()
      case ']':
      case '}':
        if (this.#flow > 0) this.#closeFlow()
        return undefined
      case ',':
      case ':':
        return this.#countKey(piece)
      case '-':
      case '?':
        if (piece === '---') return this.#restart()
        return this.#flow > 0 ? undefined : this.#open()
      case '%':
        return `expected no directive, found "${oneLine(piece, 40)}"`
      case '.':
        return piece === '...' ? this.#restart() : this.#content()
      case '\n':
      case '\r':
      case ' ':
      case '\t':
      case '#':
      case '\u0002':
      case '\ufeff':
      case scalarMark:
        return undefined
      default:
        return this.#content()
    }
  }

  /** A value or key: on a fresh line its column says which block collection it belongs to. */
  #content(): string | undefined {
    if (!this.#opening || this.#flow > 0) return undefined
    const refusal = this.#open()
    this.#opening = false
    return refusal
  }

  #open(): string | undefined {
    while (this.#levels.length > 0 && this.#levels.at(-1)!.column > this.#column) this.#levels.pop()
    if (this.#levels.at(-1)?.column !== this.#column) this.#levels.push({ column: this.#column, keys: 0 })
    this.#opening = true
    return this.#tooDeep()
  }

  #closeFlow(): void {
    this.#flow -= 1
    this.#levels.pop()
  }

  #restart(): undefined {
    this.#levels.length = 0
    this.#flow = 0
    this.#opening = true
  }

  #countKey(piece: string): string | undefined {
    const level = this.#levels.at(-1)
    if (!level || piece === (this.#flow > 0 ? ':' : ',')) return undefined
    level.keys += 1
    return level.keys > limits.keysPerMap
      ? `expected at most ${limits.keysPerMap} entries in one map, found more`
      : undefined
  }

  #tooDeep(): string | undefined {
    return this.#levels.length > limits.nesting
      ? `expected at most ${limits.nesting} levels of nesting, found more`
      : undefined
  }

  #advance(piece: string): void {
    const lastBreak = piece.lastIndexOf('\n')
    if (lastBreak < 0) {
      if (piece !== scalarMark && piece !== '\u0002' && piece !== '\ufeff') this.#column += piece.length
      return
    }
    for (const character of piece) if (character === '\n') this.#line += 1
    this.#column = piece.length - lastBreak - 1
    this.#opening = true
  }
}

const scalarMark = '\u001f'
