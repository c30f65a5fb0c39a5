import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Provider } from './webhooks/events.ts'

/** How a sender says that it knows the secret. */
export type Claim =
  /** HMAC-SHA256 of the body, under the secret. */
  | { readonly kind: 'signature'; readonly digest: Buffer }
  /** The secret itself. */
  | { readonly kind: 'token'; readonly token: Buffer }

/** Of registries that can be given an address and nothing else: `?token=SECRET`. */
const tokenMember = 'token'

type Headers = Readonly<Record<string, readonly string[] | undefined>>
type ReadClaim = (value: string) => Claim | undefined

const hex: ReadClaim = (value) =>
  /^[0-9a-f]{64}$/i.test(value) ? { kind: 'signature', digest: Buffer.from(value, 'hex') } : undefined
const prefixedHex: ReadClaim = (value) => (value.startsWith('sha256=') ? hex(value.slice('sha256='.length)) : undefined)
const token: ReadClaim = (value) => (value === '' ? undefined : { kind: 'token', token: Buffer.from(value, 'latin1') })
const bearer: ReadClaim = (value) => token(/^bearer +(\S+)$/i.exec(value)?.[1] ?? '')

// GitHub sends a SHA-1 signature too, and Gitea the names of its relatives: the first is not looked at, of the others all must hold.
const claimHeaders: Readonly<Record<Provider, Readonly<Record<string, ReadClaim>>>> = {
  github: { 'x-hub-signature-256': prefixedHex },
  gitea: {
    'x-gitea-signature': hex,
    'x-forgejo-signature': hex,
    'x-gogs-signature': hex,
    'x-hub-signature-256': prefixedHex,
  },
  gitlab: { 'x-gitlab-token': token },
  registry: { 'x-hub-signature-256': prefixedHex, authorization: bearer },
  generic: { 'x-hub-signature-256': prefixedHex, authorization: bearer },
}

/** What a request claims, before its body is read; undefined when a claim is missing, doubled or malformed. */
export function claimsOf(provider: Provider, headers: Headers, query = new URLSearchParams()): Claim[] | undefined {
  const claims: Claim[] = []
  const inAddress = provider === 'registry' ? query.getAll(tokenMember) : []
  const places = Object.entries(claimHeaders[provider]).map(([name, read]) => [headers[name] ?? [], read] as const)
  for (const [values, read] of [...places, [inAddress, token] as const]) {
    if (values.length === 0) continue
    const claim = values.length === 1 ? read(values[0]!) : undefined
    if (!claim) return undefined
    claims.push(claim)
  }
  return claims.length === 0 ? undefined : claims
}

/** Whether the tokens among the claims are the secret. Takes the same time for all wrong ones. */
export function tokensHold(claims: readonly Claim[], secret: Buffer): boolean {
  return claims.every((claim) => claim.kind !== 'token' || timingSafeEqual(sha256(claim.token), sha256(secret)))
}

/** Whether the signatures among the claims are of these bytes. Takes the same time for all wrong ones. */
export function signaturesHold(claims: readonly Claim[], secret: Buffer, body: Buffer): boolean {
  if (claims.every(({ kind }) => kind === 'token')) return true
  const digest = createHmac('sha256', secret).update(body).digest()
  return claims.every((claim) => claim.kind !== 'signature' || timingSafeEqual(claim.digest, digest))
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest()
}
