import type { Clock } from '../base/clock.ts'
import { imageOf, namesCommit } from '../preview/images.ts'
import type { PullRequest } from '../preview/pull-request.ts'
import type { PullRequests } from './pull-requests.ts'

/** What a registry says of an image. */
export type ImageAnswer =
  /** `sha256:…` */
  | { readonly is: 'there'; readonly digest: string }
  | { readonly is: 'missing' }
  /** It could not be asked, or did not let us in. */
  | { readonly is: 'unknown'; readonly reason: string }

export interface ImageRequestsOptions {
  readonly requests: PullRequests
  /** Which images CI makes of a commit, and in whose place they are. */
  readonly replace: readonly Replaced[]
  /** Whether a pull request could have a preview: of others no image is asked for. */
  readonly fits: (request: PullRequest) => boolean
  /** Asks the registry as a pull for this pull request would. Throws bugs only. */
  readonly ask: (image: string, request: PullRequest) => Promise<ImageAnswer>
  readonly clock: Clock
}

interface Replaced {
  readonly image: string
  /** See imageOf. */
  readonly imageTemplate: string
}

/** One image of a commit. */
interface Question {
  readonly request: PullRequest
  readonly image: string
  readonly template: string
  readonly of: string
}

interface Asked {
  readonly image: string
  /** When it was asked for first, and last: ms. */
  readonly firstAt: number
  readonly lastAt: number
  /** As of the last time that the registry had it. */
  readonly digest: string | undefined
  /** What the last answer was that is no digest; undefined: it was one. */
  readonly trouble: Exclude<ImageAnswer, { readonly is: 'there' }> | undefined
  /** Its time has come, whenever it was asked for last. */
  readonly soon?: boolean
}

/** A name that stays while its image changes is asked for again after this, ms. */
const changingMs = 60_000
const longestWaitMs = 300_000
/** Images that are asked for at one look, and how long that may take, ms: others come with the next looks. */
const mostAsked = 30
const longestAskingMs = 10_000

/**
 * Pull requests of a source repository, each with the newest commit of which the registry has all images. A newer commit, and what it waits
 * for, is in `newest` and `waits`. Images are named with their digest: whatever the name stands for later is another image.
 */
export class ImageRequests implements PullRequests {
  readonly #options: ImageRequestsOptions
  /** By pull request, and by the image that is replaced. */
  readonly #asked = new Map<string, Map<string, Asked>>()
  readonly #shown = new Map<string, { readonly head: string; readonly images: Readonly<Record<string, string>> }>()

  constructor(options: ImageRequestsOptions) {
    this.#options = options
  }

  stop(): void {
    this.#options.requests.stop?.()
  }

