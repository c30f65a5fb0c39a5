// What Jobs and runs of CronJobs have really come to, however little of it is left.
import type { Action } from '../../src/reconcile/plan/action.ts'
import type { Desired, Workload } from '../../src/reconcile/plan/desired.ts'
import { completionIndexKey, jobNameLabel } from '../../src/reconcile/plan/job-identity.ts'
import type { SandboxSpec } from '../../src/runtime/port.ts'
import type { Box } from './fake-docker.ts'
import type { Truth } from './truth.ts'
import { Vanishing } from './vanishing.ts'

export function ownerOf(desired: Desired): string {
  return `${desired.kind}/${desired.object.metadata.name}`
}

/** `Job/migrate@<hash>`, `CronJob/tick@29432160`; what has its ends written down once. */
export function runOfSpec({ owner, template, labels }: Pick<SandboxSpec, 'owner' | 'template' | 'labels'>): string {
  return `${owner}@${owner.startsWith('CronJob/') ? minutesOf(labels) : template}`
}

function minutesOf(labels: Readonly<Record<string, string>>): string {
  return /[0-9]+$/.exec(labels[jobNameLabel] ?? '')?.[0] ?? ''
}

interface Run {
  /** Sandboxes whose program was started. */
  readonly begun: Set<string>
  readonly succeeded: Set<string>
  readonly indexes: Set<string>
  /** Given up, or a success of it was taken away by hand before it was written down, or a host with it cannot be asked. */
  lost: boolean
  /** Something of it was taken away by hand, or all of it by a parallelism of 0, as in Kubernetes: what is left of it is begun again. */
  torn: boolean
}

interface Member {
  readonly run: string
  readonly sandbox: string
  /** Of an Indexed job. */
  readonly index: string | undefined
}

const whole = { lost: false, torn: false }

/** Keeps the book of all runs, and tells when one is begun that must not be. */
export class Runs {
  readonly #truth: Truth
  readonly #runs = new Map<string, Run>()
  /** By container id: what is known of one that was removed, or whose sandbox was. */
  readonly #members = new Map<string, Member>()

  readonly #vanishing: Vanishing

  constructor(truth: Truth) {
    this.#truth = truth
    this.#vanishing = new Vanishing(truth, ({ sandbox }) => sandbox && runOfSpec(sandbox))
  }

