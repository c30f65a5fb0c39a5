import { stableText } from '../../base/hash.ts'
import type { PodSpec } from '../../manifests/types.ts'
import type { LivePod } from '../../runtime/live.ts'
import type { Template, TemplateVolume } from './desired.ts'
import { progressOf } from './progress.ts'

type Volume = NonNullable<PodSpec['volumes']>[number]

/** Whether we write what is in it. */
export function isFilled({ configMap, secret, projected, downwardAPI }: Volume): boolean {
  return (configMap ?? secret ?? projected ?? downwardAPI) !== undefined
}

/** Kept in memory: empty again once its sandbox has ended. */
function isSecret({ secret, projected }: Volume): boolean {
  return secret !== undefined || (projected?.sources ?? []).some((source) => source.secret !== undefined)
}

/** Labels and annotations in it are those of the pod's own template. */
function tellsOfPod({ downwardAPI, projected }: Volume): boolean {
  return downwardAPI !== undefined || (projected?.sources ?? []).some((source) => source.downwardAPI !== undefined)
}

/**
 * What the wanted template has for a volume of a pod that exists; undefined: nothing. A pod of an old template has a share in it only where
 * both name the same source: `conf-1` must not become `conf-2` under a program that does not know it.
 */
export function sourceOf(template: Template, pod: LivePod, name: string): TemplateVolume | undefined {
  const found = template.volumes.find(({ volume }) => volume.name === name && volume.kind === 'files')
  if (!found || pod.template === template.hash) return found
  const definitions = [pod.spec, template.spec].map((spec) => spec?.volumes?.find((volume) => volume.name === name))
  const [own, wanted] = definitions
  if (!own || !wanted || tellsOfPod(own)) return undefined
  return stableText(own) === stableText(wanted) ? found : undefined
}

/** A volume that holds nothing although we fill it; no container may start with it. */
interface Empty {
  readonly volume: string
  /** Nobody knows any more what was in it, as against: what is to be in it is missing now. */
  readonly forGood: boolean
}

/** Only of a pod whose sandbox was started and nothing in it: what has started found its files. */
function emptyFiles(pod: LivePod, template: Template, now: number): readonly Empty[] {
  const { sandbox } = pod
  const filled = (pod.spec?.volumes ?? []).filter((volume) => isFilled(volume) && !isClaimed(volume, template))
  if (!sandbox || filled.length === 0 || progressOf(pod, now).started) return []
  const ranBefore = pod.containers.concat(pod.leftovers).some(({ startedAt }) => startedAt !== 0)
  return filled.flatMap((volume) => {
    const { name } = volume
    const source = sourceOf(template, pod, name)
    const known = pod.contents.has(name)
    const kept = isSecret(volume) ? known && sandbox.state === 'running' : known || ranBefore
    return kept || source?.contents ? [] : [{ volume: name, forGood: source === undefined }]
  })
}

export function emptiedForGood(pod: LivePod, template: Template, now: number): boolean {
  return emptyFiles(pod, template, now).some(({ forGood }) => forGood)
}

/** A claim of a StatefulSet has taken its name. */
function isClaimed({ name }: Volume, template: Template): boolean {
  const claimed = template.volumes.some(({ volume, claim }) => volume.name === name && claim !== undefined)
  return claimed && (template.spec.volumes ?? []).some((volume) => volume.name === name && isFilled(volume))
}

/** Why the next containers of a pod cannot be started, or made, now; empty: its configuration is there. */
export function configWait(pod: LivePod, template: Template, now: number): string {
  const empty = emptyFiles(pod, template, now).length > 0
  const unset = template.missingVariables.length > 0 && pod.template === template.hash
  const makes = unset && progressOf(pod, now).missing.length > 0
  return empty || makes ? configFault(template.missing) : ''
}

/** What Kubernetes says of a pod whose references find nothing; empty: they do. */
export function configFault(missing: readonly string[]): string {
  return missing.length > 0 ? `CreateContainerConfigError: ${missing.join(', ')} not found` : ''
}
