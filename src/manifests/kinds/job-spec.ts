import { unhonoured } from '../fields.ts'
import { found } from '../found.ts'
import type { Path } from '../position.ts'
import type { Review } from '../review.ts'
import type { JobSpec } from '../types.ts'
import { completeFailurePolicy, reviewFailurePolicy, reviewSuccessPolicy } from './job-policies.ts'
import { reviewRules } from './rules.ts'
import { completeTemplate, reviewPods } from './template.ts'

const mostIndexedAtOnce = 100_000
const defaultBackoffLimit = 6
const noLimit = 2 ** 31 - 1

/** `written`: before defaults. */
export function reviewJobSpec(written: JobSpec, path: Path, review: Review): void {
  reviewRules(unhonoured('Job.spec', written), path, review)
  reviewPods(written.template, ['OnFailure', 'Never'], [...path, 'template'], review)
  const { completionMode, completions, parallelism, backoffLimitPerIndex, maxFailedIndexes, podReplacementPolicy } =
    written
  const indexed = completionMode === 'Indexed'
  if (indexed && completions === undefined) {
    review.problem([...path, 'completions'], 'expected a number for the completionMode Indexed, found nothing')
  }
  if (indexed && (parallelism ?? 1) > mostIndexedAtOnce) {
    review.problem(
      [...path, 'parallelism'],
      `expected at most ${mostIndexedAtOnce} for Indexed, found ${found(parallelism)}`,
    )
  }
  if (backoffLimitPerIndex !== undefined) {
    if (!indexed) review.problem([...path, 'backoffLimitPerIndex'], 'expected the completionMode Indexed beside it')
    if (written.template.spec.restartPolicy !== 'Never') {
      review.problem([...path, 'backoffLimitPerIndex'], 'expected the restartPolicy Never beside it')
    }
  }
  if (maxFailedIndexes !== undefined) {
    const at = [...path, 'maxFailedIndexes']
    if (backoffLimitPerIndex === undefined) review.problem(at, 'expected backoffLimitPerIndex beside it, found nothing')
    if (completions !== undefined && maxFailedIndexes > completions) {
      review.problem(at, `expected at most completions, which is ${completions}, found ${found(maxFailedIndexes)}`)
    }
  }
  if (written.podFailurePolicy && podReplacementPolicy && podReplacementPolicy !== 'Failed') {
    const message = `expected Failed beside podFailurePolicy, found ${found(podReplacementPolicy)}`
    review.problem([...path, 'podReplacementPolicy'], message)
  }
  reviewFailurePolicy(written, [...path, 'podFailurePolicy'], review)
  reviewSuccessPolicy(written, [...path, 'successPolicy'], review)
}

/** One pod at a time and one in all, unless `parallelism` alone says that there is no fixed number (a work queue). */
export function completeJobSpec(spec: JobSpec): JobSpec {
  // Filled in here, these are absent as yet where nobody wrote them.
  const { parallelism, backoffLimit, podFailurePolicy }: Partial<JobSpec> = spec
  const once = spec.completions === undefined && parallelism === undefined
  return {
    ...spec,
    ...(once ? { completions: 1 } : {}),
    parallelism: parallelism ?? 1,
    backoffLimit: backoffLimit ?? (spec.backoffLimitPerIndex === undefined ? defaultBackoffLimit : noLimit),
    podReplacementPolicy: spec.podReplacementPolicy ?? (podFailurePolicy ? 'Failed' : 'TerminatingOrFailed'),
    ...(podFailurePolicy ? { podFailurePolicy: completeFailurePolicy(podFailurePolicy) } : {}),
    template: completeTemplate(spec.template),
  }
}
