import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type Scalar as ScalarNode,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml'
import { oneLine } from '../base/errors.ts'
import type { Lines } from './position.ts'
import { pathText } from './position.ts'
import { limits } from './prescan.ts'
import { plainScalar, type Scalar, taggedScalar } from './scalar.ts'

export interface Fault {
  readonly line: number
  readonly at: string
  readonly message: string
}

export interface PlainData {
  readonly value: unknown
  readonly lines: Lines
  readonly faults: readonly Fault[]
}

/** Member names that mean something to JavaScript's own objects; no Kubernetes object needs them. */
const refusedKeys: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])
const yamlTag = 'tag:yaml.org,2002:'
const mergeKey = '<<'

/** What a document says, as plain data with kubectl's reading of scalars, tags, keys, aliases and merges. */
export function plainData(root: unknown, text: string, lineOf: (offset: number) => number): PlainData {
  const reader = new Reader(text, lineOf)
  const [value, lines] = reader.read(root as Node | null, [], 0)
  return { value, lines, faults: reader.faults }
}

class Reader {
  readonly faults: Fault[] = []
  readonly #lineOf: (offset: number) => number
  /** Where the text ends if its last line has words, but no line break. */
  readonly #openEnd: number | undefined
  /** What a name after `&` stands for, as of the place that is being read. */
  readonly #anchors = new Map<string, Node>()
  /** Nodes that are being read, to find an alias inside its own anchor. */
  readonly #open = new Set<Node>()
  #aliases = 0

  constructor(text: string, lineOf: (offset: number) => number) {
    this.#openEnd = /\S/.test(text.slice(text.lastIndexOf('\n') + 1)) ? text.length : undefined
    this.#lineOf = lineOf
  }

