// What holds for the Application that a preview is. Part of the corridor beside engine.ts.
import { keyParts } from './base/key.ts'
import { noRollback } from './manifests/config-delivery.ts'
import { ownStorage } from './preview/claims.ts'
import { previewName } from './preview/names.ts'
import type { PreviewRules } from './preview/rules.ts'
import type { PreviewOrder } from './previewing.ts'
import { defaultClass } from './reconcile/plan/provision.ts'
import type { Wanted } from './reconcile/wanted.ts'
import type { ApplicationSettings, EngineSettings, PreviewSettings } from './settings.ts'

export type Previewed = ApplicationSettings & { readonly previews: PreviewSettings }

export function hasPreviews(settings: ApplicationSettings): settings is Previewed {
  return settings.previews !== undefined
}

/** Of the pull requests that have previews: a name without `refs/heads/`, as forges say it. */
export function targetBranchOf({ revision, previews }: Previewed): string {
  return previews.targetBranch ?? revision.replace(/^refs\/heads\//, '')
}

/** Whose signature counts, counts for previews, too. */
export function settingsOf(of: Previewed, { id, branch }: PreviewOrder, name: string): ApplicationSettings {
  return {
    ...of,
    ...{ name, revision: branch, namespace: previewName(of.name, id), podSecurity: of.previews.podSecurity },
    ...{ prune: true, pruneBudget: '100%', selfHeal: true, rollback: noRollback },
    ...{ forge: undefined, notes: false, previews: undefined },
  }
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
