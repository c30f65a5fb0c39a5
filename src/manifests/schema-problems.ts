import { found, foundKind, oneOf, quoted } from './found.ts'
import { definitions, type SchemaNode } from './generated/definitions.ts'
import type { SchemaError } from './generated/validators.js'
import { nearest } from './nearest.ts'
import type { Path } from './position.ts'

export interface Finding {
  readonly path: Path
  readonly message: string
}

/** A broken rule of the schema in words, with its place in the document. */
export function schemaFinding(kind: string, document: unknown, error: SchemaError): Finding {
  const at = pathOf(document, error.instancePath)
  const schema = schemaAt(kind, at)
  switch (error.keyword) {
    case 'additionalProperties': {
      const name = String(error.params.additionalProperty)
      const close = nearest(name, Object.keys(schema?.properties ?? {}))
      const hint = close ? `: did you mean "${close}"?` : ''
      return { path: [...at, name], message: `expected a known field, found ${quoted(name)}${hint}` }
    }
    case 'required': {
      const path = [...at, String(error.params.missingProperty)]
      return { path, message: `expected ${expected(schemaAt(kind, path))}, found nothing` }
    }
    default: {
      const value = valueAt(document, at)
      const shown = isSecret(kind, at) ? foundKind(value) : found(value)
      return { path: at, message: `expected ${expected(schema)}, found ${shown}${slipHint(schema, value)}` }
    }
  }
}

/** A value that fits where something is required and a wrong one stands; undefined: none is needed or known. */
export function standIn(kind: string, path: Path): unknown {
  const parent = schemaAt(kind, path.slice(0, -1))
  if (!parent?.required?.includes(String(path.at(-1)))) return undefined
  const schema = schemaAt(kind, path)
  if (schema?.enum) return schema.enum[0]
  return schema?.type === 'integer' ? (schema.minimum ?? 1) : undefined
}

/** `/spec/containers/0` -> ['spec', 'containers', 0], by what the document holds there. */
export function pathOf(document: unknown, pointer: string): (string | number)[] {
  let here = document
  return pointer
    .split('/')
    .slice(1)
    .map((part) => {
      const name = part.replaceAll('~1', '/').replaceAll('~0', '~')
      const key = Array.isArray(here) ? Number(name) : name
      here = member(here, key)
      return key
    })
}

export function valueAt(document: unknown, path: Path): unknown {
  return path.reduce(member, document)
}

function member(value: unknown, key: string | number): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
  return (value as Record<string | number, unknown>)[key]
}

function schemaAt(kind: string, path: Path): SchemaNode | undefined {
  let schema: SchemaNode | undefined = resolved(definitions[kind])
  for (const part of path) {
    if (typeof part === 'number') schema = resolved(schema?.items)
    else {
      const { properties, additionalProperties } = schema ?? {}
      const next = properties && Object.hasOwn(properties, part) ? properties[part] : additionalProperties
      schema = resolved(typeof next === 'object' ? next : undefined)
    }
  }
  return schema
}

function resolved(schema: SchemaNode | undefined): SchemaNode | undefined {
  return schema?.$ref === undefined ? schema : definitions[schema.$ref.replace('#/$defs/', '')]
}

function expected(schema: SchemaNode | undefined): string {
  if (schema?.const !== undefined) return String(schema.const)
  if (schema?.enum) return oneOf(schema.enum)
  const types = typeof schema?.type === 'string' ? [schema.type] : (schema?.type ?? [])
  return types.map((type) => typeText(type, schema!)).join(' or ') || 'something else'
}

function typeText(type: string, { minimum, maximum }: SchemaNode): string {
  switch (type) {
    case 'integer':
    case 'number': {
      const noun = type === 'integer' ? 'a whole number' : 'a number'
      const from = minimum !== undefined && minimum > -(2 ** 31) ? ` from ${minimum}` : ''
      const to = maximum !== undefined && (maximum < 2 ** 31 - 1 || from === '') ? ` to ${maximum}` : ''
      return `${noun}${from}${to}`
    }
    case 'array':
      return 'a list'
    case 'object':
      return 'a map'
    default:
      return `a ${type}`
  }
}

/** The two commonest slips: a number or boolean where text is wanted, and another spelling of a word. */
function slipHint(schema: SchemaNode | undefined, value: unknown): string {
  if (typeof value === 'string') {
    const close = nearest(value, (schema?.enum ?? []).map(String))
    return close ? `: did you mean "${close}"?` : ''
  }
  if (schema?.type !== 'string' || schema.enum || typeof value === 'object' || value === undefined) return ''
  return ': put it in quotes'
}

function isSecret(kind: string, path: Path): boolean {
  return kind === 'Secret' && (path[0] === 'data' || path[0] === 'stringData')
}
