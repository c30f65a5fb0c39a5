// Jobs and CronJobs whose pods write down that they ran.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { testImages } from '../support/images.ts'
import { TestBerth } from './berth.ts'

export const sleep = 'exec sleep 100000'

export interface JobsBerth {
  readonly berth: TestBerth
  /** Names of the pods that ran, of those that begin so. */
  ran(prefix: string): string[]
  job(name: string, script: string, more?: string): string
  cronJob(name: string, script: string, more?: string): string
  objectOf(name: string): ReturnType<typeof objectOf>
}

export function jobsBerth(name: string): JobsBerth {
  const berth = new TestBerth(name)
  const file = join(berth.dir, 'ran')
  writeFileSync(file, '')
  return {
    berth,
    ran: (prefix) =>
      readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line.startsWith(prefix))
        .sort(),
    job: (name, script, more = '') =>
      `apiVersion: batch/v1\nkind: Job\nmetadata: { name: ${name} }\nspec: ${jobSpec(file, script, more)}`,
    cronJob: (name, script, more = '') =>
      `apiVersion: batch/v1\nkind: CronJob\nmetadata: { name: ${name} }\n` +
      `spec:\n  schedule: '@every 1s'\n  ${more}\n  jobTemplate:\n    spec: ${jobSpec(file, script)}`,
    objectOf: (name) => objectOf(berth, name),
  }
}

/** The spec of a Job whose pods write down that they ran, and then do this. */
function jobSpec(file: string, script: string, more = ''): string {
  return `{ ${more} template: { spec: {
        restartPolicy: Never, terminationGracePeriodSeconds: 1,
        containers: [{ name: main, image: ${testImages.one}, volumeMounts: [{ name: ran, mountPath: /ran }],
          command: [sh, -c, 'echo $(hostname) $JOB_COMPLETION_INDEX >> /ran; ${script}'] }],
        volumes: [{ name: ran, hostPath: { path: ${file}, type: File } }] } } }
---
`
}

async function objectOf(berth: TestBerth, name: string) {
  return (await berth.status()).objects.find((object) => object.name === name)
}
