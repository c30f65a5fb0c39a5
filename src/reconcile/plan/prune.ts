import { type Key, keyOf, keyParts } from '../../base/key.ts'
import { type IntOrPercent, scaledValue } from '../../manifests/int-or-percent.ts'
import type { LiveVolume } from '../../runtime/live.ts'

export interface PruneQuestion {
  /** Objects of the last applied commit, and live owners that carry the application's mark. */
  readonly before: readonly Key[]
  readonly after: Pick<ReadonlySet<Key>, 'has' | 'size'>
  /** How much of `before` may vanish without being asked for. */
  readonly budget: IntOrPercent
  /** Messages of the commits since the last applied one: approvals stand in their trailers. */
  readonly messages: readonly string[]
  /** Data of claims that may be deleted with their claim, or with its StatefulSet, once that is approved. */
  readonly claims?: readonly DeletableClaim[]
}

export interface DeletableClaim {
  readonly key: Key
  /** The object whose removal takes the data along: the claim itself, or the StatefulSet (`whenDeleted: Delete`). */
  readonly with: Key
}

/** What the volumes of an application's claims say about the end of their claim. */
export function deletableClaims(volumes: readonly LiveVolume[]): DeletableClaim[] {
  return volumes.flatMap(({ namespace, subject, detail, facts }) => {
    const [kind = '', name = ''] = subject.split('/')
    if (kind !== 'PersistentVolumeClaim' || detail !== '') return []
    const key = keyOf({ namespace, kind, name })
    if (facts.whenDeleted === 'Delete' && facts.statefulSet) {
      return [{ key, with: keyOf({ namespace, kind: 'StatefulSet', name: facts.statefulSet }) }]
    }
    return facts.reclaim === 'Delete' ? [{ key, with: key }] : []
  })
}

/** All claims that have data, where nobody minds losing it. */
export function claimsWithData(volumes: readonly LiveVolume[]): DeletableClaim[] {
  return volumes.flatMap(({ namespace, subject, detail, facts }) => {
    const [kind = '', name = ''] = subject.split('/')
    if (kind !== 'PersistentVolumeClaim' || detail !== '') return []
    const key = keyOf({ namespace, kind, name })
    const set = facts.statefulSet
    return [{ key, with: set ? keyOf({ namespace, kind: 'StatefulSet', name: set }) : key }]
  })
}

export interface PruneDecision {
  readonly allowed: boolean
  readonly removed: readonly Key[]
  /** Why the commit is held, and what to do; empty when it is not. */
  readonly text: string
}

const longestList = 5

/**
 * Whether a commit may take away what it takes away. Moving a manifest to another file is no change: objects are compared by key. A
 * Namespace, or everything at once, always needs an approval. The data of a claim is only removed when its volume says that it may be
 * and somebody approved it; else it is kept.
 */
export function decidePrune(question: PruneQuestion): PruneDecision {
  const vanished = question.before.filter((key) => !question.after.has(key))
  const approval = approvals(question.messages)
  const isNamed = (key: Key): boolean => names(key).some((name) => approval.names.has(name))
  const isApproved = (key: Key): boolean => approval.all || isNamed(key)
  // "yes" speaks of what vanishes now, not of data that was kept long ago.
  const goes = new Set(vanished)
  const data = (question.claims ?? []).filter(
    (claim) => !question.after.has(claim.with) && (isNamed(claim.with) || (approval.all && goes.has(claim.with))),
  )
  // Without its claim, data is kept: nothing is lost that somebody would have to approve.
  const removed = [...new Set([...vanished.filter((key) => !isClaim(key)), ...data.map(({ key }) => key)])].sort()
  const asked = removed.filter((key) => !isClaim(key) && !isApproved(key))
  const { keys, reason } = heldFor(question, asked)
  if (keys.length === 0) return { allowed: true, removed, text: '' }
  const list = keys.slice(0, longestList).map(described).join(', ')
  const more = keys.length > longestList ? ` and ${keys.length - longestList} more` : ''
  const text =
    `held: ${reason}: ${list}${more}; nothing was removed. To approve, push a commit with the trailer ` +
    '"Berth-Allow-Prune: yes" (or a list such as "Deployment/web"), or put the objects back'
  return { allowed: false, removed, text }
}

/** Which of the removals that nobody approved by name are too much, and why. */
function heldFor(question: PruneQuestion, asked: readonly Key[]): { keys: readonly Key[]; reason: string } {
  const { before, after, budget } = question
  if (asked.length === 0) return { keys: [], reason: '' }
  if (after.size === 0) return { keys: asked, reason: 'it would remove all objects of the application' }
  const allowed = scaledValue(budget, before.length, 'up') ?? 0
  if (asked.length > allowed) {
    const share = typeof budget === 'string' ? ` (${budget})` : ''
    const reason = `it would remove ${asked.length} of ${before.length} objects, the budget is ${allowed}${share}`
    return { keys: asked, reason }
  }
  const namespaces = asked.filter((key) => keyParts(key).kind === 'Namespace')
  return { keys: namespaces, reason: 'removing a Namespace always needs an approval' }
}

/** `yes`, or objects as `Kind/name` or `namespace/Kind/name`, from the last paragraph of each message. */
function approvals(messages: readonly string[]): { readonly all: boolean; readonly names: ReadonlySet<string> } {
  const values = messages.flatMap((message) => {
    const trailers =
      message
        .trimEnd()
        .split(/\n\s*\n/)
        .at(-1) ?? ''
    return [...trailers.matchAll(/^Berth-Allow-Prune:[ \t]*(.+)$/gim)].flatMap((match) => (match[1] ?? '').split(','))
  })
  const texts = values.map((value) => value.trim()).filter((value) => value !== '')
  return { all: texts.some((text) => text.toLowerCase() === 'yes'), names: new Set(texts) }
}

function isClaim(key: Key): boolean {
  return keyParts(key).kind === 'PersistentVolumeClaim'
}

function names(key: Key): string[] {
  const { namespace, kind, name } = keyParts(key)
  return namespace === '' ? [`${kind}/${name}`] : [`${namespace}/${kind}/${name}`, `${kind}/${name}`]
}

function described(key: Key): string {
  const { namespace, kind, name } = keyParts(key)
  return `${kind} ${namespace === '' ? name : `${namespace}/${name}`}`
}
