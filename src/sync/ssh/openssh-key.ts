import type { KeyObject } from 'node:crypto'

/** A private key of PEM in a form that ssh's parsers know; undefined: of a kind that ssh does not use. */
export function openSshKey(key: KeyObject): string | undefined {
  if (key.asymmetricKeyType === 'rsa') return String(key.export({ type: 'pkcs1', format: 'pem' }))
  if (key.asymmetricKeyType === 'ec') return String(key.export({ type: 'sec1', format: 'pem' }))
  return key.asymmetricKeyType === 'ed25519' ? ed25519(key) : undefined
}

/** ssh has no PEM form of these: this is the file that `ssh-keygen -N ''` writes (PROTOCOL.key of OpenSSH). */
function ed25519(key: KeyObject): string {
  const { d = '', x = '' } = key.export({ format: 'jwk' })
  const own = Buffer.from(x, 'base64url')
  const type = text('ssh-ed25519')
  const check = Buffer.alloc(8)
  const secret = Buffer.concat([
    check,
    type,
    text(own),
    text(Buffer.concat([Buffer.from(d, 'base64url'), own])),
    text(''),
  ])
  const padding = Buffer.from([1, 2, 3, 4, 5, 6, 7].slice(0, (8 - (secret.length % 8)) % 8))
  const none = text('none')
  const count = Buffer.from([0, 0, 0, 1])
  const start = Buffer.concat([Buffer.from('openssh-key-v1\0'), none, none, text(''), count])
  const whole = Buffer.concat([start, text(Buffer.concat([type, text(own)])), text(Buffer.concat([secret, padding]))])
  const lines = whole.toString('base64').match(/.{1,70}/g) ?? []
  return ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join('\n')
}

/** With its length in front. */
function text(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}
