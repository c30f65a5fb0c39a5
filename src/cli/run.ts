import { errorText } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { Engine } from '../engine.ts'
import { hostAndPort, isLoopback, type RunningServer, startServer } from '../server/server.ts'
import { leaveStateDir, takeStateDir, writeAddress } from '../server/state-dir.ts'
import { type Arguments, UsageError } from './arguments.ts'
import { keepYoungSpaceSmall } from './memory.ts'
import { openEngine, stderrLog } from './open.ts'
import { readSettings } from './settings.ts'
import { signalled } from './signals.ts'

const defaultListen = '127.0.0.1:7070'

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
    const engine = openEngine(settings, log, {
      onDone: (app, key, task, error) => {
        if (error === undefined) log.info(task.text, { app, key, because: task.cause })
        else log.warn(`${task.text}: failed`, { app, key, reason: errorText(error) })
      },
    })
    const server = await serve(engine, settings.listen, log)
    writeAddress(settings.stateDir, settings.id, server.address)
    log.info('berth runs', {
      engine: settings.id,
      hosts: settings.hosts.map((host) => host.endpoint).join(' '),
      applications: engine.applications.join(' '),
      status: `http://${server.address}/status`,
    })
    const stopped = signalled()
    try {
      const started = engine.start()
      // A signal ends it also while a host or a repository does not answer.
      const signal = await Promise.race([stopped, started.then(() => stopped)])
      log.info('stopping; what runs goes on running', { signal })
    } finally {
      await server.close()
      await engine.close()
    }
    return 0
  } finally {
    leaveStateDir(settings.stateDir)
  }
}

function checkListen(listen: string | undefined): void {
  if (listen === undefined) return
  let host: string
  try {
    host = hostAndPort(listen).host
  } catch (error) {
    throw new UsageError(errorText(error), { cause: error })
  }
  if (!isLoopback(host))
    throw new UsageError(`--listen: expected an address of this machine such as 127.0.0.1:7070, found "${listen}"`)
}

/** The status server. The default port may be taken by another engine on this machine: then any free one does. */
async function serve(engine: Engine, listen: string | undefined, log: Log): Promise<RunningServer> {
  const routes = {
    '/healthz': { type: 'text/plain', answer: () => 'ok\n' },
    '/status': { type: 'application/json', answer: () => JSON.stringify({ apps: engine.status() }) },
    '/history': {
      type: 'application/json',
      answer: (query: URLSearchParams) => JSON.stringify(engine.history(query.get('app') ?? '')),
    },
    '/sync': {
      method: 'POST',
      type: 'application/json',
      answer: () => {
        engine.syncNow()
        return '{}'
      },
    },
  } as const
  try {
    return await startServer({ listen: listen ?? defaultListen, routes })
  } catch (error) {
    if (listen !== undefined || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') {
      throw new UsageError(`cannot listen on ${listen ?? defaultListen}: ${errorText(error)}`, { cause: error })
    }
    log.debug('the default port is taken; using a free one')
    return startServer({ listen: '127.0.0.1:0', routes })
  }
}
