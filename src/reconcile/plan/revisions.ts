import { stableText } from '../../base/hash.ts'

const unlimited = 2 ** 31 - 1

export interface OldRevision {
  readonly name: string
  readonly revision: number
  readonly specReplicas: number
  readonly statusReplicas: number
  readonly deleting?: boolean
  readonly generation?: number
  readonly observedGeneration?: number
}

/** Which old revisions fall out of a history of `limit`: the lowest ones beyond it, unless they still have pods. */
export function expiredRevisions(limit: number | undefined, old: readonly OldRevision[]): string[] {
  if (limit === undefined || limit === unlimited) return []
  const live = old.filter((revision) => !revision.deleting)
  const surplus = Math.max(0, live.length - limit)
  return [...live]
    .sort((a, b) => a.revision - b.revision)
    .slice(0, surplus)
    .filter(
      (revision) =>
        revision.specReplicas === 0 &&
        revision.statusReplicas === 0 &&
        (revision.generation ?? 1) <= (revision.observedGeneration ?? 1),
    )
    .map((revision) => revision.name)
}

/** The number of the revision that runs `template`: one more than any before, even when an old one is taken up again. */
export function nextRevision<T>(
  known: readonly { readonly name: string; readonly template: T; readonly revision: number; readonly age?: number }[],
  template: T,
): { readonly revision: number; readonly reuses: string | undefined } {
  const same = known
    .filter((revision) => stableText(revision.template) === stableText(template))
    .sort((a, b) => (b.age ?? 0) - (a.age ?? 0))[0]
  const others = known.filter((revision) => revision !== same).map((revision) => revision.revision)
  const next = Math.max(0, ...others) + 1
  return { revision: same && same.revision >= next ? same.revision : next, reuses: same?.name }
}

export interface TemplateContent {
  readonly labels?: Readonly<Record<string, string>>
  readonly spec: unknown
}

/** Equal but for the label that carries the hash itself. */
export function sameTemplate(a: TemplateContent, b: TemplateContent): boolean {
  return stableText(withoutHash(a)) === stableText(withoutHash(b))
}

function withoutHash(template: TemplateContent): TemplateContent {
  const { 'pod-template-hash': _hash, ...labels } = template.labels ?? {}
  return { labels, spec: template.spec }
}