  /** Images that have not been there yet, and those whose name stays while they change. */
  get awaited(): readonly string[] {
    const templates = new Map(this.#options.replace.map(({ image, imageTemplate }) => [image, imageTemplate]))
    const isSettled = (of: string, { digest, trouble }: Asked) =>
      digest !== undefined && trouble === undefined && namesCommit(templates.get(of) ?? '')
    return [...this.#asked.values()].flatMap((all) =>
      [...all].filter(([of, asked]) => !isSettled(of, asked)).map(([, { image }]) => image),
    )
  }

  /** Asks for these with the next list, however short ago that was done. */
  askSoon(images: readonly string[]): void {
    for (const all of this.#asked.values()) {
      for (const [of, asked] of all) if (images.includes(asked.image)) all.set(of, { ...asked, soon: true })
    }
  }

  async list(): Promise<readonly PullRequest[]> {
    const { requests, fits } = this.#options
    const open = await requests.list()
    this.#forget(new Set(open.map(({ id }) => id)))
    const fitting = new Set(open.filter(fits))
    await this.#askFor(
      [...fitting].flatMap((request) => (this.#refusal(request) === '' ? this.#questions(request) : [])),
    )
    return open.map((request) => (fitting.has(request) ? this.#told(request) : request))
  }

  #forget(open: ReadonlySet<string>): void {
    for (const known of [this.#asked, this.#shown]) for (const id of known.keys()) if (!open.has(id)) known.delete(id)
  }

  /** Those that were not asked for the longest time first. */
  async #askFor(questions: readonly Question[]): Promise<void> {
    const { clock } = this.#options
    const began = clock.now()
    const lastAt = (question: Question) => this.#known(question)?.lastAt ?? 0
    const due = questions.filter((question) => this.#isDue(question, began)).sort((a, b) => lastAt(a) - lastAt(b))
    for (const question of due.slice(0, mostAsked)) {
      if (clock.now() - began >= longestAskingMs) return
      await this.#ask(question, clock.now())
    }
  }

  #isDue(question: Question, now: number): boolean {
    const known = this.#known(question)
    if (!known || known.soon) return true
    if (known.digest !== undefined && known.trouble === undefined) {
      return !namesCommit(question.template) && now - known.lastAt >= changingMs
    }
    // The longer it has been missing, the longer it may take.
    return now - known.lastAt >= Math.min(longestWaitMs, (known.lastAt - known.firstAt) / 4)
  }

  async #ask(question: Question, now: number): Promise<void> {
    const { request, image, of } = question
    const before = this.#known(question)
    const answer = await this.#options.ask(image, request)
    const firstAt = before?.trouble ? before.firstAt : now
    const digest = answer.is === 'there' ? answer.digest : before?.digest
    const trouble = answer.is === 'there' ? undefined : answer
    const all = this.#asked.get(request.id) ?? new Map<string, Asked>()
    this.#asked.set(request.id, all.set(of, { image, firstAt, lastAt: now, digest, trouble }))
  }

  #told(request: PullRequest): PullRequest {
    const { id, head: newest } = request
    const refusal = this.#refusal(request)
    const questions = refusal === '' ? this.#questions(request) : []
    const known = questions.map((question) => ({ ...question, known: this.#known(question) }))
    const waits = refusal || waitsFor(known)
    if (refusal === '' && known.every((one) => one.known?.digest !== undefined)) {
      const images = Object.fromEntries(known.map((one) => [one.of, `${one.image}@${one.known?.digest}`]))
      this.#shown.set(id, { head: newest, images })
      return { ...request, images, ...(waits !== '' && { waits }) }
    }
    const { head = '', images } = this.#shown.get(id) ?? {}
    return { ...request, head, newest, images, waits }
  }

  /** Why no image can be this pull request's; empty: one can. */
  #refusal(request: PullRequest): string {
    const { fork, authorMayWrite } = request
    const templates = this.#options.replace.map(({ imageTemplate }) => imageTemplate)
    if ((fork || authorMayWrite !== true) && !templates.every(namesCommit)) {
      return 'an approval is of one commit, and imageTemplate names none: {{sha}} or {{shortSha}} is needed'
    }
    const made = templates.map((template) => imageOf(template, request))
    return made.flatMap((one) => ('fault' in one ? [one.fault] : []))[0] ?? ''
  }

  #questions(request: PullRequest): Question[] {
    return this.#options.replace.flatMap(({ image: of, imageTemplate: template }) => {
      const made = imageOf(template, request)
      return 'image' in made ? [{ request, of, template, image: made.image }] : []
    })
  }

  /** What is known of an image of its newest commit. */
  #known({ request, of, image }: Question): Asked | undefined {
    const known = this.#asked.get(request.id)?.get(of)
    return known?.image === image ? known : undefined
  }
}

/** Empty: nothing is missing, as far as the registry could be asked. */
function waitsFor(questions: readonly (Question & { readonly known: Asked | undefined })[]): string {
  const named = (having: typeof questions) => having.map(({ image }) => image).join(' and ')
  const missing = questions.filter(({ known }) => known?.trouble?.is === 'missing')
  const unasked = questions.filter(({ known }) => known === undefined)
  return [
    ...(missing.length > 0 ? [`the registry does not have ${named(missing)} yet`] : []),
    ...questions.flatMap(({ image, known }) =>
      known?.trouble?.is === 'unknown'
        ? [`whether the registry has ${image} is not known: ${known.trouble.reason}`]
        : [],
    ),
    ...(unasked.length > 0 ? [`the registry has not been asked for ${named(unasked)} yet`] : []),
  ].join('; ')
}
