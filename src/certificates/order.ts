import { X509Certificate } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Authorization, Client, Order } from 'acme-client'
import type { AcmeServer } from './acme-server.ts'
import type { Challenge } from './entrance.ts'
import { newKey, type OpenOrder, type StoredCertificate, storedCertificate } from './vault.ts'

/** What an order needs of the outside. */
export interface OrderSteps {
  /** Called before anything is proved, so that a restart goes on with the order. */
  keep(order: OpenOrder): void
  /** Sees to it that challenges are answered; resolves when they are. */
  present(challenges: readonly Challenge[]): Promise<void>
  readonly signal: AbortSignal
}

const decisionMs = 180_000
const firstPauseMs = 200
const longestPauseMs = 5_000

/** Gets a certificate, going on with an open order where the server still knows it. Throws with what the server has against it. */
export async function obtain(
  { client, request }: Pick<AcmeServer, 'client' | 'request'>,
  hosts: readonly string[],
  open: OpenOrder | undefined,
  steps: OrderSteps,
): Promise<StoredCertificate> {
  const { order: begun, key } =
    (open && (await resumed(client, open, steps.signal))) ?? (await ordered(client, hosts, steps))
  let order = begun
  if (order.status === 'pending') {
    await prove(client, order, steps)
    order = await decided(
      () => client.getOrder(order),
      ({ status }) => status !== 'pending',
      steps.signal,
    )
  }
  if (order.status === 'ready')
    order = { ...(await client.finalizeOrder(order, await request(hosts, key))), url: order.url }
  order = await decided(
    () => client.getOrder(order),
    ({ status }) => status === 'valid' || status === 'invalid',
    steps.signal,
  )
  if (order.status === 'invalid') throw new Error(`the server refused the order: ${detailOf(order.error)}`)
  return certified(await client.getCertificate(order), key, hosts)
}

/** Undefined: the server does not know it any more, or has given it up. */
async function resumed(client: Client, { url, key }: OpenOrder, signal: AbortSignal) {
  try {
    const known: Pick<Order, 'url'> = { url }
    const order = await client.getOrder({ ...unknownOrder, ...known })
    return order.status === 'invalid' ? undefined : { order, key }
  } catch (error) {
    signal.throwIfAborted()
    // An answer of the server is an error without a code; others are of the network.
    if (error instanceof Error && 'code' in error) throw error
    return undefined
  }
}

const unknownOrder: Omit<Order, 'url'> = { status: 'pending', identifiers: [], authorizations: [], finalize: '' }

async function ordered(client: Client, hosts: readonly string[], { keep }: OrderSteps) {
  const key = newKey()
  const order = await client.createOrder({ identifiers: hosts.map((value) => ({ type: 'dns', value })) })
  keep({ url: order.url, hosts, key })
  return { order, key }
}

/** Proves that the hosts are ours, each that the server does not know to be. */
async function prove(client: Client, order: Order, { present, signal }: OrderSteps): Promise<void> {
  const authorizations = await client.getAuthorizations(order)
  const open = authorizations.filter(({ status }) => status === 'pending').map(httpChallenge)
  await present(
    await Promise.all(
      open.map(async ({ host, challenge }) => {
        const answer = await client.getChallengeKeyAuthorization(challenge)
        return { host, token: challenge.token, answer }
      }),
    ),
  )
  for (const { challenge } of open) {
    if (challenge.status === 'pending') await client.completeChallenge(challenge)
  }
  const judged = await decided(
    () => client.getAuthorizations(order),
    (all) => all.every(({ status }) => status !== 'pending') || all.some(({ status }) => status === 'invalid'),
    signal,
  )
  const refusals = judged.filter(({ status }) => status !== 'valid' && status !== 'pending').map(refusalOf)
  if (refusals.length > 0) throw new Error(refusals.join('; '))
}

function httpChallenge({ identifier, challenges }: Authorization) {
  const challenge = challenges.find(({ type }) => type === 'http-01')
  if (!challenge) throw new Error(`the server does not offer HTTP-01 for ${identifier.value}`)
  return { host: identifier.value, challenge }
}

function refusalOf({ identifier, status, challenges }: Authorization): string {
  const error = challenges.map((challenge) => challenge.error).find((one) => one !== undefined)
  return `${identifier.value}: ${error ? detailOf(error) : `its authorization is ${status}`}`
}

function detailOf(error: unknown): string {
  const isProblem = typeof error === 'object' && error !== null && 'detail' in error
  return isProblem ? String(error.detail) : 'it does not say why'
}

/** Looks again and again, for three minutes: then the order stays open, and the next attempt goes on with it. */
async function decided<T>(look: () => Promise<T>, isDone: (found: T) => boolean, signal: AbortSignal): Promise<T> {
  let pauseMs = firstPauseMs
  for (let waitedMs = 0; ; waitedMs += pauseMs) {
    const found = await look()
    if (isDone(found)) return found
    if (waitedMs > decisionMs) throw new Error(`the server has not decided within ${decisionMs / 60_000} min`)
    await sleep(pauseMs, undefined, { signal })
    pauseMs = Math.min(pauseMs * 1.5, longestPauseMs)
  }
}

function certified(chain: string, key: string, hosts: readonly string[]): StoredCertificate {
  // Servers part the certificates by empty lines, which would end a command of HAProxy.
  const lines = `${chain}\n${key}`.split(/\r?\n/).filter((line) => line !== '')
  const certificate = storedCertificate(`${lines.join('\n')}\n`)
  const names = new X509Certificate(certificate.pem)
  const missing = hosts.filter((host) => names.checkHost(host) === undefined)
  if (missing.length > 0) throw new Error(`the server sent a certificate that is not for ${missing.join(', ')}`)
  return certificate
}
