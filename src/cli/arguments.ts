import { parseArgs } from 'node:util'
import { type LogLevel, logLevels } from '../base/log.ts'
import { nearest } from '../manifests/nearest.ts'

/** The caller's words were wrong: told with the usage, exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export const podSecurityLevels = ['privileged', 'baseline', 'restricted'] as const
export type PodSecurity = (typeof podSecurityLevels)[number]

export const networkModes = ['services', 'names'] as const
export type NetworkMode = (typeof networkModes)[number]

export type Output = 'text' | 'json' | 'markdown'

export interface Arguments {
  readonly command: string
  readonly operands: readonly string[]
  readonly config: string | undefined
  readonly repo: string | undefined
  readonly revision: string | undefined
  readonly path: string | undefined
  readonly namespace: string | undefined
  readonly host: string | undefined
  readonly stateDir: string | undefined
  readonly engine: string | undefined
  readonly pauseImage: string | undefined
  readonly network: NetworkMode | undefined
  readonly nodeImage: string | undefined
  /** Ports of every host; 0: none. */
  readonly ingressHttp: number | undefined
  readonly ingressHttps: number | undefined
  readonly listen: string | undefined
  readonly podSecurity: PodSecurity | undefined
  readonly interval: string | undefined
  readonly timeout: string | undefined
  /** Of rollback. */
  readonly to: string | undefined
  readonly commit: string | undefined
  readonly dryRun: boolean
  readonly output: Output
  readonly logLevel: LogLevel
  readonly watch: boolean
  readonly help: boolean
  readonly version: boolean
}

const options = {
  config: { type: 'string', short: 'c' },
  repo: { type: 'string' },
  revision: { type: 'string' },
  path: { type: 'string' },
  namespace: { type: 'string', short: 'n' },
  host: { type: 'string' },
  'state-dir': { type: 'string' },
  engine: { type: 'string' },
  'pause-image': { type: 'string' },
  network: { type: 'string' },
  'node-image': { type: 'string' },
  'ingress-http': { type: 'string' },
  'ingress-https': { type: 'string' },
  listen: { type: 'string' },
  'pod-security': { type: 'string' },
  interval: { type: 'string' },
  timeout: { type: 'string' },
  to: { type: 'string' },
  commit: { type: 'string' },
  'dry-run': { type: 'boolean' },
  output: { type: 'string', short: 'o' },
  'log-level': { type: 'string' },
  watch: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const

/** Reads the command line. Throws UsageError naming the word that is wrong. */
export function readArguments(argv: readonly string[]): Arguments {
  const { values, positionals } = parsed(argv)
  const output = oneOf('-o', values.output ?? 'text', ['text', 'json', 'markdown'] as const)
  return {
    command: positionals[0] ?? '',
    operands: positionals.slice(1),
    config: values.config,
    repo: values.repo,
    revision: values.revision,
    path: values.path,
    namespace: values.namespace,
    host: values.host,
    stateDir: values['state-dir'],
    engine: values.engine,
    pauseImage: values['pause-image'],
    network: values.network === undefined ? undefined : oneOf('--network', values.network, networkModes),
    nodeImage: values['node-image'],
    ingressHttp: port('--ingress-http', values['ingress-http']),
    ingressHttps: port('--ingress-https', values['ingress-https']),
    listen: values.listen,
    podSecurity:
      values['pod-security'] === undefined
        ? undefined
        : oneOf('--pod-security', values['pod-security'], podSecurityLevels),
    interval: values.interval,
    timeout: values.timeout,
    to: values.to,
    commit: values.commit,
    dryRun: values['dry-run'] ?? false,
    output,
    logLevel: oneOf('--log-level', values['log-level'] ?? 'info', logLevels),
    watch: values.watch ?? false,
    help: values.help ?? false,
    version: values.version ?? false,
  }
}

function parsed(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true, strict: true })
  } catch (error) {
    throw new UsageError(flagFault(error), { cause: error })
  }
}

/** Node says more than helps here. */
function flagFault(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  const [, unknown] = /^Unknown option '([^']+)'/.exec(message) ?? []
  if (unknown === undefined) return message.split(/\.? To specify/)[0] ?? message
  const near = nearest(unknown.replace(/^-+/, ''), Object.keys(options))
  return `there is no flag ${unknown}${near === undefined ? '' : `: did you mean --${near}?`}`
}

function oneOf<T extends string>(flag: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((word) => word === value)
  if (found === undefined) throw new UsageError(`${flag}: expected one of ${allowed.join(', ')}, found "${value}"`)
  return found
}

function port(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const number = /^\d{1,5}$/.test(text) ? Number(text) : -1
  if (number < 0 || number > 65535) throw new UsageError(`${flag}: expected a port to 65535, found "${text}"`)
  return number
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** `30s`, `5m`, `1h`, `500ms` as ms. */
export function durationMs(flag: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text)
  if (!match) throw new UsageError(`${flag}: expected a duration such as 30s or 5m, found "${text}"`)
  return Number(match[1]) * (units[match[2] ?? ''] ?? 1)
}
