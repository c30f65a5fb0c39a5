import { unhonoured } from '../fields.ts'
import { found } from '../found.ts'
import { CronJob as validate } from '../generated/validators.js'
import { dnsNameFault } from '../names.ts'
import { reportFault } from '../review.ts'
import { scheduleFault, timeZoneFault } from '../schedule.ts'
import { completeJobSpec, reviewJobSpec } from './job-spec.ts'
import type { KindRow } from './kind.ts'
import { reviewLabels, reviewMetadata } from './metadata.ts'
import { reviewRules } from './rules.ts'

/** Its jobs add 11 characters, and a pod's label holds a job's name. */
const longestName = 52

export const cronJob: KindRow<'CronJob'> = {
  scope: 'Namespaced',
  validate,
  review({ metadata, spec }, review) {
    reviewMetadata(metadata, dnsNameFault, review)
    if (metadata.name.length > longestName) {
      review.problem(['metadata', 'name'], `expected at most ${longestName} characters, found ${metadata.name.length}`)
    }
    reviewRules(unhonoured('CronJob.spec', spec), ['spec'], review)
    const { schedule, timeZone, jobTemplate } = spec
    reportFault(review, ['spec', 'schedule'], scheduleFault(schedule), found(schedule))
    if (timeZone !== undefined) reportFault(review, ['spec', 'timeZone'], timeZoneFault(timeZone), found(timeZone))
    const at = ['spec', 'jobTemplate']
    if (jobTemplate.metadata) reviewLabels(jobTemplate.metadata, [...at, 'metadata'], review)
    reviewJobSpec(jobTemplate.spec, [...at, 'spec'], review)
  },
  complete(object) {
    const { jobTemplate } = object.spec
    return {
      ...object,
      spec: { ...object.spec, jobTemplate: { ...jobTemplate, spec: completeJobSpec(jobTemplate.spec) } },
    }
  },
}
