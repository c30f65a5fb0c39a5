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
  /** Name of the image that CI makes of a commit; see imageOf. */
  readonly template: string
  /** Whether a pull request could have a preview: of others no image is asked for. */
  readonly fits: (request: PullRequest) => boolean
  /** Asks the registry as a pull for this pull request would. Throws bugs only. */
  readonly ask: (image: string, request: PullRequest) => Promise<ImageAnswer>
  readonly clock: Clock
}

interface Asked {
  readonly image: string
  /** When it was asked for first, and last: ms. */
  readonly firstAt: number
  readonly lastAt: number
  /** As of the last time that the registry had it. */
  readonly digest: string | undefined
  /** Why the last answer is no digest; empty: it is one. */
  readonly trouble: string
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
 * Pull requests of a source repository, each with the newest commit of which the registry has the image. A newer commit, and what it waits
 * for, is in `newest` and `waits`. Images are named with their digest: whatever the name stands for later is another image.
 */
export class ImageRequests implements PullRequests {
  readonly #options: ImageRequestsOptions
  /** By pull request. */
  readonly #asked = new Map<string, Asked>()
  readonly #shown = new Map<string, { readonly head: string; readonly image: string }>()

  constructor(options: ImageRequestsOptions) {
    this.#options = options
  }

  stop(): void {
    this.#options.requests.stop?.()
  }

  /** Images that have not been there yet, and those whose name stays while they change. */
  get awaited(): readonly string[] {
    const isSettled = ({ digest, trouble }: Asked) =>
      digest !== undefined && trouble === '' && namesCommit(this.#options.template)
    return [...this.#asked.values()].filter((asked) => !isSettled(asked)).map(({ image }) => image)
  }

  /** Asks for these with the next list, however short ago that was done. */
  askSoon(images: readonly string[]): void {
    for (const [id, asked] of this.#asked)
      if (images.includes(asked.image)) this.#asked.set(id, { ...asked, soon: true })
  }

  async list(): Promise<readonly PullRequest[]> {
    const { requests, fits } = this.#options
    const open = await requests.list()
    this.#forget(new Set(open.map(({ id }) => id)))
    const fitting = new Set(open.filter(fits))
    await this.#askFor([...fitting].filter((request) => this.#refusal(request) === ''))
    return open.map((request) => (fitting.has(request) ? this.#told(request) : request))
  }

  #forget(open: ReadonlySet<string>): void {
    for (const known of [this.#asked, this.#shown]) for (const id of known.keys()) if (!open.has(id)) known.delete(id)
  }

  /** Those that were not asked for the longest time first. */
  async #askFor(requests: readonly PullRequest[]): Promise<void> {
    const { clock } = this.#options
    const began = clock.now()
    const lastAt = (request: PullRequest) => this.#known(request)?.lastAt ?? 0
    const due = requests.filter((request) => this.#isDue(request, began)).sort((a, b) => lastAt(a) - lastAt(b))
    for (const request of due.slice(0, mostAsked)) {
      if (clock.now() - began >= longestAskingMs) return
      await this.#ask(request, clock.now())
    }
  }

  #isDue(request: PullRequest, now: number): boolean {
    const known = this.#known(request)
    if (!known || known.soon) return true
    if (known.digest !== undefined && known.trouble === '') {
      return !namesCommit(this.#options.template) && now - known.lastAt >= changingMs
    }
    // The longer it has been missing, the longer it may take.
    return now - known.lastAt >= Math.min(longestWaitMs, (known.lastAt - known.firstAt) / 4)
  }

  async #ask(request: PullRequest, now: number): Promise<void> {
    const image = this.#imageOf(request)
    const before = this.#known(request)
    const answer = await this.#options.ask(image, request)
    const firstAt = before && before.trouble !== '' ? before.firstAt : now
    const digest = answer.is === 'there' ? answer.digest : before?.digest
    this.#asked.set(request.id, { image, firstAt, lastAt: now, digest, trouble: troubleOf(image, answer) })
  }

  #told(request: PullRequest): PullRequest {
    const { id, head: newest } = request
    const known = this.#known(request)
    if (known?.digest !== undefined) {
      const { trouble, digest } = known
      const image = `${known.image}@${digest}`
      this.#shown.set(id, { head: newest, image })
      return { ...request, image, ...(trouble !== '' && { waits: trouble }) }
    }
    const { head = '', image } = this.#shown.get(id) ?? {}
    const unasked = `the registry has not been asked for ${this.#imageOf(request)} yet`
    const waits = this.#refusal(request) || known?.trouble || unasked
    return { ...request, head, newest, image, waits }
  }

  /** Why no image can be this pull request's; empty: one can. */
  #refusal({ fork, authorMayWrite }: PullRequest): string {
    if (namesCommit(this.#options.template) || (!fork && authorMayWrite === true)) return ''
    return 'an approval is of one commit, and imageTemplate names none: {{sha}} or {{shortSha}} is needed'
  }

  /** What is known of the image of its newest commit. */
  #known(request: PullRequest): Asked | undefined {
    const known = this.#asked.get(request.id)
    return known?.image === this.#imageOf(request) && this.#refusal(request) === '' ? known : undefined
  }

  #imageOf({ number = 0, head }: PullRequest): string {
    return imageOf(this.#options.template, { number, head })
  }
}

function troubleOf(image: string, answer: ImageAnswer): string {
  if (answer.is === 'there') return ''
  if (answer.is === 'missing') return `the registry does not have ${image} yet`
  return `whether the registry has ${image} is not known: ${answer.reason}`
}
