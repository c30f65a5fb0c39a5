import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { errorText } from '../base/errors.ts'
import { shortHash } from '../base/hash.ts'
import type { Log } from '../base/log.ts'
import {
  attemptsKeptMs,
  certificateName,
  type HeldCertificate,
  type OrderAttempt,
} from '../runtime/network/acme-plan.ts'

/** A certificate with its key. Secret. */
export interface StoredCertificate extends HeldCertificate {
  /** Chain and key. */
  readonly pem: string
}

/** An order that the server has accepted, with the key that its certificate will be for. Secret. */
export interface OpenOrder {
  readonly url: string
  readonly hosts: readonly string[]
  readonly key: string
}

/**
 * What is kept of one ACME server, in a folder of its own, so that certificates of a server for tests are never taken for those of
 * another. Files are for the owner only, and whole at any time. Methods throw when the disk does; files that cannot be read count as
 * missing, and the log says so.
 */
export class Vault {
  readonly #folder: string
  readonly #log: Log

  constructor(stateDir: string, server: string, log: Log) {
    this.#folder = join(stateDir, 'certificates', shortHash(server))
    this.#log = log
    for (const folder of ['held', 'orders']) {
      mkdirSync(join(this.#folder, folder), { recursive: true, mode: 0o700 })
    }
  }

  /** Made at the first call. */
  accountKey(): string {
    const known = this.#read('account.pem', privateKey)
    if (known !== undefined) return known
    const key = newKey()
    this.#write('account.pem', key)
    return key
  }

  certificates(): readonly StoredCertificate[] {
    return this.#names('held').flatMap((name) => this.#read(name, storedCertificate) ?? [])
  }

  /** Takes the place of an older one for the same hosts. */
  keep(certificate: StoredCertificate): void {
    this.#write(`held/${certificateName(certificate.hosts)}.pem`, certificate.pem)
  }

  forget(certificate: StoredCertificate): void {
    rmSync(join(this.#folder, `held/${certificateName(certificate.hosts)}.pem`), { force: true })
  }

  openOrders(): readonly OpenOrder[] {
    return this.#names('orders').flatMap((name) => this.#read(name, openOrder) ?? [])
  }

  keepOrder(order: OpenOrder): void {
    this.#write(orderFile(order.hosts), JSON.stringify(order))
  }

  endOrder(hosts: readonly string[]): void {
    rmSync(join(this.#folder, orderFile(hosts)), { force: true })
  }

  attempts(): readonly OrderAttempt[] {
    return this.#read('attempts.json', orderAttempts) ?? []
  }

  /** Answers those that were kept: what is too old to count is left out. */
  keepAttempts(attempts: readonly OrderAttempt[], now: number): readonly OrderAttempt[] {
    const kept = attempts.filter(({ at }) => at > now - attemptsKeptMs)
    this.#write('attempts.json', JSON.stringify(kept))
    return kept
  }

  #names(folder: string): string[] {
    const names = readdirSync(join(this.#folder, folder)).sort()
    return names.filter((name) => !name.endsWith(next)).map((name) => `${folder}/${name}`)
  }

  #read<T>(name: string, take: (text: string) => T): T | undefined {
    const file = join(this.#folder, name)
    try {
      return take(readFileSync(file, 'utf8'))
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
      // Not the error's own words: those of a parser quote the text, which is secret.
      const reason = error instanceof SyntaxError ? 'it is no JSON' : errorText(error)
      this.#log.warn('a file of the certificates cannot be read and is left aside', { file, reason })
      return undefined
    }
  }

  #write(name: string, text: string): void {
    const file = join(this.#folder, name)
    const descriptor = openSync(file + next, 'w', 0o600)
    try {
      writeSync(descriptor, text)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    renameSync(file + next, file)
  }
}

const next = '.next'

/** PEM. */
export function newKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

function privateKey(pem: string): string {
  createPrivateKey(pem)
  return pem
}

/** Throws for what is no certificate with its key. */
export function storedCertificate(pem: string): StoredCertificate {
  const certificate = new X509Certificate(pem)
  if (!certificate.checkPrivateKey(createPrivateKey(pem))) throw new Error('the certificate is for another key')
  const hosts = [...(certificate.subjectAltName ?? '').matchAll(/DNS:([^,\s]+)/g)].map(([, host = '']) => host)
  return {
    hosts: hosts.map((host) => host.toLowerCase()).sort(),
    notBefore: Date.parse(certificate.validFrom),
    notAfter: Date.parse(certificate.validTo),
    pem,
  }
}

function orderFile(hosts: readonly string[]): string {
  return `orders/${certificateName(hosts)}.json`
}

function openOrder(text: string): OpenOrder {
  const { url, hosts, key } = JSON.parse(text) as Partial<OpenOrder>
  if (typeof url !== 'string' || typeof key !== 'string' || !isHosts(hosts)) throw new Error('it is no order')
  return { url, hosts, key }
}

function orderAttempts(text: string): OrderAttempt[] {
  const attempts: unknown = JSON.parse(text)
  if (!Array.isArray(attempts)) throw new Error('it is no list')
  return attempts.flatMap(({ hosts, at, outcome, message, notUntil }: Partial<OrderAttempt>) => {
    if (!isHosts(hosts) || typeof at !== 'number' || typeof notUntil !== 'number') return []
    if (outcome !== 'begun' && outcome !== 'issued' && outcome !== 'failed') return []
    return [{ hosts, at, outcome, message: String(message), notUntil }]
  })
}

function isHosts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every((host) => typeof host === 'string')
}
