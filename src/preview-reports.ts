// What is told of a preview, besides its status. Part of the corridor beside engine.ts.
import type { Wanted } from './reconcile/wanted.ts'
import type { DiffItem } from './report/diff.ts'
import type { MergePlan } from './report/preview-comment.ts'
import type { PreviewMerge } from './report/status.ts'
import type { EngineSettings } from './settings.ts'

export function mergeOf({ base, stale, apps, items }: MergePlan): PreviewMerge {
  const actions = items.flatMap(({ key, tasks }: DiffItem) => tasks.map(({ text }) => `${key}: ${text}`))
  return { base, stale, refused: apps.some(({ sync }) => sync === 'Refused'), actions }
}

/** Where the Ingresses of a namespace are reached. */
export function addressesOf(
  namespace: string,
  { wanted, settings }: { readonly wanted: Wanted; readonly settings: EngineSettings },
): string[] {
  const { httpPort } = settings.network.ingress
  const hosts = wanted.inNamespace('Ingress', namespace).flatMap(({ spec }) => {
    const secure = new Set(spec.tls?.flatMap(({ hosts = [] }) => hosts))
    const plain = `${httpPort === 80 ? '' : `:${httpPort}`}`
    return (spec.rules ?? []).flatMap(({ host }) =>
      host === undefined ? [] : [secure.has(host) ? `https://${host}` : `http://${host}${plain}`],
    )
  })
  return [...new Set(hosts)].sort()
}
