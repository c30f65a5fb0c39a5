import type { Box } from './fake-docker.ts'
import { isReady } from './fake-pods.ts'
import type { Truth } from './truth.ts'

/** Watches the order in which the containers of pods start, and that no ordinal runs twice. */
export class Starts {
  readonly #truth: Truth
  /** `<sandbox>/<init container>` -> tick of its last good end. */
  readonly #passed = new Map<string, number>()
  /** Sandbox -> tick at which a main container of it began last. */
  readonly #mains = new Map<string, number>()

  constructor(truth: Truth) {
    this.#truth = truth
  }

  ended(box: Box): void {
    const sandbox = this.#truth.sandboxOf(box)
    if (sandbox && box.exitCode === 0) this.#passed.set(`${sandbox.id}/${box.name}`, this.#truth.clock.ticks())
  }

  /** Answers the broken rule. */
  started(box: Box): string | undefined {
    const sandbox = this.#truth.sandboxOf(box)
    if (!sandbox?.sandbox || box.name === '') return undefined
    const twin = this.#twinOf(box)
    if (twin) return `${box.pod} runs on ${twin.host} and is started on ${box.host}`
    const { containers } = sandbox.sandbox.spec
    const main = containers.some(({ name }) => name === box.name)
    // If the clock was set back in its time, nobody can tell what came first.
    const told = !this.#truth.clock.wasSetBackSince(sandbox.createdTick)
    const problem = told ? (main ? this.#mainProblem(box, sandbox) : this.#initProblem(box, sandbox)) : undefined
    if (main) this.#mains.set(sandbox.id, this.#truth.clock.ticks())
    return problem
  }

  /** Names of pods of a StatefulSet are for one at a time. */
  #twinOf(box: Box): Box | undefined {
    if (!box.mark.owner.startsWith('StatefulSet/')) return undefined
    const all = this.#truth.boxesOf(box.mark.owner)
    return all.find(
      ({ id, name, pod, state }) => id !== box.id && name === box.name && pod === box.pod && state === 'running',
    )
  }

  #mainProblem(box: Box, sandbox: Box): string | undefined {
    if ((this.#mains.get(sandbox.id) ?? -1) >= sandbox.startedTick) return undefined
    for (const { name, restartPolicy } of sandbox.sandbox?.spec.initContainers ?? []) {
      if (restartPolicy !== 'Always') {
        const passed = this.#passed.get(`${sandbox.id}/${name}`) ?? -1
        if (passed < sandbox.startedTick) return `${box.name} of ${box.pod} is started before ${name} has ended well`
        continue
      }
      const sidecar = this.#truth.containerOf(sandbox, name)
      if (!sidecar || !isReady(sidecar, this.#truth.clock)) {
        return `${box.name} of ${box.pod} is started before sidecar ${name}`
      }
    }
    return undefined
  }

  #initProblem(box: Box, sandbox: Box): string | undefined {
    const init = sandbox.sandbox?.spec.initContainers?.find(({ name }) => name === box.name)
    if (!init || init.restartPolicy === 'Always') return undefined
    const main = sandbox.sandbox?.spec.containers
      .map(({ name }) => this.#truth.containerOf(sandbox, name))
      .find((one) => one?.state === 'running')
    return main && `${box.name} of ${box.pod} is started while ${main.name} runs`
  }
}
