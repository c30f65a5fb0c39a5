// Pull requests as a forge has them, with what people said on them.

export type Role = 'admin' | 'write' | 'triage' | 'read' | 'none'

export interface WorldPull {
  readonly number: number
  title: string
  /** Commit id. */
  head: string
  branch: string
  base: string
  author: string
  draft: boolean
  labels: string[]
  fork: boolean
  open: boolean
  updatedAt: string
}

export interface WorldComment {
  readonly id: number
  readonly number: number
  readonly by: string
  text: string
  readonly createdAt: string
  updatedAt: string
}

export interface WorldLabelEvent {
  readonly id: number
  readonly number: number
  readonly by: string
  readonly label: string
  readonly added: boolean
  readonly at: string
}

export class PullWorld {
  readonly pulls: WorldPull[] = []
  readonly comments: WorldComment[] = []
  readonly labelEvents: WorldLabelEvent[] = []
  /** Accounts that there are. */
  readonly roles = new Map<string, Role>([['berth-bot', 'write']])
  /** Whose the token is. */
  me = 'berth-bot'
  /** The most that is given out at a time, however much is asked for. */
  mostOfPage = 50
  #seconds = Date.parse('2026-01-01T00:00:00Z') / 1000
  #ids = 100

  /** A second later each time. */
  now(): string {
    this.#seconds += 10
    return new Date(this.#seconds * 1000).toISOString().replace('.000Z', 'Z')
  }

  get openPulls(): readonly WorldPull[] {
    return this.pulls.filter(({ open }) => open).sort((a, b) => a.number - b.number)
  }

  pull(number: number): WorldPull | undefined {
    return this.pulls.find((one) => one.number === number)
  }

  open(more: Partial<WorldPull> = {}): WorldPull {
    const number = this.pulls.length + 1
    const pull = {
      ...{ number, title: `Change ${number}`, head: number.toString(16).padStart(40, 'a'), branch: `change-${number}` },
      ...{
        base: 'main',
        author: 'maintainer',
        draft: false,
        labels: [],
        fork: false,
        open: true,
        updatedAt: this.now(),
      },
      ...more,
    }
    this.pulls.push(pull)
    return pull
  }

  label(number: number, label: string, by: string, added = true): void {
    const at = this.now()
    this.labelEvents.push({ id: this.#ids++, number, by, label, added, at })
    const pull = this.pull(number)!
    pull.labels = [...pull.labels.filter((one) => one !== label), ...(added ? [label] : [])]
    pull.updatedAt = at
  }

  say(number: number, by: string, text: string): WorldComment {
    const at = this.now()
    const comment = { id: this.#ids++, number, by, text, createdAt: at, updatedAt: at }
    this.comments.push(comment)
    const pull = this.pull(number)
    if (pull) pull.updatedAt = at
    return comment
  }

  edit(id: number, text: string): WorldComment | undefined {
    const comment = this.comments.find((one) => one.id === id)
    if (comment) Object.assign(comment, { text, updatedAt: this.now() })
    return comment
  }

  remove(id: number): void {
    this.comments.splice(
      this.comments.findIndex((one) => one.id === id),
      1,
    )
  }

  on(number: number): readonly WorldComment[] {
    return this.comments.filter((one) => one.number === number)
  }
}
