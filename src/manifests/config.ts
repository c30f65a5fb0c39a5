import { parseDuration } from '../base/duration.ts'
import { cleaned } from './clean.ts'
import { type DeliveryConfig, deliveryConfig } from './config-delivery.ts'
import { type NetworkConfig, networkConfig } from './config-network.ts'
import {
  type NotificationConfig,
  notificationsConfig,
  type WebhooksConfig,
  webhooksConfig,
} from './config-notifications.ts'
import { type PreviewsConfig, previewsConfig, reviewShare, totalQuota } from './config-previews.ts'
import { found, quoted } from './found.ts'
import type { Validate } from './generated/validators.js'
import { Application as validateApplication, Engine as validateEngine } from './generated/validators.js'
import { percentOf } from './int-or-percent.ts'
import { dnsLabelFault, dnsNameFault, imageFault, labelKeyFault, labelValueFault } from './names.ts'
import type { Path } from './position.ts'
import { capProblems, type Problem } from './problem.ts'
import { type Doc, type ManifestFile, readManifest } from './read.ts'
import { type Findings, type PodSecurity, type Review, reportFault, reviewOf } from './review.ts'
import type { Application, Engine, EngineTaint } from './types.ts'
import { validated } from './validated.ts'

/** What configures Berth: one Engine and its Applications, defaults filled in and texts read. */
export interface Config {
  readonly engine: EngineConfig
  readonly applications: readonly ApplicationConfig[]
}

/** Members that are undefined are left to the command line. */
export interface EngineConfig {
  readonly name: string
  /** None: the local one. */
  readonly hosts: readonly HostConfig[]
  readonly clusterDomain: string
  readonly network: NetworkConfig
  readonly stateDir: string | undefined
  readonly listen: string | undefined
  readonly pauseImage: string | undefined
  /** Where metrics of pods and of the outside are asked for; undefined: nowhere. */
  readonly prometheusURL: string | undefined
  /** Limits of all previews together; undefined: none. */
  readonly previewQuota: Readonly<Record<string, string>> | undefined
  /** Where people reach the status server, for links; undefined: there are none. */
  readonly externalURL: string | undefined
  readonly webhooks: WebhooksConfig | undefined
  readonly notifications: readonly NotificationConfig[]
}

export interface HostConfig {
  readonly name: string
  readonly endpoint: string
  readonly labels: Readonly<Record<string, string>>
  readonly taints: readonly TaintConfig[]
}

/** Keeps pods away that do not tolerate it. */
export type TaintConfig = Readonly<EngineTaint>

export interface ApplicationConfig extends DeliveryConfig {
  /** Undefined: pull requests have no previews. */
  readonly previews: PreviewsConfig | undefined
  readonly name: string
  readonly repoURL: string
  readonly revision: string
  readonly path: string
  readonly namespace: string
  readonly intervalMs: number
  readonly prune: boolean
  readonly pruneBudget: number | string
  readonly selfHeal: boolean
  readonly podSecurity: PodSecurity
}

export interface ConfigResult {
  /** To be used only when there are no problems. */
  readonly config: Config
  readonly problems: Problem[]
}

const later = 'not supported by this version of berth'

/** Reads a configuration file: documents of the kinds Engine (one) and Application. */
export function readConfig(file: ManifestFile): ConfigResult {
  const { documents, problems } = readManifest(file)
  const findings: Findings = { problems, ignored: [], warnings: [] }
  const engines: EngineConfig[] = []
  const applications: ApplicationConfig[] = []
  const previewed: { readonly previews: PreviewsConfig; readonly review: Review }[] = []
  for (const document of documents) {
    const review = reviewOf(document, { podSecurity: 'privileged' }, findings)
    const { kind, apiVersion } = document
    if (kind !== 'Engine' && kind !== 'Application') {
      review.problem(['kind'], `expected Engine or Application in a configuration, found ${quoted(kind)}`)
    } else if (apiVersion !== 'berth.dev/v1') {
      review.problem(['apiVersion'], `expected berth.dev/v1 for an ${kind}, found ${quoted(apiVersion)}`)
    } else if (kind === 'Engine') {
      const object = shaped<Engine>(document, validateEngine, review)
      if (object) engines.push(engineConfig(object, review))
      if (engines.length > 1) review.problem([], 'expected one Engine, found another one')
    } else {
      const object = shaped<Application>(document, validateApplication, review)
      if (!object) continue
      const application = applicationConfig(object, review)
      if (applications.some(({ name }) => name === application.name)) {
        review.problem(
          ['metadata', 'name'],
          `expected another name for each Application, found ${quoted(application.name)} again`,
        )
      }
      applications.push(application)
      if (application.previews) previewed.push({ previews: application.previews, review })
    }
  }
  for (const { previews, review } of previewed) reviewShare(previews, engines[0]?.previewQuota, review)
  if (engines.length === 0 && problems.length === 0) {
    problems.push({
      file: file.path,
      line: 0,
      path: '',
      message: 'expected one document of the kind Engine, found none',
    })
  }
  return { config: { engine: engines[0] ?? nameless, applications }, problems: capProblems(problems) }
}

