// What becomes of manifests in a preview, as text.
import { expect } from 'vitest'
import { renderIgnored } from '../../src/manifests/check.ts'
import { renderProblem } from '../../src/manifests/problem.ts'
import { isolated } from '../../src/preview/isolate.ts'
import type { PreviewRules } from '../../src/preview/rules.ts'
import { check } from '../manifests/manifest.ts'

/** Those of pull request 7, whose author may write. */
export const previewRules: PreviewRules = {
  ...{ id: 'pr-7', namespace: 'shop-pr-7', untrusted: false, hostTemplate: '{{id}}.{{host}}', defaultHost: undefined },
  ownNamespaces: new Set(['shop', 'shop-data']),
  clusterRanges: ['10.244.0.0/14', '10.96.0.0/16'],
  quota: { pods: '20' },
}

// biome-ignore lint/suspicious/noExplicitAny: objects of many kinds, looked at by their members
type Shape = Record<string, any>

/** What becomes of manifests, and what is said of it. */
export function preview(text: string, more: Partial<PreviewRules> = {}) {
  const checked = check(text)
  expect(checked.problems).toEqual([])
  const { objects, problems, ignored } = isolated(checked.objects, { ...previewRules, ...more })
  return {
    object: (key: string) => objects.get(`shop-pr-7/${key}` as never)?.object as never as Shape,
    keys: [...objects.keys()],
    problems: problems.map(renderProblem),
    ignored: ignored.map(renderIgnored),
  }
}
