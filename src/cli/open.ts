import { systemClock } from '../base/clock.ts'
import { createLog, type Log, type LogLevel } from '../base/log.ts'
import { Commenting, type CommentingParts } from '../commenting.ts'
import { Engine, type EngineParts } from '../engine.ts'
import { openForge, openForgePullRequests } from '../forge/forge.ts'
import { Journal } from '../journal/journal.ts'
import { hasPreviews, wishedOf } from '../preview-settings.ts'
import { ForgeRequests } from '../pulls/forge.ts'
import type { PullRequests } from '../pulls/pull-requests.ts'
import type { PullRequest } from '../reverting.ts'
import { createDockerRuntime } from '../runtime/docker/runtime.ts'
import type { ApplicationSettings, EngineSettings } from '../settings.ts'
import { openRepository } from '../sync/repository.ts'
import { Telling } from '../telling.ts'
import { repositoryOptions } from './repository.ts'

/** The log on standard error, so that reports on standard output can be piped. */
export function stderrLog(level: LogLevel): Log {
  return createLog(level, (line) => process.stderr.write(`${line}\n`), systemClock.now)
}

/** An engine of real parts: Docker, Git, the system's clock. */
export function openEngine(
  settings: EngineSettings,
  log: Log,
  more: Pick<EngineParts, 'onDone' | 'onChange' | 'tell'> = {},
): Engine {
  return new Engine({
    settings,
    runtime: createDockerRuntime({
      engine: settings.id,
      hosts: settings.hosts,
      pauseImage: settings.pauseImage,
      network: settings.network,
      clock: systemClock,
      log,
    }),
    journal: Journal.open(settings.stateDir, log),
    openRepository: (application) => openRepository(repositoryOptions(settings, application)),
    openPullRequest,
    pullRequests: openPullRequests,
    clock: systemClock,
    log,
    random: Math.random,
    ...more,
  })
}

/**
 * The pull requests of which an application has previews: its forge's, of its own repository or of the one that makes its images. Throws
 * BAD_SETTINGS when it does not follow from the configuration where that is.
 */
export function openPullRequests(application: ApplicationSettings): PullRequests {
  const { forge, repoURL } = application
  if (!forge || !hasPreviews(application)) {
    throw new Error('previews of pull requests need spec.forge of the application')
  }
  const { images, approveLabel } = application.previews
  const settings = images ? { ...forge, repository: images.repository } : forge
  const policy = { ...wishedOf(application), approveLabel }
  return new ForgeRequests({ forge: openForgePullRequests(settings, repoURL), policy, clock: systemClock })
}

/** Opens a pull request to the branch that the application follows, or finds the one of this branch. */
export async function openPullRequest(
  { forge, repoURL, revision }: ApplicationSettings,
  request: PullRequest,
): Promise<{ readonly url: string }> {
  if (!forge) throw new Error('a pull request needs spec.forge of the application')
  return openForge(forge, repoURL).openPullRequest({ ...request, base: revision.replace(/^refs\/heads\//, '') })
}

/**
 * Tells the forge, Git and people what an engine does: for commands that act. To be closed after the engine. Throws when the
 * configuration does not say where a forge is.
 */
export function openTelling(settings: EngineSettings, log: Log): Telling {
  const openOne = (application: ApplicationSettings) => openRepository(repositoryOptions(settings, application))
  return new Telling({ settings, openRepository: openOne, clock: systemClock, log })
}

/** Tells the pull requests of an engine of their previews. To be closed with it. Throws as `openTelling`. */
export function openCommenting(settings: EngineSettings, log: Log, previews: CommentingParts['previews']): Commenting {
  return new Commenting({ settings, previews, clock: systemClock, log })
}

/** Commands that answer once have nothing to say without a host. Throws with what to do. */
export function needHost(engine: Engine): void {
  const reason = engine.unreachable()
  if (reason !== '') throw new Error(`${reason}; start Docker there, or give its address in --host or DOCKER_HOST`)
}
