import { errorText } from '../base/errors.ts'
import type { Engine } from '../engine.ts'
import { leaveStateDir, takeStateDir, writeAddress } from '../server/state-dir.ts'
import { type Arguments, UsageError } from './arguments.ts'
import { keepYoungSpaceSmall } from './memory.ts'
import { openCommenting, openEngine, openTelling, stderrLog } from './open.ts'
import { checkListen, serve } from './serve.ts'
import { readSettings } from './settings.ts'
import { signalled } from './signals.ts'

/** The engine, until SIGTERM or SIGINT. What runs goes on running after it. */
export async function run(args: Arguments): Promise<number> {
  keepYoungSpaceSmall()
  const settings = await readSettings(args)
  const log = stderrLog(args.logLevel)
  checkListen(settings.listen)
  const other = takeStateDir(settings.stateDir, settings.id)
  if (other) {
    throw new UsageError(
      `an engine of installation ${other.engine} already runs (process ${other.pid}); stop it first, or give another --state-dir and --engine`,
    )
  }
  try {
    const telling = openTelling(settings, log)
    const commenting = openCommenting(settings, log, () => engine.previews)
    const engine: Engine = openEngine(settings, log, {
      tell: telling.tell,
      onChange: commenting.changed,
      onDone: (app, key, task, error) => {
        if (error === undefined) log.info(task.text, { app, key, because: task.cause })
        else log.warn(`${task.text}: failed`, { app, key, reason: errorText(error) })
      },
    })
    const server = await serve(engine, settings, log)
    writeAddress(settings.stateDir, settings.id, server.address)
    log.info('berth runs', {
      engine: settings.id,
      hosts: settings.hosts.map((host) => host.endpoint).join(' '),
      applications: engine.applications.join(' '),
      status: `http://${server.address}/status`,
      webhooks: server.webhooks && `http://${server.webhooks}/webhooks/`,
    })
    const stopped = signalled()
    try {
      const started = engine.start()
      // A signal ends it also while a host or a repository does not answer.
      const signal = await Promise.race([stopped, started.then(() => stopped)])
      log.info('stopping; what runs goes on running', { signal })
    } finally {
      await server.close()
      // What ends now is no news.
      await Promise.all([commenting.close(), engine.close()])
      await telling.close()
    }
    return 0
  } finally {
    leaveStateDir(settings.stateDir)
  }
}
