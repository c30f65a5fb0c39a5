// What holds for the Application that a preview is. Part of the corridor beside engine.ts.
import { keyParts } from './base/key.ts'
import type { ManifestSet } from './manifests/check.ts'
import { objectKey } from './manifests/check.ts'
import { noRollback } from './manifests/config-delivery.ts'
import type { Problem } from './manifests/problem.ts'
import { ownStorage } from './preview/claims.ts'
import type { Wished } from './preview/misfit.ts'
import { previewAppName, previewName } from './preview/names.ts'
import type { PreviewRules } from './preview/rules.ts'
import { hasUnseenPorts } from './preview/unseen-ports.ts'
import type { PreviewOrder } from './previewing.ts'
import { defaultClass } from './reconcile/plan/provision.ts'
import { exceededByObjects } from './reconcile/plan/quota-objects.ts'
import type { Wanted } from './reconcile/wanted.ts'
import type { Runtime } from './runtime/port.ts'
import type { ApplicationSettings, EngineSettings, PreviewSettings } from './settings.ts'

export type Previewed = ApplicationSettings & { readonly previews: PreviewSettings }

export function hasPreviews(settings: ApplicationSettings): settings is Previewed {
  return settings.previews !== undefined
}

/** Of the pull requests that have previews: a name without `refs/heads/`, as forges say it. */
export function targetBranchOf({ revision, previews }: Previewed): string {
  return previews.targetBranch ?? revision.replace(/^refs\/heads\//, '')
}

/** Which pull requests may have previews. Where they are of another repository any branch will do, as manifests are not read from it. */
export function wishedOf(settings: Previewed): Wished {
  const { images, targetBranch, labels, drafts } = settings.previews
  return { targetBranch: images ? targetBranch : targetBranchOf(settings), labels, drafts }
}

/** Whose signature counts, counts for previews, too. */
export function settingsOf(of: Previewed, { id, branch }: PreviewOrder, name: string): ApplicationSettings {
  return {
    ...of,
    ...{
      name,
      revision: of.previews.images ? of.revision : branch,
      namespace: previewName(of.name, id),
      podSecurity: of.previews.podSecurity,
    },
    ...{ prune: true, pruneBudget: '100%', selfHeal: true, rollback: noRollback },
    ...{ forge: undefined, notes: false, previews: undefined },
  }
}

/** Why the namespace of a preview cannot be its own; empty: it can. */
function namespaceTaken(
  of: Previewed,
  id: string,
  { settings, wanted }: { readonly settings: EngineSettings; readonly wanted: Wanted },
): string {
  const [name, namespace] = [previewAppName(of.name, id), previewName(of.name, id)]
  const other = settings.applications.find((application) => application.namespace === namespace)?.name
  const owner = wanted
    .objectsIn(namespace)
    .map((object) => wanted.appOf(objectKey(object)))
    .find((app) => app !== undefined && app !== name)
  const taker = other ?? owner
  return taker === undefined ? '' : `its namespace ${namespace} is one of application ${taker}`
}

/** Why there cannot be such a preview at the moment; empty: there can. */
export function obstacleTo(
  of: Previewed,
  { id, untrusted }: Pick<PreviewOrder, 'id' | 'untrusted'>,
  parts: Parameters<typeof namespaceTaken>[2] & { readonly runtime: Pick<Runtime, 'hostFacts'> },
): string {
  const taken = namespaceTaken(of, id, parts)
  const open = parts.runtime.hostFacts().filter(({ reachable, network }) => reachable && network.mode === 'names')
  if (taken !== '' || !untrusted || open.length === 0) return taken
  const hosts = open.map((host) => host.name).join(', ')
  return `on host ${hosts} nothing keeps it from the outside: those who may not write need network.mode services`
}

/** Nobody sees when something in the namespace of a preview is used, where that would be use. */
export function isUnseen(
  namespace: string,
  { settings, wanted }: { readonly settings: EngineSettings; readonly wanted: Wanted },
): boolean {
  return settings.network.mode !== 'names' && hasUnseenPorts(wanted.inNamespace('Service', namespace))
}

/** As production is now: the namespaces of its objects are those of the preview. */
export function rulesOf(
  { name, namespace, previews }: Previewed,
  { id, untrusted }: Pick<PreviewOrder, 'id' | 'untrusted'>,
  { settings, wanted }: { readonly settings: EngineSettings; readonly wanted: Wanted },
): PreviewRules {
  const { hostTemplate, host, quota } = previews
  const classes = wanted.inNamespace('StorageClass', '')
  const own = [...wanted.keys(name)].map((key) => keyParts(key).namespace).filter((one) => one !== '')
  return {
    ...{ id, untrusted, hostTemplate, quota, namespace: previewName(name, id) },
    ownNamespaces: new Set([namespace, ...own]),
    defaultHost: host?.replaceAll('{{id}}', id),
    clusterRanges: [settings.network.podCIDR, settings.network.serviceCIDR],
    storage: ownStorage(classes, wanted.inNamespace('PersistentVolume', ''), defaultClass(classes).metadata.name),
  }
}

/** What is more than the quota of a preview, besides pods, which are counted where they run: the quota itself would only tell of it. */
export function overQuota(objects: ManifestSet): readonly Problem[] {
  const all = [...objects.values()].map(({ object }) => object)
  const exceeded = all.flatMap((object) => (object.kind === 'ResourceQuota' ? exceededByObjects(object, all) : []))
  return exceeded.map((text) => {
    return { file: '', line: 0, path: '', message: `expected no more than spec.previews.quota allows, found ${text}` }
  })
}
