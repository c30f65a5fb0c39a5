// Whether requests are as GitHub's own description of its API has them.
import { readFileSync } from 'node:fs'
import { Ajv, type ValidateFunction } from 'ajv'
import { ensureGitHubDescription } from '../../scripts/github-description.mjs'
import type { Recorded } from './forge-server.ts'

interface Parameter {
  readonly name: string
  readonly in: string
  readonly required?: boolean
  readonly schema: object
}

interface Operation {
  readonly parameters?: readonly (Parameter | { readonly $ref: string })[]
  readonly requestBody?: { readonly required?: boolean; readonly content: Readonly<Record<string, { schema: object }>> }
}

interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly parameters: Readonly<Record<string, Parameter>> }
}

/** What a request has that GitHub does not describe; empty: nothing. */
export function gitHubJudge(): (request: Recorded) => string[] {
  const description = JSON.parse(readFileSync(ensureGitHubDescription(), 'utf8')) as Description
  const ajv = new Ajv({ allErrors: true, strict: false, validateFormats: false, validateSchema: false })
  ajv.addSchema({ $id: 'github', ...description })
  const compiled = new Map<string, ValidateFunction>()
  const check = (pointer: string): ValidateFunction => {
    const found = compiled.get(pointer) ?? ajv.compile({ $ref: `github#${pointer}` })
    compiled.set(pointer, found)
    return found
  }
  return (request) => {
    const found = operationOf(description, request)
    if (!found) return [`${request.method} ${request.path}: GitHub has no such endpoint`]
    const at = `${request.method} ${found.path}`
    return [...queryProblems(description, found.operation, request), ...bodyProblems(found, request, check)].map(
      (problem) => `${at}: ${problem}`,
    )
  }
}

interface Found {
  readonly path: string
  readonly method: string
  readonly operation: Operation
}

function operationOf({ paths }: Description, { method, path }: Recorded): Found | undefined {
  const matches = Object.keys(paths)
    .filter((template) => new RegExp(`^${template.replace(/\{[^}]+\}/g, '[^/]+')}$`).test(path))
    // The one with the fewest placeholders is meant.
    .sort((a, b) => a.split('{').length - b.split('{').length)
  for (const template of matches) {
    const operation = paths[template]?.[method.toLowerCase()]
    if (operation) return { path: template, method: method.toLowerCase(), operation }
  }
  return undefined
}

function queryProblems({ components }: Description, operation: Operation, { query }: Recorded): string[] {
  const known = (operation.parameters ?? [])
    .map((one) => ('$ref' in one ? components.parameters[one.$ref.split('/').at(-1) ?? '']! : one))
    .filter((parameter) => parameter.in === 'query')
  const ajv = new Ajv({ strict: false, coerceTypes: true, validateFormats: false })
  const properties = Object.fromEntries(known.map(({ name, schema }) => [name, schema]))
  const required = known.filter((one) => one.required).map(({ name }) => name)
  const valid = ajv.compile({ type: 'object', properties, required, additionalProperties: false })
  return valid({ ...query }) ? [] : [`query: ${ajv.errorsText(valid.errors)}`]
}

/** GitHub lets members pass that it does not know; whoever sends one is mistaken all the same. */
function bodyProblems(
  { path, method, operation }: Found,
  { body }: Recorded,
  check: (pointer: string) => ValidateFunction,
): string[] {
  const schema = operation.requestBody?.content['application/json']?.schema
  if (body === undefined) return operation.requestBody?.required ? ['a body is required'] : []
  if (!schema) return ['no body is taken']
  const escaped = path.replaceAll('~', '~0').replaceAll('/', '~1')
  const valid = check(`/paths/${encodeURIComponent(escaped)}/${method}/requestBody/content/application~1json/schema`)
  const problems = valid(body) ? [] : (valid.errors ?? []).map((error) => `body${error.instancePath} ${error.message}`)
  const known = Object.keys('properties' in schema ? (schema.properties as object) : {})
  const unknown = Object.keys(body as object).filter((name) => !known.includes(name))
  return [...problems, ...unknown.map((name) => `body has no ${name}`)]
}
