import { readFileSync } from 'node:fs'
import { Agent } from 'node:https'
import { getCACertificates } from 'node:tls'
import type { Client } from 'acme-client'
import { errorText } from '../base/errors.ts'

/** The terms of the server are agreed to. */
export interface AcmeSettings {
  /** URL of its directory. */
  readonly server: string
  /** Who is told of trouble with certificates; undefined: nobody. */
  readonly email: string | undefined
  /** A file of certificate authorities (PEM) that the server's own certificate may be of, besides the usual ones. */
  readonly caFile: string | undefined
}

/** A conversation with an ACME server. */
export interface AcmeServer extends Disposable {
  readonly client: Client
  /** A certificate signing request for these hosts. */
  request(hosts: readonly string[], key: string): Promise<Buffer>
  /** When the server wants to be asked again, ms since the epoch; 0: it said nothing. */
  notUntil(): number
}

/** Let's Encrypt. */
export const usualServer = 'https://acme-v02.api.letsencrypt.org/directory'

const requestMs = 30_000
const largestAnswerBytes = 1 << 20

/**
 * Opens an account, or finds the one that the key has. The library has one set of connections for the whole process, so there is to be
 * one conversation at a time. Throws when the server cannot be reached or refuses.
 */
export async function openAcmeServer(
  settings: AcmeSettings,
  accountKey: string,
  signal: AbortSignal,
  now: () => number,
): Promise<AcmeServer> {
  // Loaded when it is needed, as it takes 25 MB of memory.
  const { axios, Client, crypto } = await import('acme-client')
  const agent = new Agent({ keepAlive: true, ca: authorities(settings.caFile) })
  let notUntil = 0
  Object.assign(axios.defaults, {
    httpsAgent: agent,
    signal,
    timeout: requestMs,
    maxContentLength: largestAnswerBytes,
    maxBodyLength: largestAnswerBytes,
  })
  // The library's own way of repeating requests hides why they failed, and cannot be ended.
  axios.interceptors.request.clear()
  axios.interceptors.response.clear()
  axios.interceptors.response.use((response) => {
    if (response.status === 429 || response.status === 503)
      notUntil = retryAt(String(response.headers['retry-after'] ?? ''), now())
    return response
  })
  const client = new Client({ directoryUrl: settings.server, accountKey })
  const close = () => agent.destroy()
  try {
    await client.createAccount({
      termsOfServiceAgreed: true,
      ...(settings.email === undefined ? {} : { contact: [`mailto:${settings.email}`] }),
    })
  } catch (error) {
    close()
    throw error
  }
  return {
    client,
    request: async (hosts, key) => (await crypto.createCsr({ altNames: [...hosts] }, key))[1],
    notUntil: () => notUntil,
    [Symbol.dispose]: close,
  }
}

/** What to say of an error of the library or of the network. */
export function acmeErrorText(error: unknown, { server, caFile }: AcmeSettings): string {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
  const text = error instanceof Error && error.message === '' && code !== '' ? code : errorText(error)
  if (!isTrust(code)) return code === '' ? text : `${server}: ${text}`
  const next =
    caFile === undefined
      ? 'spec.network.acme.caFile of the Engine can name the authority that it is of'
      : `it is not of an authority in ${caFile}`
  return `the certificate of ${server} is not trusted (${text}); ${next}`
}

const untrusted = [
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]

function isTrust(code: string): boolean {
  return untrusted.includes(code)
}

function authorities(caFile: string | undefined): string[] {
  const usual = getCACertificates('default')
  if (caFile === undefined) return usual
  try {
    return [...usual, readFileSync(caFile, 'utf8')]
  } catch (error) {
    throw new Error(`spec.network.acme.caFile cannot be read: ${errorText(error)}`, { cause: error })
  }
}

/** Of `Retry-After`, which counts seconds or names a time; at most a week, as nobody would notice that nothing is done any more. */
function retryAt(header: string, now: number): number {
  const at = /^\d+$/.test(header) ? now + Number(header) * 1000 : Date.parse(header)
  return Number.isNaN(at) ? 0 : Math.min(at, now + 7 * 24 * 3_600_000)
}