const nameless: EngineConfig = {
  name: '',
  hosts: [],
  clusterDomain: '',
  network: {
    ...{ podCIDR: '', serviceCIDR: '', mtu: 0, mode: undefined, nodeImage: '', acme: undefined },
    ingress: { httpPort: 0, httpsPort: 0, proxyProtocol: false, className: undefined },
  },
  stateDir: undefined,
  listen: undefined,
  pauseImage: undefined,
  prometheusURL: undefined,
  previewQuota: undefined,
  externalURL: undefined,
  webhooks: undefined,
  notifications: [],
}

function shaped<T>(document: Doc, validate: Validate, review: Review): T | undefined {
  return validated<T>(document.kind, cleaned(document.value).value, validate, review)?.object
}

function engineConfig({ metadata, spec }: Engine, review: Review): EngineConfig {
  const { hosts, clusterDomain, network, stateDir, server, pauseImage, autoscaling, notifications } = spec
  reportFault(review, ['metadata', 'name'], dnsLabelFault(metadata.name), found(metadata.name))
  const names = hosts.map(({ name }) => name)
  for (const [index, { name, endpoint, tls, labels = {}, taints = [] }] of hosts.entries()) {
    const at = ['spec', 'hosts', index]
    reviewMarks(labels, taints, at, review)
    reportFault(review, [...at, 'name'], dnsLabelFault(name), found(name))
    if (names.indexOf(name) < index)
      review.problem([...at, 'name'], `expected another name for each host, found ${quoted(name)} again`)
    if (!/^(?:unix:\/\/\/.|tcp:\/\/[^/]+:[0-9]+$)/.test(endpoint)) {
      review.problem([...at, 'endpoint'], `expected unix:///path or tcp://host:port, found ${found(endpoint)}`)
    }
    if (tls) review.problem([...at, 'tls'], later)
  }
  reportFault(review, ['spec', 'clusterDomain'], dnsNameFault(clusterDomain), found(clusterDomain))
  const { listen } = server
  if (listen !== undefined && !/^(?:[0-9a-zA-Z.-]*|\[[0-9a-fA-F:]+\]):[0-9]{1,5}$/.test(listen)) {
    review.problem(['spec', 'server', 'listen'], `expected address:port, found ${found(listen)}`)
  }
  if (stateDir !== undefined && !stateDir.startsWith('/')) {
    review.problem(['spec', 'stateDir'], `expected an absolute path, found ${found(stateDir)}`)
  }
  const { prometheusURL } = autoscaling
  if (prometheusURL !== undefined && !/^https?:\/\/[^\s/]+/.test(prometheusURL)) {
    const message = `expected an address like "http://prometheus:9090", found ${found(prometheusURL)}`
    review.problem(['spec', 'autoscaling', 'prometheusURL'], message)
  }
  if (pauseImage !== undefined) reportFault(review, ['spec', 'pauseImage'], imageFault(pauseImage), found(pauseImage))
  return {
    name: metadata.name,
    hosts: hosts.map(({ name, endpoint, labels = {}, taints = [] }) => ({ name, endpoint, labels, taints })),
    clusterDomain,
    network: networkConfig(network, review),
    stateDir,
    listen,
    pauseImage,
    prometheusURL,
    previewQuota: totalQuota(spec.previews.quota, review),
    externalURL: server.externalURL,
    webhooks: webhooksConfig(server, review),
    notifications: notificationsConfig(notifications, review),
  }
}

/** What tells hosts apart for placement. */
function reviewMarks(
  labels: Readonly<Record<string, string>>,
  taints: readonly EngineTaint[],
  path: Path,
  review: Review,
): void {
  for (const [key, value] of Object.entries(labels)) {
    reportFault(review, [...path, 'labels', key], labelKeyFault(key) ?? labelValueFault(value), found(value))
  }
  for (const [index, { key, value }] of taints.entries()) {
    const at = [...path, 'taints', index]
    reportFault(review, [...at, 'key'], labelKeyFault(key), found(key))
    reportFault(review, [...at, 'value'], labelValueFault(value), found(value))
  }
}

const shortestIntervalMs = 1000

function applicationConfig(application: Application, review: Review): ApplicationConfig {
  const { metadata, spec } = application
  const { source, destination, sync, security } = spec
  reportFault(review, ['metadata', 'name'], dnsLabelFault(metadata.name), found(metadata.name))
  const { namespace } = destination
  reportFault(review, ['spec', 'destination', 'namespace'], dnsLabelFault(namespace), found(namespace))
  if (source.repoURL === '')
    review.problem(['spec', 'source', 'repoURL'], 'expected an address or a path, found "" (string)')
  const intervalMs = parseDuration(sync.interval)
  if (intervalMs === undefined || intervalMs < shortestIntervalMs) {
    review.problem(
      ['spec', 'sync', 'interval'],
      `expected a duration from 1s like "30s" or "5m", found ${found(sync.interval)}`,
    )
  }
  const budget = sync.pruneBudget
  const percent = typeof budget === 'string' ? percentOf(budget) : 0
  if (percent === undefined || percent > 100) {
    review.problem(
      ['spec', 'sync', 'pruneBudget'],
      `expected a whole number from 0 or a percentage to 100%, found ${found(budget)}`,
    )
  }
  return {
    name: metadata.name,
    repoURL: source.repoURL,
    revision: source.revision,
    path: source.path,
    namespace,
    intervalMs: intervalMs ?? 0,
    prune: sync.prune,
    pruneBudget: budget,
    selfHeal: sync.selfHeal,
    podSecurity: security.podSecurity,
    previews: previewsConfig(application, review),
    ...deliveryConfig(application, review),
  }
}
