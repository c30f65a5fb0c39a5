import { createHash, X509Certificate } from 'node:crypto'
import { getCACertificates } from 'node:tls'
import { badCredentials, readSecretFile } from './secret.ts'

/** Authorities that a server is trusted by: those that are always, and one's own. */
export interface Trust {
  /** Equal id, equal authorities. */
  readonly id: string
  readonly certificates: readonly string[]
}

const block = /-----BEGIN (?:TRUSTED )?CERTIFICATE-----[^-]+-----END (?:TRUSTED )?CERTIFICATE-----/g

/** Reads certificates of a file in addition to the system's; throws BAD_CREDENTIALS. */
export function readTrust(caFile: string): Trust {
  const own = readSecretFile(caFile, 'certificates').match(block) ?? []
  if (own.length === 0) throw badCredentials(caFile, `certificates ${caFile}: expected PEM, found no certificate`)
  for (const pem of own) {
    if (!isCertificate(pem)) throw badCredentials(caFile, `certificates ${caFile}: expected PEM, found a damaged one`)
  }
  const id = createHash('sha256').update(own.join('\n')).digest('hex').slice(0, 16)
  return { id, certificates: [...getCACertificates('default'), ...own] }
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined
  } catch {
    return false
  }
}
