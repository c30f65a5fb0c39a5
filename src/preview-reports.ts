// What is told of a preview, besides its status. Part of the corridor beside engine.ts.
import type { Application } from './application.ts'
import type { Clock } from './base/clock.ts'
import { previewName, previewOf } from './preview/names.ts'
import type { Previewed } from './preview-settings.ts'
import type { PreviewOrder } from './previewing.ts'
import type { Wanted } from './reconcile/wanted.ts'
import { type DiffItem, effectOf, effects } from './report/diff.ts'
import type { ImageFacts } from './report/image-words.ts'
import type { MergePlan, PreviewAddress, PreviewReport } from './report/preview-comment.ts'
import { type AppStatus, appStatus, type PreviewMerge, type PreviewRow } from './report/status.ts'
import { remembered } from './runtime/network/remembered.ts'
import type { EngineSettings } from './settings.ts'

/** A plan has an item for each object of production, and is told of in each report. */
export const mergeOf = remembered(({ base, stale, apps, items, ...more }: MergePlan): PreviewMerge => {
  const { conflicts, unknown, ofImages } = more
  const actions = items.flatMap(({ key, tasks }: DiffItem) => tasks.map(({ text }) => `${key}: ${text}`))
  const refused = apps.some(({ sync }) => sync === 'Refused')
  const effect = effects[effectOf(items.flatMap(({ tasks }) => tasks))]
  return {
    ...{ base, stale, refused, effect, actions },
    ...(conflicts && { conflicts }),
    ...(unknown && { unknown }),
    ...(ofImages && { ofImages }),
  }
})

export interface ListedPreview {
  readonly id: string
  /** Null: it is not open any more, or none of a forge. */
  readonly number: number | null
  /** Undefined: it is being removed. */
  readonly report: PreviewReport | undefined
}

/** `left`: names of previews of which there is something left. */
export function listedPreviews(
  app: string,
  rows: readonly PreviewRow[],
  left: Iterable<string>,
  report: (row: PreviewRow) => PreviewReport | undefined,
): ListedPreview[] {
  const known = new Set(rows.map(({ id }) => id))
  const ids = [...left].flatMap((name) => (previewOf(name)?.app === app ? (previewOf(name)?.id ?? []) : []))
  return [
    ...rows.map((row) => ({ id: row.id, number: row.number, report: report(row) })),
    ...ids.filter((id) => !known.has(id)).map((id) => ({ id, number: null, report: undefined })),
  ]
}

export interface PreviewReportParts {
  readonly wanted: Wanted
  readonly settings: EngineSettings
  readonly clock: Clock
}

/** `preview`: undefined where there is none. */
export function previewReport(
  of: Previewed,
  row: PreviewRow,
  preview: { readonly application: Application; readonly order: PreviewOrder } | undefined,
  parts: PreviewReportParts & { readonly plan: MergePlan | undefined; readonly leaving: boolean },
): PreviewReport {
  const { id, head, newest, is, reason, since } = row
  const facts = preview?.application.facts([])
  const status = facts && appStatus(facts)
  const untrusted = preview?.order.untrusted ?? false
  return {
    ...{ app: of.name, engine: parts.settings.id, id, head, newest, is, reason, ahead: row.ahead, untrusted },
    ...{ leaving: parts.leaving, plan: parts.plan, images: imageFacts(of, row, parts.clock.now()) },
    approveLabel: of.previews.approveLabel,
    addresses: addressesOf(of, id, untrusted, parts),
    status,
    isOfHead: status !== undefined && isOfHead(of, head, status),
    since: since === null ? undefined : Date.parse(since),
  }
}

function imageFacts({ previews }: Previewed, row: PreviewRow, now: number): ImageFacts | undefined {
  if (!previews.images) return undefined
  const { images = {}, waits = '', waitsSince } = row
  const since = waitsSince === undefined ? now : Date.parse(waitsSince)
  const lateSince = waits !== '' && now - since >= previews.images.timeoutMs ? since : undefined
  return { used: Object.values(images).sort(), waits, lateSince }
}

/** Where the pull requests are those of images, the manifests have commits of their own. */
function isOfHead({ previews }: Previewed, head: string, { commit, head: newest, stage }: AppStatus): boolean {
  if (!previews.images) return commit === head
  return commit !== '' && commit === newest && !['fetching', 'reading', 'comparing'].includes(stage)
}

/** Where the Ingresses of a preview are reached; nowhere, where nothing serves them. */
function addressesOf(of: Previewed, id: string, untrusted: boolean, parts: PreviewReportParts): PreviewAddress[] {
  const { wanted, settings } = parts
  const { mode, ingress } = settings.network
  if (mode === 'names') return []
  const production = new Set(hostsIn(of.namespace, wanted).map((host) => hostIn(of, id, host)))
  const found = new Map<string, PreviewAddress>()
  for (const { spec } of wanted.inNamespace('Ingress', previewName(of.name, id))) {
    const secure = new Set(spec.tls?.flatMap(({ hosts = [] }) => hosts))
    for (const { host } of spec.rules ?? []) {
      if (host === undefined) continue
      const [scheme, usual, port] = secure.has(host)
        ? ['https', 443, ingress.httpsPort]
        : ['http', 80, ingress.httpPort]
      if (port === 0) continue
      const url = `${scheme}://${host}${port === usual ? '' : `:${port}`}`
      found.set(url, { url, known: !untrusted || production.has(host) })
    }
  }
  return [...found.values()].sort((a, b) => (a.url < b.url ? -1 : 1))
}

function hostsIn(namespace: string, wanted: Wanted): string[] {
  return wanted
    .inNamespace('Ingress', namespace)
    .flatMap(({ spec }) => spec.rules?.flatMap(({ host = [] }) => host) ?? [])
}

function hostIn({ previews }: Previewed, id: string, host: string): string {
  return previews.hostTemplate.replaceAll('{{id}}', id).replaceAll('{{host}}', host)
}
