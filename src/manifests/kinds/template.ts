import { found } from '../found.ts'
import type { Path } from '../position.ts'
import type { Review } from '../review.ts'
import { matchesSelector, selectorFault } from '../selector.ts'
import type { LabelSelector, PodTemplateSpec } from '../types.ts'
import { reviewLabels } from './metadata.ts'
import { completePodSpec, reviewPodSpec } from './pod-spec.ts'

/** The selector and the pod template of what keeps several pods. */
export function reviewTemplate(selector: LabelSelector, template: PodTemplateSpec, review: Review): void {
  const at: Path = ['spec', 'template']
  // Written without metadata, it is absent here.
  const metadata = (template as Partial<PodTemplateSpec>).metadata ?? {}
  reviewLabels(metadata, [...at, 'metadata'], review)
  reviewPodSpec(template.spec, [...at, 'spec'], review)
  const { restartPolicy } = template.spec
  if (restartPolicy !== undefined && restartPolicy !== 'Always') {
    review.problem([...at, 'spec', 'restartPolicy'], `expected Always, found ${found(restartPolicy)}`)
  }
  const fault = selectorFault(selector)
  if (fault) {
    review.problem(['spec', 'selector', ...fault.path], fault.message)
    return
  }
  if (Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length === 0) {
    review.problem(['spec', 'selector'], 'expected at least one label, found none')
  } else if (!matchesSelector(selector, metadata.labels ?? {})) {
    review.problem([...at, 'metadata', 'labels'], 'expected labels that spec.selector matches, found others')
  }
}

export function completeTemplate(template: PodTemplateSpec): PodTemplateSpec {
  return { ...template, spec: completePodSpec(template.spec) }
}
