import { readFile } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { renamed } from './rules.ts'

/** The part of JSON Schema that the generated schemas use. */
export interface Schema {
  $schema?: string
  $ref?: string
  title?: string
  type?: string | string[]
  format?: string
  const?: unknown
  enum?: unknown[]
  default?: unknown
  minimum?: number
  maximum?: number
  items?: Schema
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: Schema | boolean
  $defs?: Record<string, Schema>
}

interface Attribute {
  readonly baseName: string
  readonly type: string
  readonly format: string
}

const models = new URL('../../node_modules/@kubernetes/client-node/dist/gen/models/', import.meta.url)

/** `V1PodSpec` -> `PodSpec`, `CoreV1ResourceClaim` -> `ResourceClaim`. */
export function plainName(className: string): string {
  return (
    renamed[className] ??
    className.replace(/^[A-Z][a-z]*?V[0-9]+(?:(?:alpha|beta)[0-9]+)?|^V[0-9]+(?:(?:alpha|beta)[0-9]+)?/, '')
  )
}

/**
 * The schemas of `roots` (class names of the official client) and of every class that they reach, by plain name.
 * `dropped` names members (`Class.member`, plain) that are left out, with what only they reach.
 */
export async function readModels(roots: readonly string[], dropped: ReadonlySet<string>): Promise<Map<string, Schema>> {
  const schemas = new Map<string, Schema>()
  const classOf = new Map<string, string>()
  const queue = [...roots]
  for (let className = queue.shift(); className !== undefined; className = queue.shift()) {
    const name = plainName(className)
    const known = classOf.get(name)
    if (known === className) continue
    if (known !== undefined) throw new Error(`${known} and ${className} would both be called ${name}`)
    classOf.set(name, className)
    schemas.set(name, await readModel(className, dropped, (reached) => queue.push(reached)))
  }
  return new Map([...schemas].sort(([a], [b]) => (a < b ? -1 : 1)))
}

async function readModel(
  className: string,
  dropped: ReadonlySet<string>,
  reach: (className: string) => void,
): Promise<Schema> {
  const file = new URL(`${className}.js`, models)
  const loaded: Record<string, { attributeTypeMap: Attribute[] }> = await import(
    pathToFileURL(fileURLToPath(file)).href
  )
  const declaration = await readFile(new URL(`${className}.d.ts`, models), 'utf8')
  const required = new Set([...declaration.matchAll(/^ {4}'([^']+)': /gm)].map((match) => match[1]!))
  const name = plainName(className)
  const members = loaded[className]!.attributeTypeMap.filter(({ baseName }) => !dropped.has(`${name}.${baseName}`))
  const schema: Schema = { type: 'object', properties: {}, additionalProperties: false }
  for (const { baseName, type, format } of members) schema.properties![baseName] = typeSchema(type, format, reach)
  const needed = members.map(({ baseName }) => baseName).filter((member) => required.has(member))
  if (needed.length > 0) schema.required = needed
  return schema
}

const longestInt32 = 2 ** 31 - 1

function typeSchema(type: string, format: string, reach: (className: string) => void): Schema {
  const list = /^Array<(.*)>$/.exec(type)
  if (list) return { type: 'array', items: typeSchema(list[1]!, format, reach) }
  const map = /^\{ \[key: string\]: (.*); \}$/.exec(type)
  if (map) return { type: 'object', additionalProperties: typeSchema(map[1]!, format, reach) }
  switch (type) {
    case 'string':
      return { type: 'string' }
    case 'boolean':
      return { type: 'boolean' }
    case 'number':
      if (format === 'int32') return { type: 'integer', minimum: -longestInt32 - 1, maximum: longestInt32 }
      return { type: format === 'int64' ? 'integer' : 'number' }
    case 'IntOrString':
      return { type: ['integer', 'string'] }
    case 'Date':
    case 'V1MicroTime':
      return { type: 'string' }
    case 'any':
      return {}
    default:
      reach(type)
      return { $ref: `#/$defs/${plainName(type)}` }
  }
}
