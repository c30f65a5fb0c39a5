import type { ManifestObject } from '../manifests/types.ts'

/** What holds for all objects of one preview, whatever its pull request says. */
export interface PreviewRules {
  /** `pr-12` */
  readonly id: string
  readonly namespace: string
  /** Namespaces that the application has in production: objects of these go into the preview's. */
  readonly ownNamespaces: ReadonlySet<string>
  /** Its author may not write to the repository, and nobody who may has approved it. */
  readonly untrusted: boolean
  /** With `{{id}}` and `{{host}}`: what becomes of the host of an Ingress. */
  readonly hostTemplate: string
  /** Host of an Ingress that names none; undefined: such an Ingress is refused. */
  readonly defaultHost: string | undefined
  /** Of pods and Services of all namespaces: `10.244.0.0/14`. */
  readonly clusterRanges: readonly string[]
  /** Limits of the whole preview, as in a ResourceQuota. */
  readonly quota: Readonly<Record<string, string>>
  /** Absent: there is neither a StorageClass nor a PersistentVolume in any repository. */
  readonly storage?: OwnStorage | undefined
}

/** Where the volumes of a preview may come from. */
export interface OwnStorage {
  /** Classes that give each namespace data of its own. */
  readonly classes: ReadonlySet<string>
  /** The class of claims that name none. */
  readonly usual: string
}

/** Takes what is said of one object. `path` is a place in the object, '' for all of it. */
export interface Remarks {
  /** It cannot be in a preview: nothing of the preview is run. */
  refuse(path: string, message: string): void
  /** It is left out, or changed, in a way that its author may not expect. */
  leaveOut(path: string, reason: string): void
}

/** What becomes of an object in a preview; undefined: it has no place there. */
export type Isolate<O extends ManifestObject> = (
  object: O,
  rules: PreviewRules,
  remarks: Remarks,
) => ManifestObject | undefined
