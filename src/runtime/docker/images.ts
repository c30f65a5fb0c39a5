import type { Readable } from 'node:stream'
import type { Clock } from '../../base/clock.ts'
import { errorText, oneLine } from '../../base/errors.ts'
import { RuntimeError } from '../errors.ts'
import type { LivePull } from '../live.ts'
import type { RegistryAuth } from '../port.ts'
import type { HostApi } from './host-api.ts'
import { parseImage, referencesOf } from './image-names.ts'
import { authsFor, isRefusal, withoutSecrets } from './registry-auth.ts'
import { trailing } from './trailing.ts'
import { Turns } from './turns.ts'

/** A registry that sends nothing for this long counts as failed. */
const longestSilenceMs = 120_000
const pullsAtATime = 2

/** The images of one host, and the pulls that were asked for. */
export class Images {
  readonly #api: HostApi
  readonly #clock: Clock
  readonly #changed: () => void
  readonly #queue = new Turns(pullsAtATime)
  /** What previews ask for, and is not begun. */
  readonly #waiting = new Set<string>()
  readonly #pulls = new Map<string, LivePull>()
  readonly #running = new Map<string, Promise<void>>()
  #present: ReadonlyMap<string, string> = new Map()

  constructor(api: HostApi, clock: Clock, changed: () => void) {
    this.#api = api
    this.#clock = clock
    this.#changed = changed
  }

  /** References and ids -> id. */
  present(): ReadonlyMap<string, string> {
    return this.#present
  }

  pulls(): ReadonlyMap<string, LivePull> {
    return new Map(this.#pulls)
  }

  readonly refresh = trailing(() => this.#list())

  async #list(): Promise<void> {
    const images = await this.#api.listImages()
    const present = new Map<string, string>()
    for (const image of images) {
      for (const reference of referencesOf(image.Id, image.RepoTags ?? [], image.RepoDigests ?? [])) {
        present.set(reference, image.Id)
      }
    }
    const before = JSON.stringify([...this.#present].sort())
    this.#present = present
    if (JSON.stringify([...present].sort()) !== before) this.#changed()
  }

  /**
   * Begins a pull, unless one of the same image is on its way. `auths` that are of its registry are tried in order, then none. `forPreview`: a
   * registry that never ends keeps only previews waiting.
   */
  pull(reference: string, auths: readonly RegistryAuth[] = [], forPreview = false): void {
    const last = this.#pulls.get(reference)
    const goesFirst = !forPreview && this.#waiting.delete(reference)
    if (last?.state === 'pulling' && !goesFirst) return
    const attempts = last?.attempts ?? 0
    this.#set(reference, { state: 'pulling', attempts, at: this.#clock.now(), message: '' })
    if (forPreview) this.#waiting.add(reference)
    const run = this.#queue.add(forPreview, async () => {
      if (forPreview && !this.#waiting.delete(reference)) return
      await this.#run(reference, attempts, authsFor(reference, auths))
    })
    this.#running.set(reference, run)
    void run.finally(() => {
      if (this.#running.get(reference) === run) this.#running.delete(reference)
    })
  }

  /** A pull that failed has waited long enough; how often it has, still counts. */
  pullSoon(reference: string): void {
    const last = this.#pulls.get(reference)
    if (last?.state === 'failed') this.#set(reference, { ...last, at: Number.NEGATIVE_INFINITY })
  }

  /** Pulls, and waits for the end. Throws with the registry's words. */
  async obtain(reference: string): Promise<void> {
    this.pull(reference)
    await this.#running.get(reference)
    const pull = this.#pulls.get(reference)
    if (pull?.state !== 'done') throw new Error(pull?.message ?? 'the pull was given up')
  }

  /** Asks the registry for the image's digest, as a pull would; undefined: it does not have it. Throws with the registry's words. */
  async registryDigest(reference: string, auths: readonly RegistryAuth[] = []): Promise<string | undefined> {
    const own = authsFor(reference, auths)
    try {
      return await this.#withAuths(own, (auth) => this.#api.registryDigest(reference, auth))
    } catch (error) {
      if (error instanceof RuntimeError) {
        throw new RuntimeError(error.code, reference, withoutSecrets(error.message, own), { cause: error })
      }
      throw error
    }
  }

  /** Makes an image from an archive with a Dockerfile, and waits for the end. Throws with the words of the step that failed. */
  async build(reference: string, archive: Buffer): Promise<void> {
    let last = ''
    const heard = (line: string) => {
      last = printedIn(line) || last
    }
    await this.#follow(await this.#api.build(reference, archive), heard).catch((error: unknown) => {
      // The command itself is long, and known.
      const words = errorText(error).replace(/^The command .* returned/, 'a step returned')
      throw new Error(last === '' ? words : `${last}: ${words}`, { cause: error })
    })
    await this.refresh()
  }

  close(): void {
    this.#queue.clear()
  }

  async #run(reference: string, attempts: number, auths: readonly RegistryAuth[]): Promise<void> {
    try {
      await this.#fetch(reference, auths)
      await this.refresh()
      this.#set(reference, { state: 'done', attempts: 0, at: this.#clock.now(), message: '' })
    } catch (error) {
      const message = withoutSecrets(errorText(error), auths)
      this.#set(reference, { state: 'failed', attempts: attempts + 1, at: this.#clock.now(), message })
    }
  }

