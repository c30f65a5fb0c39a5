import { systemClock } from '../base/clock.ts'
import { errorText } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { Engine } from '../engine.ts'
import { renderMetrics } from '../report/metrics.ts'
import type { AppStatus } from '../report/status.ts'
import type { RunningServer } from '../server/listen.ts'
import { readSecret } from '../server/secret.ts'
import { hostAndPort, isLoopback, startServer, startWebhookServer } from '../server/server.ts'
import { SharedAnswer } from '../server/shared-answer.ts'
import { WebhookHandler } from '../server/webhook-handler.ts'
import type { EngineSettings } from '../settings.ts'
import { UsageError } from './arguments.ts'

const defaultListen = '127.0.0.1:7070'

/** What the engine answers to: its status, and webhooks where they are configured. */
export interface Served extends RunningServer {
  /** Where webhooks are answered; undefined: nowhere. */
  readonly webhooks: string | undefined
}

/** Throws UsageError when the status would be served to other machines. */
export function checkListen(listen: string | undefined): void {
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

/** Opens the ports. Throws UsageError when one that was asked for cannot be had. */
export async function serve(
  engine: Engine,
  settings: EngineSettings & { readonly listen: string | undefined },
  log: Log,
): Promise<Served> {
  const report = reportOf(engine)
  const handler = webhookHandler(engine, report, settings, log)
  const own = settings.webhooks?.listen
  const status = await serveStatus(engine, report, settings.listen, own === undefined ? handler : undefined, log)
  const ports = [status]
  const close = async () => {
    handler?.close()
    await Promise.all(ports.map((port) => port.close()))
  }
  try {
    if (handler && own !== undefined) ports.push(await startWebhookServer(own, handler))
  } catch (error) {
    await close()
    throw new UsageError(`spec.server.webhooks.listen: cannot listen on ${own}: ${errorText(error)}`, { cause: error })
  }
  if (settings.webhooks && (await readSecret(settings.webhooks)) === undefined) {
    log.warn('the secret of the webhooks cannot be read: all are refused until it can')
  }
  return { address: status.address, webhooks: handler && (ports[1] ?? status).address, close }
}

function webhookHandler(
  engine: Engine,
  report: Report,
  settings: EngineSettings,
  log: Log,
): WebhookHandler | undefined {
  if (!settings.webhooks) return undefined
  return new WebhookHandler({
    secret: settings.webhooks,
    followed: settings.applications,
    wake: (applications) => {
      engine.syncNow(applications)
      report.forget()
    },
    images: engine.pushes,
    clock: systemClock,
    log,
  })
}

type Report = SharedAnswer<{ readonly apps: readonly AppStatus[]; readonly text: Uint8Array }>

function reportOf(engine: Engine): Report {
  const make = () => {
    const apps = engine.status()
    return { apps, text: Buffer.from(JSON.stringify({ apps })) }
  }
  return new SharedAnswer(make, systemClock)
}

function previewRoutes(engine: Engine, report: Report) {
  const verbs = ['open', 'sleep', 'wake', 'delete'] as const
  const routes = verbs.map((verb) => {
    const answer = (query: URLSearchParams) => {
      report.forget()
      return JSON.stringify(engine.previews.answer(verb, query.get('app') ?? '', query.get('id') ?? ''))
    }
    return [`/previews/${verb}`, { method: 'POST', type: 'application/json', answer }] as const
  })
  const comment = (query: URLSearchParams) => engine.previews.comment(query.get('app') ?? '', query.get('id') ?? '')
  return { ...Object.fromEntries(routes), '/previews/comment': { type: 'text/plain', answer: comment } as const }
}

/** The status server. The default port may be taken by another engine on this machine: then any free one does. */
async function serveStatus(
  engine: Engine,
  report: Report,
  listen: string | undefined,
  webhooks: WebhookHandler | undefined,
  log: Log,
): Promise<RunningServer> {
  const routes = {
    '/healthz': { type: 'text/plain', answer: () => 'ok\n' },
    '/status': { type: 'application/json', answer: () => report.get().text },
    '/metrics': { type: 'text/plain', answer: () => renderMetrics(report.get().apps) },
    '/history': {
      type: 'application/json',
      answer: (query: URLSearchParams) => JSON.stringify(engine.history(query.get('app') ?? '')),
    },
    '/sync': {
      method: 'POST',
      type: 'application/json',
      answer: () => {
        engine.syncNow()
        report.forget()
        return '{}'
      },
    },
    ...previewRoutes(engine, report),
  } as const
  try {
    return await startServer({ listen: listen ?? defaultListen, routes, webhooks })
  } catch (error) {
    if (listen !== undefined || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') {
      throw new UsageError(`cannot listen on ${listen ?? defaultListen}: ${errorText(error)}`, { cause: error })
    }
    log.debug('the default port is taken; using a free one')
    return startServer({ listen: '127.0.0.1:0', routes, webhooks })
  }
}
