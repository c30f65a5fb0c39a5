import type { Clock } from '../base/clock.ts'
import { errorText } from '../base/errors.ts'
import { keyOf } from '../base/key.ts'
import type { Log } from '../base/log.ts'
import {
  type AcmeState,
  certificateName,
  certificateProblems,
  type OrderAttempt,
  planOrders,
  servedCertificates,
} from '../runtime/network/acme-plan.ts'
import type { WantedCertificate } from '../runtime/network/acme-wanted.ts'
import type { Certificate, NetworkProblem } from '../runtime/network/table.ts'
import { type AcmeSettings, acmeErrorText, openAcmeServer, usualServer } from './acme-server.ts'
import { type Challenge, type Entrance, untilAnswered } from './entrance.ts'
import { obtain } from './order.ts'
import { type OpenOrder, type StoredCertificate, Vault } from './vault.ts'

export interface CertificatesOptions {
  readonly stateDir: string
  /** Undefined: nothing is obtained, and the problems say what to set. No server: Let's Encrypt. */
  readonly settings: (Omit<AcmeSettings, 'server'> & { readonly server: string | undefined }) | undefined
  /** Where requests of Ingress are taken now. */
  readonly entrances: () => readonly Entrance[]
  /** `certificates` or `challenges` answer something else now. */
  readonly changed: () => void
  readonly clock: Clock
  readonly log: Log
}

const longestUnseenMs = 24 * 3_600_000
const entrancePauseMs = 1_000
const expiredKeptMs = 30 * 24 * 3_600_000

/** Obtains certificates by ACME and renews them, one order after the other. What fails is tried again, and said in the problems. */
export class Certificates {
  readonly #options: CertificatesOptions
  readonly #settings: AcmeSettings | undefined
  readonly #end = new AbortController()
  #vault: Vault | undefined
  /** Why nothing can be done; undefined: it can. */
  #obstacle: string | undefined
  #wanted: readonly WantedCertificate[] = []
  #held: readonly StoredCertificate[] = []
  #attempts: readonly OrderAttempt[] = []
  #challenges: Readonly<Record<string, string>> = {}
  #served: readonly Certificate[] = []
  /** The order that runs. */
  #running: Promise<void> | undefined
  #cancel: () => void = () => {}

  constructor(options: CertificatesOptions) {
    this.#options = options
    const { settings } = options
    this.#settings = settings && { ...settings, server: settings.server ?? usualServer }
    this.#obstacle = settings ? undefined : noSettings
  }

