import { plainName, readModels, type Schema } from './client-node.ts'
import {
  apiVersions,
  computed,
  counts,
  defaults,
  dropped,
  enums,
  kinds,
  nameless,
  quantities,
  required,
  shapes,
} from './rules.ts'

/** Schema files by name: one for each kind, and `definitions.json` for what they share. */
export type SchemaFiles = Map<string, Schema>

const dialect = 'http://json-schema.org/draft-07/schema#'
export const sharedFile = 'definitions.json'

/** The schemas of the Kubernetes kinds, from the official client's types and the rules beside this file. */
export async function kubernetesSchemas(): Promise<SchemaFiles> {
  const models = await readModels(Object.values(kinds), dropped)
  // A claim inside a StatefulSet need not say its kind again.
  models.set('ClaimTemplate', structuredClone(models.get('PersistentVolumeClaim')!))
  models.get('StatefulSetSpec')!.properties!.volumeClaimTemplates!.items = { $ref: '#/$defs/ClaimTemplate' }
  for (const [key, schema] of members(models)) applyRules(key, schema, models)
  const meta = models.get('ObjectMeta')!
  const { required: _, ...templateMeta } = structuredClone(meta)
  models.set('TemplateMeta', templateMeta)

  const files: SchemaFiles = new Map()
  for (const [file, className] of Object.entries(kinds)) {
    const kind = plainName(className)
    files.set(`${file}.json`, { $schema: dialect, title: kind, ...kindSchema(kind, models.get(kind)!) })
    models.delete(kind)
  }
  const shared = Object.fromEntries([...models].sort(([a], [b]) => (a < b ? -1 : 1)))
  files.set(sharedFile, { $schema: dialect, $defs: shared })
  return files
}

/** All schemas as one document, for tools that want every reference inside: kinds are definitions like the others. */
export function merged(files: SchemaFiles): Record<string, Schema> {
  const definitions: Record<string, Schema> = {}
  for (const [file, schema] of files) {
    const { $schema: _dialect, $defs = {}, title, ...rest } = schema
    Object.assign(definitions, $defs)
    if (file !== sharedFile && title !== undefined) definitions[title] = rest
  }
  const text = JSON.stringify(definitions).replaceAll(`"${sharedFile}#`, '"#')
  return JSON.parse(text)
}

/** As `merged`, but of checked objects: what has a default is always there, quantities are canonical text. */
export function mergedForTypes(files: SchemaFiles): Record<string, Schema> {
  const definitions = merged(files)
  const always = new Set(computed)
  for (const [name, definition] of Object.entries(definitions)) requireDefaulted(name, definition, always)
  return definitions
}

function requireDefaulted(name: string, schema: Schema, always: ReadonlySet<string>): void {
  for (const [member, inner] of Object.entries(schema.properties ?? {})) {
    if (inner.default !== undefined || always.has(`${name}.${member}`)) {
      schema.required = [...new Set([...(schema.required ?? []), member])]
    }
    delete inner.default
    if (quantities.includes(`${name}.${member}`)) textQuantity(inner)
    requireDefaulted('', inner, always)
    if (inner.items) requireDefaulted('', inner.items, always)
  }
}

function textQuantity(schema: Schema): void {
  if (typeof schema.additionalProperties === 'object') schema.additionalProperties = { type: 'string' }
  else schema.type = 'string'
}

function* members(models: ReadonlyMap<string, Schema>): Generator<[string, Schema]> {
  for (const [name, { properties = {} }] of models) {
    for (const [member, schema] of Object.entries(properties)) yield [`${name}.${member}`, schema]
  }
}

function applyRules(key: string, schema: Schema, models: ReadonlyMap<string, Schema>): void {
  const values = enums[key]
  if (values) schema.enum = [...values]
  if (counts.includes(key)) schema.minimum = 0
  const shape = shapes[key]
  if (shape) {
    for (const member of Object.keys(schema)) delete schema[member as keyof Schema]
    Object.assign(schema, shape)
  }
  if (quantities.includes(key)) {
    const quantity: Schema = { type: ['string', 'number'] }
    if (schema.additionalProperties) schema.additionalProperties = quantity
    else Object.assign(schema, quantity)
  }
  if (nameless.includes(key)) schema.$ref = '#/$defs/TemplateMeta'
  if (defaults[key] !== undefined) schema.default = defaults[key]
  if (required.includes(key)) {
    const [name = '', member = ''] = key.split('.')
    const owner = models.get(name)!
    owner.required = [...new Set([...(owner.required ?? []), member])].sort()
  }
}

function kindSchema(kind: string, model: Schema): Schema {
  const text = JSON.stringify(model).replaceAll('"#/$defs/', `"${sharedFile}#/$defs/`)
  const schema: Schema = JSON.parse(text)
  schema.properties = {
    ...schema.properties,
    apiVersion: { const: apiVersions[kind]! },
    kind: { const: kind },
  }
  schema.required = [...new Set(['apiVersion', 'kind', 'metadata', ...(schema.required ?? [])])]
  return schema
}
