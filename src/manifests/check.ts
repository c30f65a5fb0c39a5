import { type Key, keyOf } from '../base/key.ts'
import { cleaned } from './clean.ts'
import type { KindRow } from './kinds/kind.ts'
import { kinds } from './kinds.ts'
import { judgeKind } from './known-kinds.ts'
import { converted } from './legacy.ts'
import { misplacedAnnotation, previewHookOf } from './preview-annotations.ts'
import { capProblems, type Problem } from './problem.ts'
import type { Doc } from './read.ts'
import { type Findings, type Ignored, type PodSecurity, type Review, reviewOf } from './review.ts'
import type { Kind, ManifestObject, ObjectOf } from './types.ts'
import { validated } from './validated.ts'

export type { Ignored } from './review.ts'

/** An object and where it was written. */
export interface Located<O extends ManifestObject = ManifestObject> {
  readonly object: O
  readonly file: string
  readonly line: number
}

/** By key `namespace/Kind/name`, in the order of files and documents. */
export type ManifestSet = ReadonlyMap<Key, Located>

export interface CheckOptions {
  /** For objects that name none. */
  readonly namespace: string
  readonly podSecurity: PodSecurity
  /** Objects that are for previews only are kept; else they are left out. */
  readonly forPreview?: boolean
}

export interface CheckResult {
  /** Valid objects only; to be used only when there are no problems. */
  readonly objects: ManifestSet
  readonly problems: Problem[]
  readonly ignored: Ignored[]
  readonly warnings: Problem[]
}

/** Checks documents one by one and against each other, and fills in defaults as Kubernetes does. */
export function checkManifests(documents: readonly Doc[], options: CheckOptions): CheckResult {
  const objects = new Map<Key, Located>()
  const found: Findings = { problems: [], ignored: [], warnings: [] }
  for (const document of documents) {
    const located = checkDocument(document, options, found)
    if (!located) continue
    const key = objectKey(located.object)
    const other = objects.get(key)
    if (other) found.problems.push(duplicateProblem(located, other))
    else objects.set(key, located)
  }
  return { objects, ...found, problems: capProblems(found.problems) }
}

/** One object may be defined once: the order of files must not decide which definition wins. */
export function duplicateProblem({ object, file, line }: Located, other: Located): Problem {
  const { namespace = '', name } = object.metadata
  const title = `${object.kind} ${namespace === '' ? '' : `${namespace}/`}${name}`
  const message = `expected one definition of ${title}, found another one in ${other.file}:${other.line}`
  return { file, line, path: 'metadata.name', message }
}

/** `Deployment shop/web: spec.template.spec.tolerations: pods go to the host with room` */
export function renderIgnored({ kind, name, path, reason }: Ignored): string {
  return `${kind} ${name}${path === '' ? '' : `: ${path}`}: ${reason}`
}

export function objectKey({ kind, metadata }: ManifestObject): Key {
  return keyOf({ namespace: metadata.namespace ?? '', kind, name: metadata.name })
}

function checkDocument(written: Doc, options: CheckOptions, found: Findings): Located | undefined {
  const legacy = converted(written)
  const document = legacy?.document ?? written
  const { file, line } = document
  const verdict = judgeKind(document.kind, document.apiVersion)
  if (verdict.is === 'refused') {
    found.problems.push({ file, line: document.at([verdict.at]), path: verdict.at, message: verdict.message })
    return undefined
  }
  const review = reviewOf(document, options, found)
  if (legacy) review.warn(['apiVersion'], legacy.note)
  if (verdict.is === 'ignored') {
    review.ignored([], verdict.reason)
    return undefined
  }
  if (verdict.kind === 'Engine' || verdict.kind === 'Application') {
    review.ignored([], 'configures berth: give the file with -c')
    return undefined
  }
  const object = checkObject(verdict.kind, document, options.namespace, review)
  if (!object) return undefined
  const misplaced = misplacedAnnotation(object)
  if (misplaced) review.problem(['metadata', 'annotations', misplaced.key], misplaced.message)
  const hook = previewHookOf(object)
  if (hook !== undefined && !options.forPreview) {
    review.ignored([], `it is run at the ${hook === 'create' ? 'beginning' : 'end'} of previews, and nowhere else`)
    return undefined
  }
  return { object, file, line }
}

function checkObject<K extends Kind>(
  kind: K,
  document: Doc,
  namespace: string,
  review: Review,
): ObjectOf[K] | undefined {
  const row: KindRow<K> = kinds[kind]
  const { value, dropped, named } = cleaned(document.value)
  if (named !== undefined) {
    const message = `an object of a repository needs a name of its own: taken as "${named}", another one when the spec changes`
    review.warn(['metadata', 'generateName'], message)
  }
  for (const path of dropped) review.warn(path, 'kept by a cluster, without meaning in a repository: ignored')
  const result = validated<ObjectOf[K]>(kind, value, row.validate, review)
  if (!result) return undefined
  row.review(result.written, review)
  if (!result.valid) return undefined
  const object = row.complete(result.object)
  const { namespace: own, ...metadata } = object.metadata
  if (row.scope === 'Cluster') {
    if (own !== undefined) review.warn(['metadata', 'namespace'], `a ${kind} belongs to no namespace: ignored`)
    return { ...object, metadata }
  }
  return { ...object, metadata: { ...metadata, namespace: own || namespace } }
}