  read(node: Node | null | undefined, path: (string | number)[], depth: number): [unknown, Lines] {
    if (!node) return [null, 1]
    const line = this.#line(node)
    if (depth > limits.nesting)
      return this.#fault(line, path, `expected at most ${limits.nesting} levels of nesting, found more`)
    if (isAlias(node)) return [this.#alias(node.source, line, path, depth), line]
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node)
    if (isScalar(node)) return [this.#scalar(node, line, path), line]
    const tag = 'tag' in node ? node.tag : undefined
    if (tag !== undefined && tag !== `${yamlTag}map` && tag !== `${yamlTag}seq` && tag !== '!') {
      return this.#fault(line, path, `expected no tag on a map or list, found "${oneLine(tag, 60)}"`)
    }
    this.#open.add(node)
    const result = isMap(node)
      ? this.#map(node, line, path, depth)
      : this.#list(node as YAMLSeq<Node>, line, path, depth)
    this.#open.delete(node)
    return result
  }

  #alias(name: string, line: number, path: (string | number)[], depth: number): unknown {
    const target = this.#anchors.get(name)
    this.#aliases += 1
    if (!target)
      return this.#fault(
        line,
        path,
        `expected an anchor before its alias, found "*${oneLine(name, 60)}" without one`,
      )[0]
    if (this.#open.has(target)) {
      return this.#fault(line, path, `expected an alias outside of its anchor, found "*${oneLine(name, 60)}" inside`)[0]
    }
    if (this.#aliases > limits.aliases) {
      if (this.#aliases > limits.aliases + 1) return null
      return this.#fault(
        line,
        path,
        `expected at most ${limits.aliases} uses of anchors in one document, found more`,
      )[0]
    }
    return this.read(target, path, depth)[0]
  }

  #list(node: YAMLSeq<Node>, line: number, path: (string | number)[], depth: number): [unknown, Lines] {
    const members = new Map<number, Lines>()
    const values: unknown[] = []
    for (const [index, item] of node.items.entries()) {
      path.push(index)
      const [value, lines] = this.read(item, path, depth + 1)
      path.pop()
      values.push(value)
      members.set(index, lines)
    }
    return [values, { line, members }]
  }

  #map(node: YAMLMap, line: number, path: (string | number)[], depth: number): [unknown, Lines] {
    const members = new Map<string, Lines>()
    const own: Record<string, unknown> = {}
    const merged: Record<string, unknown>[] = []
    for (const pair of node.items as Pair<Node, Node | null>[]) {
      const at = pair.key ? this.#line(pair.key) : line
      if (isMerge(pair.key)) {
        merged.push(...this.#merge(pair.value, at, path, depth))
        continue
      }
      const key = this.#key(pair.key, at, path)
      if (key === undefined) continue
      path.push(key)
      if (Object.hasOwn(own, key))
        this.#fault(at, path, `expected each key once, found it again (first in line ${firstLine(members, key)})`)
      const [value, lines] = this.read(pair.value, path, depth + 1)
      path.pop()
      own[key] = value
      members.set(key, typeof lines === 'number' ? at : { line: at, members: lines.members })
    }
    // Own members win wherever `<<` stands, and of several maps the first.
    for (const map of merged)
      for (const [key, value] of Object.entries(map)) if (!Object.hasOwn(own, key)) own[key] = value
    return [own, { line, members }]
  }

  #merge(node: Node | null, line: number, path: (string | number)[], depth: number): Record<string, unknown>[] {
    const target = isAlias(node) ? this.#anchors.get(node.source) : node
    const parts = isSeq(target) && !isAlias(node) ? (target.items as Node[]) : [node]
    if (parts.length > limits.mergedMaps) {
      this.#fault(line, path, `expected at most ${limits.mergedMaps} merged maps, found ${parts.length}`)
      return []
    }
    return parts.flatMap((part) => {
      const [value] = this.read(part, path, depth + 1)
      if (typeof value === 'object' && value !== null && !Array.isArray(value))
        return [value as Record<string, unknown>]
      this.#fault(line, path, 'expected a map after the merge key "<<", found something else')
      return []
    })
  }

  #key(node: Node | null, line: number, path: (string | number)[]): string | undefined {
    const scalar = isAlias(node) ? this.#anchors.get(node.source) : node
    if (scalar && !isScalar(scalar)) {
      this.#fault(
        line,
        path,
        'expected a text as key, found a map or list: it looks like a template; commit the rendered output',
      )
      return undefined
    }
    if (scalar?.anchor !== undefined) this.#anchors.set(scalar.anchor, scalar)
    const value = scalar ? this.#scalar(scalar, line, path) : null
    if (value === null || typeof value === 'bigint') {
      this.#fault(line, path, `expected a text as key, found ${value === null ? 'null' : value}: quote it`)
      return undefined
    }
    const key = String(value)
    if (!refusedKeys.has(key)) return key
    this.#fault(line, path, `expected another key, found "${key}"`)
    return undefined
  }

  #scalar(node: ScalarNode, line: number, path: (string | number)[]): Scalar {
    const text = this.#text(node)
    try {
      const value = scalarValue(node, text)
      if (typeof value !== 'string' || value.isWellFormed()) return value
      this.#fault(line, path, 'expected text, found half of a surrogate pair')
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      const shown = node.tag === `${yamlTag}binary` ? 'something else' : `"${oneLine(text, 60)}"`
      this.#fault(line, path, `${error.message}, found ${shown}`)
    }
    return null
  }

  /** A block that ends with the text ends without a line break if the text does. */
  #text(node: ScalarNode): string {
    const text = node.source ?? ''
    const isOpen = this.#openEnd !== undefined && node.range?.[1] === this.#openEnd && node.type?.startsWith('BLOCK')
    return isOpen && text.endsWith('\n') ? text.slice(0, -1) : text
  }

  #line(node: Node): number {
    return this.#lineOf(node.range?.[0] ?? 0)
  }

  #fault(line: number, path: readonly (string | number)[], message: string): [null, Lines] {
    this.faults.push({ line, at: pathText(path), message })
    return [null, line]
  }
}

function scalarValue(node: ScalarNode, text: string): Scalar {
  const { tag } = node
  if (tag === undefined) return node.type === 'PLAIN' ? plainScalar(text) : text
  if (tag === '!') return text
  const name = tag.startsWith(yamlTag) ? tag.slice(yamlTag.length) : ''
  if (!/^(?:int|float|bool|null|binary|str)$/.test(name)) throw new RangeError(`expected no tag ${oneLine(tag, 60)}`)
  return taggedScalar(name, text)
}

function isMerge(key: Node | null): boolean {
  return isScalar(key) && key.type === 'PLAIN' && key.source === mergeKey && key.tag === undefined
}

function firstLine(members: ReadonlyMap<string, Lines>, key: string): number {
  const lines = members.get(key)
  return typeof lines === 'object' ? lines.line : (lines ?? 0)
}
