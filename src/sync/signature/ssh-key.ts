import { createHash, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { WireError, WireReader, wireInteger, wireString, withoutZeros } from './wire.ts'

/** A public key as ssh writes it, taken apart. */
export interface SshKey {
  /** `ssh-ed25519`, `ecdsa-sha2-nistp256`, … */
  readonly type: string
  readonly publicKey: KeyObject
  /** Of keys on a security token: what it was made for (`ssh:`). */
  readonly application: string | undefined
  /** As `ssh-keygen -l` prints it. */
  readonly fingerprint: string
}

interface Curve {
  /** Name in ssh. */
  readonly name: string
  /** Name in a JSON Web Key. */
  readonly crv: string
  readonly coordinateBytes: number
  readonly hash: 'sha256' | 'sha384' | 'sha512'
}

const curves: readonly Curve[] = [
  { name: 'nistp256', crv: 'P-256', coordinateBytes: 32, hash: 'sha256' },
  { name: 'nistp384', crv: 'P-384', coordinateBytes: 48, hash: 'sha384' },
  { name: 'nistp521', crv: 'P-521', coordinateBytes: 66, hash: 'sha512' },
]

const leastRsaBits = 2048

export function fingerprint(blob: Uint8Array): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`
}

/** Reads a public key blob. Throws WireError for a damaged one, or a kind that is not supported. */
export function readSshKey(blob: Uint8Array): SshKey {
  const reader = new WireReader(blob)
  const type = reader.text()
  const jwk = publicJwk(type, reader)
  const application = type.startsWith('sk-') ? reader.text() : undefined
  if (!reader.ended) throw new WireError('more data than a key')
  return { type, publicKey: asPublicKey(jwk), application, fingerprint: fingerprint(blob) }
}

function publicJwk(type: string, reader: WireReader): JsonWebKey {
  switch (type) {
    case 'ssh-ed25519':
    case 'sk-ssh-ed25519@openssh.com':
      return { kty: 'OKP', crv: 'Ed25519', x: reader.string().toString('base64url') }
    case 'ssh-rsa':
      return rsaJwk(reader)
    case 'ecdsa-sha2-nistp256':
    case 'ecdsa-sha2-nistp384':
    case 'ecdsa-sha2-nistp521':
    case 'sk-ecdsa-sha2-nistp256@openssh.com':
      return curveJwk(type, reader)
    default:
      throw new WireError(`keys of type ${type} are not supported`)
  }
}

function rsaJwk(reader: WireReader): JsonWebKey {
  const [e, n] = [withoutZeros(reader.string()), withoutZeros(reader.string())]
  const bits = n.length === 0 ? 0 : n.length * 8 - Math.clz32(n[0]!) + 24
  if (bits < leastRsaBits) throw new WireError(`an RSA key of ${bits} bits is too short`)
  return { kty: 'RSA', e: e.toString('base64url'), n: n.toString('base64url') }
}

function curveJwk(type: string, reader: WireReader): JsonWebKey {
  const curve = curveOf(type)
  const [name, point] = [reader.text(), reader.string()]
  const size = curve.coordinateBytes
  if (name !== curve.name || point.length !== 1 + 2 * size || point[0] !== 4)
    throw new WireError('no point of its curve')
  const [x, y] = [point.subarray(1, 1 + size), point.subarray(1 + size)]
  return { kty: 'EC', crv: curve.crv, x: x.toString('base64url'), y: y.toString('base64url') }
}

/** The curve of an ECDSA key type. */
export function curveOf(type: string): Curve {
  const curve = curves.find(({ name }) => type.includes(name))
  if (!curve) throw new WireError(`keys of type ${type} are not supported`)
  return curve
}

function asPublicKey(jwk: JsonWebKey): KeyObject {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' })
  } catch (cause) {
    throw new WireError('no key', { cause })
  }
}

/** The public key blob of an Ed25519, RSA or ECDSA key. Throws WireError for other kinds. */
export function writeSshKey(key: KeyObject): { readonly type: string; readonly blob: Buffer } {
  const { kty, crv, x = '', y = '', e = '', n = '' } = createPublicKey(key).export({ format: 'jwk' })
  const part = (text: string): Buffer => Buffer.from(text, 'base64url')
  if (kty === 'OKP' && crv === 'Ed25519') return blobOf('ssh-ed25519', wireString(part(x)))
  if (kty === 'RSA') return blobOf('ssh-rsa', wireInteger(part(e)), wireInteger(part(n)))
  const curve = curves.find((one) => one.crv === crv)
  if (kty !== 'EC' || !curve) throw new WireError(`keys of kind ${crv ?? kty} are not supported`)
  const point = Buffer.concat([Buffer.of(4), part(x), part(y)])
  return blobOf(`ecdsa-sha2-${curve.name}`, wireString(curve.name), wireString(point))
}

function blobOf(type: string, ...parts: readonly Buffer[]): { type: string; blob: Buffer } {
  return { type, blob: Buffer.concat([wireString(type), ...parts]) }
}