  /** Reads what is kept; from then on orders. */
  start(): void {
    const { stateDir, clock, log } = this.#options
    if (!this.#settings) return
    try {
      const vault = new Vault(stateDir, this.#settings.server, log)
      this.#attempts = vault.attempts()
      this.#tidy(vault, clock.now())
      this.#held = vault.certificates()
      this.#vault = vault
    } catch (error) {
      this.#obstacle = `certificates cannot be kept: ${errorText(error)}`
      log.error('certificates cannot be kept, so none are obtained', { reason: errorText(error) })
    }
    this.#serve()
    this.#options.changed()
    this.#look()
  }

  /** An order that runs is left open; the next start goes on with it. */
  async close(): Promise<void> {
    this.#end.abort()
    this.#cancel()
    await this.#running
  }

  /** All certificates that are wanted now. */
  want(wanted: readonly WantedCertificate[]): void {
    if (JSON.stringify(wanted) === JSON.stringify(this.#wanted)) return
    this.#wanted = wanted
    this.#serve()
    this.#look()
  }

  /** To be answered at `/.well-known/acme-challenge/TOKEN`: token -> answer. */
  challenges(): Readonly<Record<string, string>> {
    return this.#challenges
  }

  /** The same list until something changed. */
  certificates(): readonly Certificate[] {
    return this.#served
  }

  /** Of the Ingresses that want certificates. */
  problems(): readonly NetworkProblem[] {
    const obstacle = this.#obstacle
    // Who only looks has not read what there is.
    if (obstacle === undefined && !this.#vault) return []
    if (obstacle === undefined) {
      const waits = this.#options.entrances().length === 0 ? '; this waits for a host that serves Ingress' : ''
      const problems = certificateProblems(this.#state([]), this.#options.clock.now())
      return problems.map(({ key, message }) => ({ key, message: `${message}${waits}` }))
    }
    return this.#wanted.map(({ ingress, hosts }) => ({
      key: ingress,
      message: `no certificate for ${hosts.join(', ')} can be obtained: ${obstacle}`,
    }))
  }

  /** What nobody asks for any more. */
  #tidy(vault: Vault, now: number): void {
    for (const certificate of vault.certificates()) {
      if (certificate.notAfter < now - expiredKeptMs) vault.forget(certificate)
    }
    const tried = new Set(this.#attempts.map(({ hosts }) => certificateName(hosts)))
    for (const { hosts } of vault.openOrders().filter((order) => !tried.has(certificateName(order.hosts)))) {
      vault.endOrder(hosts)
    }
  }

  #state(open: readonly OpenOrder[]): AcmeState {
    return {
      wanted: this.#wanted,
      held: this.#held,
      attempts: this.#attempts,
      open: new Set(open.map(({ hosts }) => certificateName(hosts))),
    }
  }

  /** Begins what is due, or sees to it that the next look is in time. */
  #look(): void {
    this.#cancel()
    if (!this.#vault || this.#running || this.#end.signal.aborted) return
    const { clock } = this.#options
    const { order, nextAt } = planOrders(this.#state(this.#vault.openOrders()), clock.now())
    if (order && this.#options.entrances().length === 0) {
      // Hosts that are on their way: whoever asks the server before they are there has failed.
      this.#cancel = clock.after(entrancePauseMs, () => this.#look())
    } else if (order) {
      this.#running = this.#order(this.#vault, order.hosts, order.cause).finally(() => {
        this.#running = undefined
        this.#look()
      })
    } else if (nextAt !== undefined) {
      this.#cancel = clock.after(Math.min(nextAt - clock.now(), longestUnseenMs), () => this.#look())
    }
  }

  async #order(vault: Vault, hosts: readonly string[], cause: string): Promise<void> {
    const { clock, log } = this.#options
    const settings = this.#settings
    if (!settings) return
    const open = vault.openOrders().find((order) => certificateName(order.hosts) === certificateName(hosts))
    log.info(open ? 'going on with the order of a certificate' : 'ordering a certificate', {
      hosts: hosts.join(','),
      server: settings.server,
      cause,
    })
    // Whoever called `want` is not called back before it goes on.
    await Promise.resolve()
    let notUntil = 0
    try {
      this.#begun(vault, hosts, open !== undefined)
      using server = await openAcmeServer(settings, vault.accountKey(), this.#end.signal, () => clock.now())
      try {
        const certificate = await obtain(server, hosts, open, {
          keep: (order) => vault.keepOrder(order),
          present: (challenges) => this.#present(challenges),
          signal: this.#end.signal,
        })
        this.#obtained(vault, hosts, certificate)
      } finally {
        notUntil = server.notUntil()
      }
    } catch (error) {
      // The end of Berth is no failure: the attempt stays begun.
      if (this.#end.signal.aborted) return
      this.#failed(vault, hosts, acmeErrorText(error, settings), notUntil)
    } finally {
      this.#challenges = {}
      this.#options.changed()
    }
  }

  /** Counted before anything is asked of the server, so that no number of restarts asks more often. */
  #begun(vault: Vault, hosts: readonly string[], goesOn: boolean): void {
    const name = certificateName(hosts)
    const last = this.#attempts.findLast((attempt) => certificateName(attempt.hosts) === name)
    if (goesOn && last?.outcome === 'begun') return
    const now = this.#options.clock.now()
    this.#attempts = [...this.#attempts, { hosts, at: now, outcome: 'begun', message: '', notUntil: 0 }]
    this.#attempts = vault.keepAttempts(this.#attempts, now)
  }

  async #present(challenges: readonly Challenge[]): Promise<void> {
    if (challenges.length === 0) return
    this.#challenges = Object.fromEntries(challenges.map(({ token, answer }) => [token, answer]))
    this.#options.changed()
    await untilAnswered(challenges, this.#options.entrances(), this.#end.signal)
  }

  #obtained(vault: Vault, hosts: readonly string[], certificate: StoredCertificate): void {
    vault.keep(certificate)
    this.#ended(vault, hosts, { outcome: 'issued', message: '', notUntil: 0 })
    vault.endOrder(hosts)
    this.#held = vault.certificates()
    this.#serve()
    this.#options.log.info('obtained a certificate', {
      hosts: hosts.join(','),
      until: new Date(certificate.notAfter).toISOString(),
    })
  }

  #failed(vault: Vault, hosts: readonly string[], message: string, notUntil: number): void {
    this.#options.log.warn('a certificate was not obtained', { hosts: hosts.join(','), reason: message })
    try {
      this.#ended(vault, hosts, { outcome: 'failed', message, notUntil })
    } catch (error) {
      this.#options.log.warn('what became of an order cannot be kept', { reason: errorText(error) })
    }
  }

  #ended(vault: Vault, hosts: readonly string[], end: Pick<OrderAttempt, 'outcome' | 'message' | 'notUntil'>): void {
    const name = certificateName(hosts)
    const index = this.#attempts.findLastIndex((attempt) => certificateName(attempt.hosts) === name)
    const now = this.#options.clock.now()
    const attempt: OrderAttempt = { hosts, at: this.#attempts[index]?.at ?? now, ...end }
    // It may have taken minutes: the wait counts from its end.
    const ended = end.outcome === 'failed' ? { ...attempt, at: now } : attempt
    this.#attempts = [...this.#attempts.filter((_, place) => place !== index), ended]
    this.#attempts = vault.keepAttempts(this.#attempts, now)
  }

  #serve(): void {
    const served = servedCertificates(this.#wanted, this.#held).map(
      ({ certificate, hosts }): Certificate => ({
        key: keyOf({ namespace: '', kind: 'Certificate', name: certificateName(certificate.hosts) }),
        hosts,
        pem: certificate.pem,
      }),
    )
    if (JSON.stringify(served) === JSON.stringify(this.#served)) return
    this.#served = served.sort((a, b) => (a.key < b.key ? -1 : 1))
  }
}

const noSettings =
  'the Engine names no server to ask; set spec.network.acme (email, agreeToTerms: true), or put the Secret into Git'
