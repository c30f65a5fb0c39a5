import { Composer, type Document, Lexer, LineCounter, Parser } from 'yaml'
import { oneLine } from '../base/errors.ts'
import { plainData } from './plain-data.ts'
import { type Lines, lineAt, type Path } from './position.ts'
import { limits, Prescan } from './prescan.ts'
import type { Problem } from './problem.ts'

/** One object as it was written: plain data that does not depend on the text any more, and where its parts stood. */
export interface Doc {
  /** Empty when there is none, or when it is not a text. */
  readonly kind: string
  readonly apiVersion: string
  /** Null members are kept. Must not be written to. */
  readonly value: Readonly<Record<string, unknown>>
  readonly file: string
  /** Where the object begins. */
  readonly line: number
  /** The line of a place in it, or of the closest thing around that exists. */
  at(path: Path): number
  /** Where a member stands in the file, if it stands elsewhere there: the document was converted from an old apiVersion. */
  written(path: Path): Path
}

export interface ManifestFile {
  /** Relative to the watched folder. */
  readonly path: string
  readonly bytes: Uint8Array
}

export interface ReadResult {
  /** Without the documents that have problems; `List` objects are taken apart. */
  readonly documents: Doc[]
  readonly problems: Problem[]
}

const sources: Readonly<Record<string, string>> = {
  'kustomization.yaml': 'run `kustomize build` and commit its output',
  'kustomization.yml': 'run `kustomize build` and commit its output',
  kustomization: 'run `kustomize build` and commit its output',
  'chart.yaml': 'run `helm template` and commit its output',
}

/** Whether a file is read: .yaml, .yml or .json in any case, not below or in anything that begins with a dot. */
export function isManifestPath(path: string): boolean {
  const parts = path.split('/')
  if (parts.some((part) => part.startsWith('.'))) return false
  const name = parts.at(-1)!.toLowerCase()
  return /\.(?:yaml|yml|json)$/.test(name) || name in sources
}

/** Reads a manifest as kubectl does, but refuses duplicate keys. The result depends on nothing but the file. */
export function readManifest(file: ManifestFile): ReadResult {
  const refuse = (message: string, line = 0): ReadResult => ({
    documents: [],
    problems: [{ file: file.path, line, path: '', message }],
  })
  const source = sources[file.path.split('/').at(-1)!.toLowerCase()]
  if (source !== undefined) return refuse(`expected plain manifests, found the source of generated ones: ${source}`)
  const text = decode(file.bytes)
  if (text instanceof Error) return refuse(text.message)
  const control = unprintable.exec(text)
  if (control) {
    const code = control[0].codePointAt(0)!.toString(16).padStart(4, '0')
    return refuse(`expected printable text, found the character U+${code}`, lineOf(text, control.index))
  }
  return parse(file.path, text)
}

// What YAML calls printable ends here; a lone surrogate cannot come out of decoding.
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
const unprintable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\ufffe\uffff]/

function decode(bytes: Uint8Array): string | Error {
  if (bytes.length > limits.fileBytes)
    return new Error(`expected at most ${limits.fileBytes} bytes, found ${bytes.length}`)
  const [first, second, third] = bytes
  const marked = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)
  const unmarked = bytes.length > 3 && ((first === 0 && second !== 0) || (second === 0 && first !== 0 && third !== 0))
  if (marked || unmarked) return new Error('expected UTF-8 text, found UTF-16')
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return new Error('expected UTF-8 text, found other bytes')
  }
}

function parse(path: string, text: string): ReadResult {
  const documents: Doc[] = []
  const problems: Problem[] = []
  const report = (line: number, message: string, at = '') => problems.push({ file: path, line, path: at, message })
  const counter = new LineCounter()
  const lineAtOffset = (offset: number) => counter.linePos(offset).line
  let count = 0
  const take = (document: Document.Parsed): void => {
    // Tags are judged while the data is read, where it is known what they stand on.
    const fault = document.errors[0] ?? document.warnings.find(({ code }) => code !== 'TAG_RESOLVE_FAILED')
    if (fault) {
      report(lineAtOffset(fault.pos[0]), `expected YAML, ${oneLine(fault.message)}${templateHint(text, fault.pos[0])}`)
      return
    }
    const { value, lines, faults } = plainData(document.contents, text, lineAtOffset)
    for (const { line, message, at } of faults) report(line, message, at)
    if (faults.length > 0 || value === null) return
    count += 1
    if (count === limits.documents + 1)
      report(0, `expected at most ${limits.documents} documents in one file, found more`)
    if (count <= limits.documents) collect(path, value, lines, documents, report)
  }

  const refusal = compose(text, counter, take)
  if (refusal) return { documents: [], problems: [{ file: path, path: '', ...refusal }] }
  return { documents, problems }
}

/**
 * Feeds every document to `take`; stops at the first thing that must not be parsed at all. A document is composed only
 * when its last piece has been seen, and by then the scan has refused what is too deep or too wide for that.
 */
function compose(
  text: string,
  counter: LineCounter,
  take: (document: Document.Parsed) => void,
): { line: number; message: string } | undefined {
  const prescan = new Prescan()
  const parser = new Parser(counter.addNewLine)
  const composer = new Composer({ version: '1.1', schema: 'failsafe', uniqueKeys: false, prettyErrors: false })
  counter.addNewLine(0)
  for (const piece of new Lexer().lex(text)) {
    const { line } = prescan
    const message = prescan.see(piece)
    if (message) return { line, message }
    for (const token of parser.next(piece))
      for (const document of composer.next(token)) take(document as Document.Parsed)
  }
  for (const token of parser.end()) for (const document of composer.next(token)) take(document as Document.Parsed)
  for (const document of composer.end(false, text.length)) take(document as Document.Parsed)
  return undefined
}

function collect(
  file: string,
  value: unknown,
  lines: Lines,
  documents: Doc[],
  report: (line: number, message: string) => void,
): void {
  const line = lineAt(lines, [])
  if (!isPlainMap(value)) {
    report(
      line,
      `expected an object with apiVersion and kind, found ${Array.isArray(value) ? 'a list' : 'a single value'}`,
    )
    return
  }
  const { kind, apiVersion, items } = value
  if (typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items)) {
    const inner = typeof lines === 'number' ? undefined : lines.members.get('items')
    for (const [index, item] of items.entries()) {
      collect(file, item, typeof inner === 'object' ? (inner.members.get(index) ?? line) : line, documents, report)
    }
    return
  }
  documents.push({
    kind: typeof kind === 'string' ? kind : '',
    apiVersion: typeof apiVersion === 'string' ? apiVersion : '',
    value,
    file,
    line,
    at: (path) => lineAt(lines, path),
    written: (path) => path,
  })
}

function isPlainMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}

function templateHint(text: string, offset: number): string {
  const end = text.indexOf('\n', offset)
  const line = text.slice(text.lastIndexOf('\n', offset) + 1, end < 0 ? undefined : end)
  return line.includes('{{') ? ': it looks like a template; commit the rendered output' : ''
}
