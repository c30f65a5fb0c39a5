import { matchesSelector, matchesText, parseSelector, renderSelector } from '../../src/manifests/selector.ts'
import type { LabelSelector } from '../../src/manifests/types.ts'
import { refusal } from './refusal.ts'

type Labels = Record<string, string>

export const selectors = {
  string: ({ selector: text, labels }: { selector: string; labels?: Labels }) => {
    const selector = parseSelector(text)
    if (!selector) return refusal
    const canonical = renderSelector(selector)
    return labels ? { canonical, matches: matchesText(selector, labels) } : { canonical }
  },
  labelSelector: ({ selector, labels }: { selector: LabelSelector | null; labels: Labels }) => {
    const matches = matchesSelector(selector ?? undefined, labels)
    return matches === undefined ? refusal : { matches }
  },
}
