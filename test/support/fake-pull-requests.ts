import type { Approval, PullRequest } from '../../src/preview/pull-request.ts'
import type { PullRequests } from '../../src/pulls/pull-requests.ts'
import type { FakeRepository } from './fake-repository.ts'

type Files = Readonly<Record<string, string | null>>

/** Pull requests of a repository in memory, as a forge would list them. */
export class FakePullRequests implements PullRequests {
  readonly #repository: () => FakeRepository
  readonly #open = new Map<number, PullRequest>()
  /** What the forge answers with instead of its list. */
  trouble: Error | undefined

  constructor(repository: () => FakeRepository) {
    this.#repository = repository
  }

  async list(): Promise<readonly PullRequest[]> {
    if (this.trouble) throw this.trouble
    return [...this.#open.values()]
  }

  /** Opens it, by somebody who may write; answers its head. */
  open(number: number, files: Files, more: Partial<PullRequest> = {}): string {
    const head = this.#repository().pushTo(`pull/${number}`, `Change ${number}`, files)
    this.#open.set(number, {
      ...{ id: `pr-${number}`, number, title: `Change ${number}`, branch: `change-${number}`, targetBranch: 'main' },
      ...{ author: 'ann', draft: false, labels: [], fork: false, authorMayWrite: true, approvals: [] },
      ...{ activeAt: 0, url: `https://forge.example.com/${number}`, head },
      ...more,
    })
    return head
  }

  push(number: number, files: Files, { force = false }: { readonly force?: boolean } = {}): string {
    const head = this.#repository().pushTo(`pull/${number}`, `More of ${number}`, files, { force })
    this.change(number, { head })
    return head
  }

  change(number: number, more: Partial<PullRequest>): void {
    const request = this.#open.get(number)
    if (!request) throw new Error(`there is no pull request ${number}`)
    this.#open.set(number, { ...request, ...more })
  }

  /** Somebody who may write says so of its head, or of another commit. */
  approve(number: number, more: Partial<Approval> = {}): void {
    const { approvals, head } = this.#open.get(number)!
    const approval = { id: `comment ${approvals.length + 1}`, by: 'ann', commit: head.slice(0, 7), ...more }
    this.change(number, { approvals: [...approvals, approval] })
  }

  shut(number: number): void {
    this.#open.delete(number)
  }

  close(): void {}

  get numbers(): readonly number[] {
    return [...this.#open.keys()]
  }

  find(number: number): PullRequest | undefined {
    return this.#open.get(number)
  }
}
