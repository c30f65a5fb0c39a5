import { filled, standIns } from './containers.ts'

export const jobNameLabel = 'batch.kubernetes.io/job-name'
export const completionIndexKey = 'batch.kubernetes.io/job-completion-index'
export const scheduledKey = 'batch.kubernetes.io/cronjob-scheduled-timestamp'

/** What pods of one job are known by. */
export interface JobMarks {
  readonly namespace: string
  readonly job: string
  /** When it was due, ms, of a CronJob's runs. */
  readonly scheduled: number | undefined
}

/** What the pods of a job carry besides their template's labels and annotations. */
export function jobIdentity({ namespace, job, scheduled }: JobMarks) {
  const uid = filled(standIns.uid, { host: '', namespace, name: job })
  const labels: Record<string, string> = {
    [jobNameLabel]: job,
    'job-name': job,
    'batch.kubernetes.io/controller-uid': uid,
    'controller-uid': uid,
  }
  const annotations: Record<string, string> = scheduled === undefined ? {} : { [scheduledKey]: secondText(scheduled) }
  return { labels, annotations }
}

/** `2026-01-31T06:00:00Z` */
export function secondText(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z')
}

const longestName = 63

/**
 * `migrate-<hash>-0`, `work-3-<hash>-0` for index 3, `backup-29432160-<hash>-0` for a run of a CronJob. Of a long name the first part
 * is cut: the hash tells owners apart, and what tells pods of one owner apart stays.
 */
export function jobPodName(
  owner: string,
  run: number | undefined,
  index: number | undefined,
  hash: string,
  attempt: number,
): string {
  const parts = [run, index].filter((part) => part !== undefined)
  const ending = [...parts, hash, attempt].map((part) => `-${part}`).join('')
  const start = owner.replaceAll('.', '-').slice(0, longestName - ending.length)
  return `${start.replace(/-+$/, '')}${ending}`
}

/** The name's part before the hash ends with the index. */
export function indexOfName(podName: string): number | undefined {
  const index = /-([0-9]+)-[a-z0-9]+-[0-9]+$/.exec(podName)?.[1]
  return index === undefined ? undefined : Number(index)
}

/**
 * Minutes since 1970 of the run that a pod of a CronJob belongs to. After the owner's name, if that is not cut, they stand first, whether
 * its jobs were indexed then or not.
 */
export function runOfName(owner: string, podName: string, indexed: boolean): number | undefined {
  const start = `${owner.replaceAll('.', '-')}-`
  const whole = podName.startsWith(start) ? /^([0-9]+)-/.exec(podName.slice(start.length))?.[1] : undefined
  const pattern = indexed ? /-([0-9]+)-[0-9]+-[a-z0-9]+-[0-9]+$/ : /-([0-9]+)-[a-z0-9]+-[0-9]+$/
  const run = whole ?? pattern.exec(podName)?.[1]
  return run === undefined ? undefined : Number(run)
}

/** What tells the pods of an Indexed Job apart. */
export function indexIdentity(job: string, index: number) {
  const marks = { [completionIndexKey]: String(index) }
  const hostname = `${job.replaceAll('.', '-').slice(0, longestName - String(index).length - 1)}-${index}`
  return { labels: marks, annotations: marks, hostname }
}
