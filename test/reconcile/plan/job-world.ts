// Small factories for tests of Jobs and CronJobs.
import type { CronJobSpec, JobSpec, PodSpec } from '../../../src/manifests/types.ts'
import type { Plan } from '../../../src/reconcile/plan/action.ts'
import type { DesiredCronJob, DesiredJob, Template } from '../../../src/reconcile/plan/desired.ts'
import { indexOfName, jobIdentity } from '../../../src/reconcile/plan/job-identity.ts'
import { jobPodTemplate } from '../../../src/reconcile/plan/job-template.ts'
import { renderPlan } from '../../../src/reconcile/plan/render.ts'
import { resolveTemplate } from '../../../src/reconcile/plan/template.ts'
import type { LivePod, LiveVolume } from '../../../src/runtime/live.ts'
import { ended, now, type PodChanges, pod, podSpec } from './world.ts'

export function jobSpec(changes: Partial<JobSpec> = {}, spec: Partial<PodSpec> = {}): JobSpec {
  return {
    backoffLimit: 6,
    completionMode: 'NonIndexed',
    parallelism: 1,
    suspend: false,
    podReplacementPolicy: 'TerminatingOrFailed',
    completions: 1,
    template: { metadata: {}, spec: podSpec({ restartPolicy: 'Never', ...spec }) },
    ...changes,
  }
}

/** A spec without a fixed number of completions. */
export function workQueue(changes: Partial<JobSpec>): JobSpec {
  const { completions: _none, ...spec } = jobSpec(changes)
  return spec
}

/** The template's hash is the given word. */
export function jobTemplateOf(spec: JobSpec, hash: string): Template {
  return { ...resolveTemplate(jobPodTemplate(spec), 'shop', 'Job/work', () => undefined), hash }
}

export function job(spec: JobSpec, hash = 'aaa'): DesiredJob {
  return {
    kind: 'Job',
    object: { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'work', namespace: 'shop' }, spec },
    template: jobTemplateOf(spec, hash),
    app: 'demo',
    commit: 'c2',
    since: now - 200_000,
  }
}

export type CronChanges = Partial<CronJobSpec> & { readonly since?: number; readonly hash?: string }

export function cronJob({ since = now - 3_600_000, hash = 'aaa', ...changes }: CronChanges = {}): DesiredCronJob {
  const spec: CronJobSpec = {
    schedule: '*/10 * * * *',
    concurrencyPolicy: 'Allow',
    suspend: false,
    successfulJobsHistoryLimit: 3,
    failedJobsHistoryLimit: 1,
    jobTemplate: { spec: jobSpec() },
    ...changes,
  }
  return {
    kind: 'CronJob',
    object: { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'backup', namespace: 'shop' }, spec },
    template: jobTemplateOf(spec.jobTemplate.spec, hash),
    app: 'demo',
    commit: 'c2',
    since,
  }
}

/** A pod of the Job `work`. */
export function jobPodOf(desired: DesiredJob, name: string, changes: PodChanges = {}): LivePod {
  const { labels, annotations } = jobIdentity({ namespace: 'shop', job: 'work', scheduled: undefined })
  const index = desired.object.spec.completionMode === 'Indexed' ? String(indexOfName(name)) : undefined
  const own = index === undefined ? {} : { 'batch.kubernetes.io/job-completion-index': index }
  return pod(desired.template, 0, {
    name,
    owner: 'Job/work',
    labels: { ...labels, ...own },
    annotations: { ...annotations, ...own },
    ...changes,
  })
}

/** A pod of the run of the CronJob `backup` that was due `agoMinutes` before the test's moment. */
export function runPod(desired: DesiredCronJob, scheduled: number, changes: PodChanges = {}): LivePod {
  const minutes = scheduled / 60_000
  const { hash } = desired.template
  return pod(desired.template, 0, {
    name: `backup-${minutes}-${hash}-0`,
    owner: 'CronJob/backup',
    ...jobIdentity({ namespace: 'shop', job: `backup-${minutes}`, scheduled }),
    createdAt: scheduled + 1000,
    ...changes,
  })
}

export const succeeded = (agoMs = 1000): PodChanges => ({ each: ended(0, agoMs) })
export const failed = (agoMs = 1000, exitCode = 1): PodChanges => ({ each: ended(exitCode, agoMs) })
export const leaving: PodChanges = { leaving: true, leavingSince: now - 1000 }

export function record(subject: string, detail: string, facts: Record<string, string> = {}): LiveVolume {
  return {
    host: 'local',
    name: `berth_${detail}`,
    app: 'demo',
    namespace: 'shop',
    subject,
    detail,
    facts: {
      outcome: 'Complete',
      reason: 'CompletionsReached',
      message: '',
      finishedAt: String(now - 60_000),
      succeeded: '1',
      failed: '0',
      ...facts,
    },
    driver: 'local',
    options: {},
    createdAt: now - 60_000,
  }
}

/** What is done, and what is said. */
export function told({ tasks, status }: Plan): string {
  const { sync, health, ready, message, failed: over } = status
  const line = [sync, health, over ? 'for good' : '', ready, message].filter((part) => part !== '').join(' ')
  return [line, renderPlan({ tasks })].filter((part) => part !== '').join('\n')
}