  /** The object is wanted as it is now: runs of another template were given up. */
  wanted(desired: Desired): void {
    const owner = ownerOf(desired)
    if (desired.kind === 'CronJob') this.#vanishing.wanted(owner, desired)
    if (desired.kind === 'CronJob' && isPaused(desired)) {
      for (const [name, run] of this.#runs) if (name.startsWith(`${owner}@`)) run.torn = true
    }
    if (desired.kind !== 'Job') return
    for (const run of this.#runs.keys()) {
      if (run.startsWith(`${owner}@`) && run !== `${owner}@${desired.template.hash}`) this.#lose(run)
    }
  }

  gone(owner: string): void {
    this.#vanishing.excuse((box) => box.mark.owner === owner)
    for (const run of this.#runs.keys()) if (run.startsWith(`${owner}@`)) this.#lose(run)
  }

  #lose(name: string): void {
    const run = this.#runs.get(name)
    if (run) run.lost = true
  }

  /** An end that is written down is true, and no run goes without one. */
  check(action: Action, desired: Desired | undefined): string | undefined {
    const forgotten = this.#vanishing.check(action, desired, (run) => this.#isRecorded(run))
    if (forgotten || action.kind !== 'createVolume' || !desired) return forgotten
    const spec = jobSpecOf(desired)
    const { subject, detail, facts } = action.volume
    const run = this.#runs.get(`${subject}@${detail}`)
    if (!spec || run?.lost || facts.outcome !== 'Complete') return undefined
    const { completions = 1 } = spec
    const done = spec.completionMode === 'Indexed' ? run?.indexes.size : run?.succeeded.size
    return (done ?? 0) < completions
      ? `${subject} is Complete with ${done ?? 0} of ${completions} successes`
      : undefined
  }

  /** A container was started. Answers the broken rule. */
  started(box: Box, desired: Workload | undefined): string | undefined {
    const sandbox = this.#truth.sandboxOf(box)
    if (!isRunner(box) || !sandbox?.sandbox) return undefined
    const name = runOfSpec(sandbox.sandbox)
    const index = sandbox.sandbox.labels[completionIndexKey]
    this.#members.set(box.id, { run: name, sandbox: sandbox.id, index })
    if (this.#isRecorded(name)) return `${name} has ended, container ${box.name} of ${box.pod} is started`
    if (box.name !== 'app') return undefined
    const run = this.#take(name)
    const problem = run.begun.has(sandbox.id) ? undefined : this.#again(name, run, sandbox, desired)
    run.begun.add(sandbox.id)
    run.torn ||= desired !== undefined && isPaused(desired)
    return problem
  }

  /** What is known of a run; nothing yet, if it is a new one. */
  #take(name: string): Run {
    const run = this.#runs.get(name) ?? { begun: new Set(), succeeded: new Set(), indexes: new Set(), ...whole }
    this.#runs.set(name, run)
    return run
  }

  ended(box: Box): void {
    const member = this.#members.get(box.id)
    const run = this.#runs.get(member?.run ?? '')
    if (!run || !member || box.name !== 'app' || box.exitCode !== 0) return
    // It ends well without its sandbox, too, if that was removed by hand.
    if (this.#truth.sandboxOf(box)?.leaving) return
    run.succeeded.add(member.sandbox)
    if (member.index !== undefined) run.indexes.add(member.index)
  }

  /** Removed behind Berth's back. */
  takenAway(box: Box): void {
    const own = box.sandbox && { run: runOfSpec(box.sandbox), sandbox: box.id }
    const { run: name, sandbox } = own ?? this.#members.get(box.id) ?? { run: '', sandbox: '' }
    this.#vanishing.excuseRun(name)
    const run = this.#runs.get(name)
    if (!run || this.#isRecorded(name)) return
    run.torn = true
    if (run.succeeded.has(sandbox) && !this.#isRecorded(`${name}.${box.pod}`)) run.lost = true
  }

  /** What is on a host that nobody can ask is as good as lost. */
  hidden(): void {
    this.#vanishing.excuse(() => true)
    // Also runs whose programs are still to begin there.
    for (const { host, mark, sandbox } of this.#truth.boxes()) {
      if (sandbox && /^(?:Job|CronJob)\//.test(mark.owner) && this.#truth.isHidden(host)) this.#take(runOfSpec(sandbox))
    }
    for (const [name, run] of this.#runs) if (!this.#isRecorded(name)) run.lost = true
  }

  /** A pod begins for the first time: whether all was done already. */
  #again(name: string, run: Run, sandbox: Box, desired: Workload | undefined): string | undefined {
    const spec = desired && jobSpecOf(desired)
    if (run.lost || !spec) return undefined
    const { completions = 1 } = spec
    const index = sandbox.sandbox?.labels[completionIndexKey]
    if (index !== undefined && run.indexes.has(index))
      return `index ${index} of ${name} is begun again by ${sandbox.pod}`
    if (index === undefined && run.succeeded.size >= completions) {
      return `${name} has its ${completions} completions, ${sandbox.pod} is begun`
    }
    if (desired?.kind !== 'CronJob') return undefined
    if (run.begun.size > 0 && !run.torn && !this.#isThere(name, sandbox))
      return `${name} is begun anew by ${sandbox.pod}`
    if (desired.object.spec.concurrencyPolicy !== 'Forbid' || run.begun.size > 0) return undefined
    const other = this.#otherRun(name, sandbox)
    return other && `${name} is begun while ${other} runs`
  }

  /** Another pod of the run. */
  #isThere(name: string, but: Box): boolean {
    const pods = this.#truth.boxesOf(but.mark.owner).filter((box) => box.name === '' && box.id !== but.id)
    return pods.some((box) => box.sandbox && runOfSpec(box.sandbox) === name)
  }

  #otherRun(name: string, { mark }: Box): string | undefined {
    return this.#truth
      .sandboxes(mark.owner)
      .filter((box) => this.#truth.containerOf(box, 'app')?.state === 'running')
      .flatMap(({ sandbox }) => (sandbox ? [runOfSpec(sandbox)] : []))
      .find((run) => run !== name)
  }

  #isRecorded(run: string): boolean {
    const [owner = '', detail] = run.split('@')
    return this.#truth.volumesOf(owner).some(({ live }) => live.detail === detail && !this.#truth.isHidden(live.host))
  }
}

function jobSpecOf(desired: Desired) {
  if (desired.kind === 'Job') return desired.object.spec
  return desired.kind === 'CronJob' ? desired.object.spec.jobTemplate.spec : undefined
}

/** Its runs have no pods for now. */
function isPaused(desired: Desired): boolean {
  return jobSpecOf(desired)?.parallelism === 0
}

function isRunner({ mark, name }: Box): boolean {
  return name !== '' && /^(?:Job|CronJob)\//.test(mark.owner)
}
