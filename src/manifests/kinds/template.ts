import { found, oneOf } from '../found.ts'
import type { Path } from '../position.ts'
import type { Review } from '../review.ts'
import { matchesSelector, selectorFault } from '../selector.ts'
import type { LabelSelector, PodTemplateSpec } from '../types.ts'
import { reviewLabels } from './metadata.ts'
import { completePodSpec, reviewPodSpec } from './pod-spec.ts'

const at: Path = ['spec', 'template']

/** The selector and the pod template of what keeps several pods. `claims`: names of volumes that are added to each pod. */
export function reviewTemplate(
  selector: LabelSelector,
  template: PodTemplateSpec,
  review: Review,
  claims: readonly string[] = [],
): void {
  reviewPods(template, ['Always'], at, review, claims)
  if (template.spec.activeDeadlineSeconds !== undefined) {
    review.problem(
      [...at, 'spec', 'activeDeadlineSeconds'],
      'expected nothing where pods are kept running, found a deadline',
    )
  }
  const fault = selectorFault(selector)
  if (fault) {
    review.problem(['spec', 'selector', ...fault.path], fault.message)
    return
  }
  const { labels = {} } = metadataOf(template)
  if (Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length === 0) {
    review.problem(['spec', 'selector'], 'expected at least one label, found none')
  } else if (!matchesSelector(selector, labels)) {
    review.problem([...at, 'metadata', 'labels'], 'expected labels that spec.selector matches, found others')
  }
}

/** A pod template. `restartPolicies`: those that make sense for its owner. */
export function reviewPods(
  template: PodTemplateSpec,
  restartPolicies: readonly string[],
  path: Path,
  review: Review,
  claims: readonly string[] = [],
): void {
  reviewLabels(metadataOf(template), [...path, 'metadata'], review)
  reviewPodSpec(template.spec, [...path, 'spec'], review, claims)
  // Before defaults it may be absent.
  const { restartPolicy = 'Always' }: Partial<PodTemplateSpec['spec']> = template.spec
  if (!restartPolicies.includes(restartPolicy)) {
    const message = `expected ${oneOf(restartPolicies)}, found ${found(template.spec.restartPolicy)}`
    review.problem([...path, 'spec', 'restartPolicy'], message)
  }
}

/** Written without metadata, a template has none yet. */
export function metadataOf(template: PodTemplateSpec): PodTemplateSpec['metadata'] {
  return (template as Partial<PodTemplateSpec>).metadata ?? {}
}

export function completeTemplate(template: PodTemplateSpec): PodTemplateSpec {
  return { ...template, spec: completePodSpec(template.spec) }
}
