import type { Key, SignaturePacket, Subkey } from 'openpgp'
import { errorText } from '../../base/errors.ts'
import type { Signature } from '../port.ts'
import { badKeys, type OpenPgpKeys } from './keys.ts'

/** Large, so loaded only when a commit is signed like that. */
const load = () => import('openpgp')
type OpenPgp = Awaited<ReturnType<typeof load>>

/** Clocks of people and hosts differ. */
const leewayMs = 15 * 60_000

export function isOpenPgpSignature(text: string): boolean {
  return /^-----BEGIN PGP (?:SIGNATURE|MESSAGE)-----/.test(text)
}

/** `now`, ms. Throws BAD_CREDENTIALS for keys that cannot be read. */
export async function checkOpenPgp(
  payload: Uint8Array,
  armored: string,
  trusted: readonly OpenPgpKeys[],
  now: number,
): Promise<Signature> {
  const openpgp = await load()
  const packet = await readPacket(openpgp, armored)
  if (typeof packet === 'string') return refused(`the signature cannot be read: ${packet}`)
  const { binary, text } = openpgp.enums.signature
  // Other kinds (of keys, of nothing at all) say nothing about the payload.
  if ((packet.signatureType !== binary && packet.signatureType !== text) || packet.created === null) {
    return refused('the signature is not one of a document')
  }
  const id = packet.issuerKeyID
  const key = (await mergedKeys(openpgp, trusted)).find((one) => one.getKeys(id).length > 0)
  const maker = key?.getKeys(id)[0]
  if (!key || !maker) return refused(`signed by an unknown key ${nameOf(packet)}`)
  const name = fingerprintOf(maker)
  const problem =
    (await contentProblem(openpgp, packet, maker, payload)) ??
    timeProblem(packet, maker, now) ??
    (await keyProblem(key, maker, new Date(now)))
  return problem === undefined ? { valid: true, key: name } : refused(problem)
}

async function readPacket(openpgp: OpenPgp, armored: string): Promise<SignaturePacket | string> {
  try {
    const { packets } = await openpgp.readSignature({ armoredSignature: armored })
    return packets[0] ?? 'it is empty'
  } catch (error) {
    return errorText(error, 200)
  }
}

/** Copies of one key complete each other, so that none hides that it was revoked. */
async function mergedKeys(openpgp: OpenPgp, trusted: readonly OpenPgpKeys[]): Promise<Key[]> {
  const merged = new Map<string, Key>()
  for (const { from, content } of trusted) {
    try {
      const keys = await (typeof content === 'string'
        ? openpgp.readKeys({ armoredKeys: content })
        : openpgp.readKeys({ binaryKeys: content }))
      for (const key of keys) {
        const known = merged.get(key.getFingerprint())
        merged.set(key.getFingerprint(), known ? await known.update(key.toPublic()) : key.toPublic())
      }
    } catch (error) {
      throw badKeys(from, `expected public keys of OpenPGP: ${errorText(error, 200)}`, error)
    }
  }
  return [...merged.values()]
}

async function contentProblem(
  openpgp: OpenPgp,
  packet: SignaturePacket,
  maker: Key | Subkey,
  payload: Uint8Array,
): Promise<string | undefined> {
  const message = await openpgp.createMessage({ binary: payload })
  try {
    // Times are looked at afterwards, so that what is said first is what matters most.
    await packet.verify(maker.keyPacket, packet.signatureType!, message.packets[0]!, packet.created!, true)
    return undefined
  } catch (error) {
    const reason = errorText(error, 200)
    if (/did not match|verification failed/.test(reason)) return 'the signature is not of this commit'
    return `signed by ${fingerprintOf(maker)} in a way that does not count: ${reason}`
  }
}

function timeProblem(packet: SignaturePacket, maker: Key | Subkey, now: number): string | undefined {
  const made = packet.created!
  const name = fingerprintOf(maker)
  if (made.getTime() > now + leewayMs) return `signed by ${name} at ${made.toISOString()}, which is yet to come`
  if (maker.getCreationTime() > made) return `signed by ${name} before that key was made`
  const end = packet.getExpirationTime()
  return end instanceof Date && end.getTime() <= now ? `the signature by ${name} expired on ${day(end)}` : undefined
}

/** What keeps the key from counting today, whatever it was when it signed: a revocation or an end may be there for a reason. */
async function keyProblem(key: Key, maker: Key | Subkey, now: Date): Promise<string | undefined> {
  const name = fingerprintOf(maker)
  if (await key.isRevoked(undefined, undefined, now)) return `signed by ${name}, which is revoked`
  const end = await key.getExpirationTime()
  if (end instanceof Date && end <= now) return `signed by ${name}, which expired on ${day(end)}`
  try {
    await key.getSigningKey(maker.getKeyID(), now)
    return undefined
  } catch (error) {
    const reason = errorText(error, 300)
    if (/revoked/.test(reason)) return `signed by ${name}, a subkey that is revoked`
    if (/expired/.test(reason)) return `signed by ${name}, a subkey that has expired`
    return `signed by ${name}, which may not sign: ${reason}`
  }
}

function fingerprintOf(key: Key | Subkey): string {
  return key.getFingerprint().toUpperCase()
}

function nameOf({ issuerFingerprint, issuerKeyID }: SignaturePacket): string {
  return (issuerFingerprint ? Buffer.from(issuerFingerprint).toString('hex') : issuerKeyID.toHex()).toUpperCase()
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10)
}

function refused(reason: string): Signature {
  return { valid: false, reason }
}
