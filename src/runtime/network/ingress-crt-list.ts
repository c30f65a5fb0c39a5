// The certificates as HAProxy reads them: a file each, and a list of which is for whom.
import { sha256 } from '../../base/hash.ts'
import { statePath } from './node-paths.ts'
import type { Certificate } from './table.ts'

export const certificateFolder = 'certs'
export const certificateList = `${statePath}/${certificateFolder}/list`
export const defaultCertificate = `${certificateFolder}/default.pem`

/** Below the state folder. */
export function certificatePath({ key }: Pick<Certificate, 'key'>): string {
  return `${certificateFolder}/${sha256(key).slice(0, 24)}.pem`
}

/**
 * One line a certificate. The first is also for clients that name no host, or an unknown one: a certificate for any host, else one that
 * nobody trusts.
 */
export function certificateLines(certificates: readonly Certificate[]): readonly string[] {
  const forAll = certificates.filter(({ hosts }) => hosts.length === 0)
  const named = certificates.filter(({ hosts }) => hosts.length > 0)
  const first = forAll.length > 0 ? [] : [`${statePath}/${defaultCertificate}`]
  return [...first, ...[...forAll, ...named].map(certificateLine)]
}

function certificateLine(certificate: Certificate): string {
  return [`${statePath}/${certificatePath(certificate)}`, ...[...certificate.hosts].sort()].join(' ')
}

export function lineFile(line: string): string {
  return line.split(' ')[0] ?? ''
}

/** What a running HAProxy can be told to come from one list to the other; undefined: only a new worker can. */
export function lineChanges(
  before: readonly string[],
  after: readonly string[],
): { readonly added: readonly string[]; readonly removed: readonly string[] } | undefined {
  const added = after.filter((line) => !before.includes(line))
  const removed = before.filter((line) => !after.includes(line))
  const files = new Set(added.map(lineFile))
  const changesHosts = removed.some((line) => files.has(lineFile(line)))
  return before[0] !== after[0] || changesHosts ? undefined : { added, removed }
}
