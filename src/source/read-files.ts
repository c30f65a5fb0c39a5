import type { Key } from '../base/key.ts'
import type { Ignored, Located } from '../manifests/check.ts'
import type { Problem } from '../manifests/problem.ts'
import type { SourceOptions } from './application.ts'

/** What one file gave, kept as long as its blob id stays. */
export interface FileState {
  readonly oid: string
  readonly objects: ReadonlyMap<Key, Located>
  readonly problems: readonly Problem[]
  readonly ignored: readonly Ignored[]
  readonly warnings: readonly Problem[]
}

type Kept = Map<string, ReadonlyMap<string, FileState>>

/** Files of what applications run, as they were read: whoever reads the same folder by the same rules need not read them again. */
export class ReadFiles {
  /** By application and path. */
  readonly #kept: Kept
  readonly #isLent: boolean

  constructor(kept: Kept = new Map(), isLent = false) {
    this.#kept = kept
    this.#isLent = isLent
  }

  /** For those who look at something else: they find what is kept, and keep nothing. */
  lent(): ReadFiles {
    return new ReadFiles(this.#kept, true)
  }

  /** For whoever reads the files of an application. */
  of(app: string): Pick<SourceOptions, 'known' | 'onAccepted'> {
    return {
      known: (path, oid) => {
        const found = this.#kept.get(app)?.get(path)
        return found?.oid === oid ? found : undefined
      },
      onAccepted: (files) => {
        if (!this.#isLent) this.#kept.set(app, files)
      },
    }
  }
}