  #fetch(reference: string, auths: readonly RegistryAuth[]): Promise<void> {
    const { name, tag } = parseImage(reference)
    return this.#withAuths(auths, async (auth) => this.#follow(await this.#api.pull(name, tag, auth)))
  }

  /** The words of a registry that was shown credentials say more than those about having shown none. */
  async #withAuths<T>(auths: readonly RegistryAuth[], ask: (auth: RegistryAuth | undefined) => Promise<T>): Promise<T> {
    let refusal: unknown
    for (const auth of [...auths, undefined]) {
      try {
        return await ask(auth)
      } catch (error) {
        if (!isRefusal(errorText(error))) throw error
        refusal ??= error
      }
    }
    throw refusal
  }

  #set(reference: string, pull: LivePull): void {
    this.#pulls.set(reference, pull)
    this.#changed()
  }

  /** Reads the progress to its end; the last line tells of a failure. */
  #follow(stream: Readable, heard: (line: string) => void = () => {}): Promise<void> {
    return new Promise((resolve, reject) => {
      let rest = ''
      let failure = ''
      const silent = () => stream.destroy(new Error(`the registry sent nothing for ${longestSilenceMs / 1000} s`))
      let cancel = this.#clock.after(longestSilenceMs, silent)
      stream.setEncoding('utf8')
      stream.on('data', (text: string) => {
        cancel()
        cancel = this.#clock.after(longestSilenceMs, silent)
        const lines = (rest + text).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) {
          heard(line)
          failure = errorIn(line) ?? failure
        }
      })
      stream.on('error', (error) => reject(error))
      stream.on('close', () => {
        cancel()
        failure = errorIn(rest) ?? failure
        if (failure !== '') reject(new Error(failure))
        else if (stream.readableEnded) resolve()
        else reject(new Error('the engine ended the pull half-way'))
      })
    })
  }
}

/** What a step of a build printed; empty: the line is about something else. */
function printedIn(line: string): string {
  const [, text = ''] = /^\{"stream":"((?:[^"\\]|\\.)*)"\}/.exec(line.trim()) ?? []
  const printed = oneLine(text.replaceAll(/\\u001b\[[\d;]*m|\\[nrt]/g, ' ')).trim()
  return /^(Step |---|Removing intermediate)/.test(printed) ? '' : printed
}

function errorIn(line: string): string | undefined {
  if (!line.includes('"error"')) return undefined
  try {
    const parsed: { error?: string } = JSON.parse(line)
    return parsed.error === undefined ? undefined : oneLine(parsed.error)
  } catch {
    return oneLine(line)
  }
}
