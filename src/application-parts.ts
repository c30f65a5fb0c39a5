// What an application is made of. Part of the corridor beside engine.ts.
import type { Clock } from './base/clock.ts'
import type { Key } from './base/key.ts'
import type { Log } from './base/log.ts'
import type { Journal } from './journal/journal.ts'
import type { LastWords } from './last-words.ts'
import type { ObjectStatus } from './reconcile/plan/action.ts'
import type { Wanted } from './reconcile/wanted.ts'
import type { AppEvent } from './report/event.ts'
import type { PullRequest } from './reverting.ts'
import type { LiveVolume } from './runtime/live.ts'
import type { ApplicationSettings } from './settings.ts'
import type { SourceOptions } from './source/application.ts'
import type { ReadFiles } from './source/read-files.ts'
import type { Repository } from './sync/port.ts'

export interface ApplicationParts {
  readonly settings: ApplicationSettings
  readonly openRepository: () => Promise<Repository>
  /** What becomes of the objects of a preview; absent: it is none. The data of a preview goes with its claims, without being asked for. */
  readonly transform?: SourceOptions['transform']
  /** Absent: what it reads is read by nobody else. */
  readonly files?: ReadFiles | undefined
  readonly wanted: Wanted
  readonly journal: Journal
  readonly clock: Clock
  readonly log: Log
  readonly random: () => number
  /** Owners of running pods that carry this application's mark. */
  readonly liveOwners: () => readonly Key[]
  /** Volumes that outlive pods and carry this application's mark. */
  readonly volumes: () => readonly LiveVolume[]
  readonly statusOf: (key: Key) => ObjectStatus | undefined
  /** What holds for all applications. */
  readonly warnings: () => readonly string[]
  readonly approveGone: (key: Key) => void
  readonly isGone: (key: Key) => boolean
  readonly wake: (keys: readonly Key[]) => void
  /** Looks at one object once more. */
  readonly lookAgain: (key: Key) => void
  /** What the failing container of an object last printed. */
  readonly lastWords: (key: Key) => Promise<LastWords>
  /** See StoryParts. */
  readonly pulledAt: (host: string, image: string) => number | undefined
  /** Absent: there is no forge. */
  readonly openPullRequest?: ((request: PullRequest) => Promise<{ readonly url: string }>) | undefined
  readonly onChange: () => void
  readonly tell: (event: AppEvent) => void
}
