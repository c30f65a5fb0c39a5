// GitHub's own description of its API, out of an npm package that is fetched when it is first needed: as a dependency it would bring 400 MB.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Ajv, type ValidateFunction } from 'ajv'
import type { Recorded } from './forge-server.ts'

const source = {
  ...{ name: '@octokit/openapi', version: '23.0.2', member: 'package/generated/api.github.com.json' },
  sha512: 'pV8M7L9GY23AybNvTmo2nyjmpmnt6+2sRE/tqr0ZLQcPS4lnw7u5eZGNmwRNkBC3D7gZXbFx5AHzLUVRBXGDhg==',
}
const fetchMs = 180_000

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

/** The file's place on disk. */
function ensureDescription(): string {
  const folder = join(resolve(import.meta.dirname, '../..'), '.berth/tools', `github-api-${source.version}`)
  const file = join(folder, source.member)
  if (existsSync(folder)) return file
  const fetched = `${folder}.fetched-${process.pid}`
  mkdirSync(fetched, { recursive: true })
  try {
    const args = ['pack', `${source.name}@${source.version}`, '--pack-destination', fetched, '--loglevel=error']
    execFileSync('npm', args, { cwd: fetched, timeout: fetchMs, stdio: 'pipe' })
    const archive = join(fetched, `octokit-openapi-${source.version}.tgz`)
    const digest = createHash('sha512').update(readFileSync(archive)).digest('base64')
    if (digest !== source.sha512) throw new Error(`${source.name} has another digest: sha512-${digest}`)
    execFileSync('tar', ['-xzf', archive, '-C', fetched, source.member], { stdio: 'pipe' })
    rmSync(archive)
    if (!existsSync(folder)) renameSync(fetched, folder)
  } finally {
    rmSync(fetched, { recursive: true, force: true })
  }
  return file
}

/** What a request has that GitHub does not describe; empty: nothing. */
export function gitHubJudge(): (request: Recorded) => string[] {
  const description = JSON.parse(readFileSync(ensureDescription(), 'utf8')) as Description
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
