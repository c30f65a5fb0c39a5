import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { renderProblem } from '../../src/manifests/problem.ts'
import type { AppStatus } from '../../src/report/status.ts'
import { runningEngine } from '../../src/server/state-dir.ts'
import { TestBerth } from '../../test/e2e/berth.ts'
import { documentsOf, type Folder } from './folders.ts'
import { prepare } from './stubs.ts'

export interface Deployed {
  readonly folder: string
  readonly outcome: 'ready' | 'waiting' | 'refused'
  /** What it waits for; empty when it is ready. */
  readonly why: string
  readonly seconds: number
}

/** Stand-ins are no real programs: what fails only because of that says nothing about Berth. */
const pitfalls: readonly { readonly what: string; readonly sign: RegExp }[] = [
  {
    what: 'its command is not in the stand-in image',
    sign: /no such file or directory|executable file not found|exit code 127|exit code 126/,
  },
  {
    what: 'its script needs what the image would bring',
    sign: /ended: Error|CrashLoopBackOff.*(Error|Completed), exit code|BackoffLimitExceeded/,
  },
  { what: 'its probe runs a program of the image', sign: /exec.*(exit code|not found)|probe: command/ },
  {
    what: 'its autoscaler has no figures yet',
    sign: /^HorizontalPodAutoscaler [^;]*no figures of \w+ yet[^;]*(; \w+ <unknown>[^;]*)?$/,
  },
  { what: 'it asks for more than the host has', sign: /Insufficient (cpu|memory)/ },
  { what: 'it asks for a host that is not there', sign: /hosts? fits?: .*(selector|affinity|taint|topology|port)/ },
  { what: 'it waits for a Service, which has no address yet', sign: /init container \S+ runs/ },
  { what: 'it reads what is not in its folder', sign: /CreateContainerConfigError|not found/ },
  { what: 'this engine may not run privileged containers', sign: /unable to apply caps/ },
  { what: 'the engine takes no memory limit below 6 MB', sign: /[Mm]inimum memory limit/ },
  { what: 'its image name is none', sign: /invalid reference format|ErrImagePull|ImagePullBackOff/ },
]

/** Why a folder cannot become ready here whatever Berth does; empty: no such reason. */
export function pitfallOf(why: string): string {
  return pitfalls.find(({ sign }) => sign.test(why))?.what ?? ''
}

/** Loads stand-ins for all images, made from one static program. */
export function loadStubs(images: readonly string[], socket: string): void {
  const script = new URL('../stub/build-images', import.meta.url).pathname
  const input = [...new Set(images)].map((image) => `${image} -\n`).join('')
  const made = spawnSync('bash', [script], { input, encoding: 'utf8', env: { ...process.env, DOCKER_HOST: socket } })
  if (made.status !== 0) throw new Error(`stand-in images could not be made: ${made.stderr}`)
}

/** The images of a folder's workloads, as the deployment will ask for them. */
export function imagesOf(folder: Folder): string[] {
  return folder.files.flatMap((file) => documentsOf(file).flatMap(prepare))
}

/** Puts a folder into a repository of its own, lets Berth run it until it is ready or the time is over, and removes all. */
export async function deploy(folder: Folder, index: number, socket: string, timeoutMs: number): Promise<Deployed> {
  const began = Date.now()
  const berth = new TestBerth(`corpus-${index}`, socket)
  const done = (outcome: Deployed['outcome'], why: string): Deployed => ({
    ...{ folder: folder.path, outcome, why, seconds: Math.round((Date.now() - began) / 1000) },
  })
  try {
    const documents = folder.files.flatMap(documentsOf)
    for (const document of documents) prepare(document)
    const text = documents.map((document) => stringify(document, { version: '1.1' })).join('---\n')
    const commit = berth.repository.commit('Run it', { 'app/all.yaml': text })
    berth.start('--pod-security', 'privileged')
    await serves(berth)
    const last = await lastStatus(berth, commit, timeoutMs)
    if (last === undefined) return done('waiting', `berth did not answer: ${berth.log.slice(-300)}`)
    if (last.sync === 'Refused') return done('refused', last.problems.map(renderProblem).join('; ') || last.message)
    return isReady(last, commit) ? done('ready', '') : done('waiting', whyOf(last))
  } finally {
    await berth.close()
  }
}

/** Before the engine's own server answers, reports would come from a command that knows none of the engine's flags. */
async function serves(berth: TestBerth): Promise<void> {
  const end = Date.now() + 30_000
  while (Date.now() < end && !runningEngine(join(berth.dir, 'state'))?.address) {
    await new Promise((done) => setTimeout(done, 50))
  }
}

/** The report once it is good, refused, or the time is over. */
async function lastStatus(berth: TestBerth, commit: string, timeoutMs: number): Promise<AppStatus | undefined> {
  let last: AppStatus | undefined
  const ended = (app: AppStatus): boolean => {
    last = app
    return isReady(app, commit) || app.sync === 'Refused'
  }
  await berth.until('ready', ended, timeoutMs).catch(() => undefined)
  return last
}

function isReady(app: AppStatus, commit: string): boolean {
  return app.commit === commit && app.sync === 'Synced' && (app.health === 'Healthy' || app.health === 'Suspended')
}

function whyOf({ objects, message }: AppStatus): string {
  const bad = objects.filter(
    ({ sync, health }) => sync !== 'Synced' || (health !== 'Healthy' && health !== 'Suspended'),
  )
  return bad.map((object) => `${object.kind} ${object.name}: ${object.message}`).join('; ') || message
}
