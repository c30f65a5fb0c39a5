import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { shortHash } from '../base/hash.ts'
import { readConfig } from '../manifests/config.ts'
import { noCredentials, noRollback } from '../manifests/config-delivery.ts'
import { defaultNetwork, type NetworkConfig } from '../manifests/config-network.ts'
import { renderProblem } from '../manifests/problem.ts'
import type { ApplicationSettings, EngineSettings, HostSettings, NetworkSettings } from '../settings.ts'
import { type Arguments, durationMs, UsageError } from './arguments.ts'

export const defaultPauseImage = 'busybox:stable-musl'
/** Where neither a flag nor the configuration says it. */
export const defaultMode: NetworkSettings['mode'] = 'services'
const defaultZone = 'cluster.local'
const defaultSocket = 'unix:///var/run/docker.sock'

/** Everything the engine needs, from flags alone or from a configuration file with flags on top. */
export async function readSettings(args: Arguments): Promise<EngineSettings & { readonly listen: string | undefined }> {
  return args.config === undefined ? fromFlags(args) : fromFile(args, args.config)
}

function fromFlags(args: Arguments): EngineSettings & { readonly listen: string | undefined } {
  if (args.repo === undefined) throw new UsageError('nothing to run: give --repo URL, or a configuration with -c FILE')
  const repoURL = isLocal(args.repo) ? resolve(args.repo) : args.repo
  const path = folder(args.path ?? '')
  // Derived from the repository alone, so that a wiped state directory or another machine gives the same installation.
  const id = args.engine ?? `berth-${shortHash(repoURL.replace(/\/+$/, '').replace(/\.git$/, ''), 6)}`
  const application: ApplicationSettings = {
    name: label(path === '' ? basename(repoURL.replace(/\/+$/, ''), '.git') : basename(path)),
    repoURL,
    revision: args.revision ?? 'main',
    path,
    namespace: args.namespace ?? 'default',
    credentials: noCredentials,
    verify: undefined,
    rollback: noRollback,
    forge: undefined,
    notes: false,
    previews: undefined,
    intervalMs: intervalMs(args.interval ?? '30s'),
    prune: true,
    pruneBudget: '25%',
    selfHeal: true,
    podSecurity: args.podSecurity ?? 'baseline',
  }
  return {
    id,
    hosts: [localHost(args)],
    stateDir: args.stateDir ?? defaultStateDir(id),
    pauseImage: args.pauseImage ?? defaultPauseImage,
    network: networkSettings(args, defaultNetwork, defaultZone),
    applications: [application],
    listen: args.listen,
  }
}

async function fromFile(
  args: Arguments,
  file: string,
): Promise<EngineSettings & { readonly listen: string | undefined }> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw new UsageError(`cannot read the configuration ${file}`, { cause: error })
  })
  const { config, problems } = readConfig({ path: file, bytes })
  if (problems.length > 0) throw new UsageError(problems.map(renderProblem).join('\n'))
  const id = args.engine ?? config.engine.name
  const applications = config.applications.map((application) => ({
    ...application,
    repoURL: isLocal(application.repoURL) ? resolve(application.repoURL) : application.repoURL,
    path: folder(application.path),
    ...(args.revision === undefined ? {} : { revision: args.revision }),
    ...(args.podSecurity === undefined ? {} : { podSecurity: args.podSecurity }),
    ...(args.interval === undefined ? {} : { intervalMs: intervalMs(args.interval) }),
  }))
  if (applications.length === 0) throw new UsageError(`${file}: expected at least one Application, found none`)
  const hosts = args.host === undefined && config.engine.hosts.length > 0 ? config.engine.hosts : [localHost(args)]
  return {
    id,
    hosts,
    stateDir: args.stateDir ?? config.engine.stateDir ?? defaultStateDir(id),
    pauseImage: args.pauseImage ?? config.engine.pauseImage ?? defaultPauseImage,
    network: networkSettings(args, config.engine.network, config.engine.clusterDomain),
    applications,
    listen: args.listen ?? config.engine.listen,
    prometheusURL: config.engine.prometheusURL,
    previewQuota: config.engine.previewQuota,
    externalURL: config.engine.externalURL,
    webhooks: config.engine.webhooks,
    notifications: config.engine.notifications,
  }
}

/** Flags on top of what is configured. */
function networkSettings(args: Arguments, network: NetworkConfig, zone: string): NetworkSettings {
  const { ingress, ...rest } = network
  const httpPort = args.ingressHttp ?? ingress.httpPort
  const httpsPort = args.ingressHttps ?? ingress.httpsPort
  if (httpPort === httpsPort && httpPort !== 0) {
    throw new UsageError(`--ingress-https: expected another port than that of http, found ${httpsPort} for both`)
  }
  return {
    ...rest,
    mode: args.network ?? network.mode ?? defaultMode,
    nodeImage: args.nodeImage ?? network.nodeImage,
    ingress: { ...ingress, httpPort, httpsPort },
    zone,
  }
}

const shortestIntervalMs = 100

function intervalMs(text: string): number {
  const ms = durationMs('--interval', text)
  if (ms < shortestIntervalMs)
    throw new UsageError(`--interval: expected at least ${shortestIntervalMs}ms, found "${text}"`)
  return ms
}

function localHost(args: Arguments): HostSettings {
  return { name: 'local', endpoint: args.host ?? process.env.DOCKER_HOST ?? defaultSocket }
}

function defaultStateDir(id: string): string {
  if (process.getuid?.() === 0) return join('/var/lib/berth', id)
  return join(process.env.XDG_STATE_HOME ?? join(homedir(), '.local/state'), 'berth', id)
}

function isLocal(url: string): boolean {
  return !/^[a-z][a-z0-9+.-]*:\/\//i.test(url) && !/^[^/]+@[^/]+:/.test(url)
}

function folder(path: string): string {
  return path
    .replace(/^(?:\.?\/)+/, '')
    .replace(/\/+$/, '')
    .replace(/^\.$/, '')
}

/** A name that Kubernetes would take, from any text. */
function label(text: string): string {
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 50)
  return name === '' ? 'app' : name
}
