import { PinnedRepository } from './pinned.ts'
import type { Head, Repository } from './port.ts'

/** A repository that somebody else keeps up to date: its head is that of the last fetch, whoever asked. Else as PinnedRepository. */
export class FollowingRepository extends PinnedRepository {
  readonly #base: Repository

  constructor(base: Repository) {
    super(base, base.revision, '')
    this.#base = base
  }

  override async fetch(): Promise<Head> {
    return (await this.head()) ?? this.#base.fetch()
  }

  override pin(): void {}

  override async head(): Promise<Head | undefined> {
    return this.#base.head()
  }
}
