import { createHash } from 'node:crypto'
import { GitError } from '../errors.ts'

export type ObjectType = 'commit' | 'tree' | 'blob' | 'tag'

const types: readonly string[] = ['commit', 'tree', 'blob', 'tag'] satisfies ObjectType[]

export function isObjectType(text: string | undefined): text is ObjectType {
  return text !== undefined && types.includes(text)
}

export interface ObjectInfo {
  readonly type: ObjectType
  readonly size: number
}

/** `data` is undefined when the object is larger than was asked for. */
export interface GitObject extends ObjectInfo {
  readonly data: Uint8Array | undefined
}

/** Objects of one store, by id, in the order asked; undefined for those that it does not have. */
export interface ObjectReader {
  sizes(oids: readonly string[]): Promise<(ObjectInfo | undefined)[]>
  /** Never holds an object larger than `maxBytes` in memory. Throws STORE_DAMAGED when content and id disagree. */
  objects(oids: readonly string[], maxBytes: number): Promise<(GitObject | undefined)[]>
  /** All ids that start with these (at least four) hex digits. */
  startingWith(prefix: string): Promise<string[]>
  close(): void
}

/** A store without any object. */
export const nothing: ObjectReader = {
  sizes: async (oids) => oids.map(() => undefined),
  objects: async (oids) => oids.map(() => undefined),
  startingWith: async () => [],
  close: () => undefined,
}

/** No commit, tag or tree that Berth has a use for is larger. */
export const maxTreeBytes = 32 * 1024 * 1024

export function damaged(subject: string, problem: string, cause?: unknown): GitError {
  return new GitError('STORE_DAMAGED', subject, `object store: ${problem}`, { cause })
}

/** One object of the type expected; throws STORE_DAMAGED when it is missing or something else. */
export async function readObject(reader: ObjectReader, oid: string, type: ObjectType): Promise<Uint8Array> {
  const [found] = await reader.objects([oid], maxTreeBytes)
  return expectObject(found, oid, type)
}

export function expectObject(found: GitObject | undefined, oid: string, type: ObjectType): Uint8Array {
  if (!found) throw damaged(oid, `${type} ${oid} is missing`)
  if (found.type !== type) throw damaged(oid, `${oid} is a ${found.type}, expected a ${type}`)
  if (!found.data) throw new GitError('TOO_LARGE', oid, `${type} ${oid} has ${found.size} bytes, too many to read`)
  return found.data
}

/** Throws STORE_DAMAGED when the content is not what the id says. */
export function checkId(oid: string, { type, data }: GitObject): void {
  if (!data) return
  const found = createHash('sha1').update(`${type} ${data.length}\0`).update(data).digest('hex')
  if (found !== oid) throw damaged(oid, `${type} ${oid} has another content`)
}
