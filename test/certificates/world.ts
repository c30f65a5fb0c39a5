import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import { shortHash } from '../../src/base/hash.ts'
import { createLog } from '../../src/base/log.ts'
import type { AcmeSettings } from '../../src/certificates/acme-server.ts'
import { Certificates } from '../../src/certificates/certificates.ts'
import type { WantedCertificate } from '../../src/runtime/network/acme-wanted.ts'

/** In the place of the data path: answers challenges at a port of its own. */
export class Entrance implements AsyncDisposable {
  readonly #server: Server
  /** Who knows the answers now. */
  challenges: () => Readonly<Record<string, string>> = () => ({})
  /** Only so many requests are answered rightly, as Berth's own are and the server's are not. */
  rightAnswers = Number.POSITIVE_INFINITY
  /** Requests for challenges, as `host token`. */
  readonly asked: string[] = []
  /** Called with each, before it is answered. */
  onAsked: () => void = () => {}

  private constructor() {
    this.#server = createServer((request, response) => {
      const token = /^\/\.well-known\/acme-challenge\/(.+)$/.exec(request.url ?? '')?.[1] ?? ''
      this.asked.push(`${request.headers.host} ${token}`)
      this.onAsked()
      const answer = this.challenges()[token]
      if (answer !== undefined && this.rightAnswers > 0) {
        this.rightAnswers -= 1
        response.end(answer)
      } else response.writeHead(404).end('nobody knows')
    })
  }

  static async start(): Promise<Entrance> {
    const entrance = new Entrance()
    entrance.#server.listen(0, '127.0.0.1')
    await once(entrance.#server, 'listening')
    return entrance
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

/** The system's clock, that can be set forward: what was waited for happens at once. */
export class ShiftedClock implements Clock {
  #shiftMs = 0
  #timers = new Set<{ readonly at: number; readonly run: () => void }>()

  now(): number {
    return systemClock.now() + this.#shiftMs
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { at: this.now() + delayMs, run: () => {} }
    const cancel = systemClock.after(delayMs, () => timer.run())
    timer.run = () => {
      cancel()
      if (this.#timers.delete(timer)) run()
    }
    this.#timers.add(timer)
    return () => {
      cancel()
      this.#timers.delete(timer)
    }
  }

  advance(ms: number): void {
    this.#shiftMs += ms
    for (const timer of [...this.#timers].filter(({ at }) => at <= this.now())) timer.run()
  }
}

export const shop = (...hosts: string[]): WantedCertificate => ({ ingress: 'shop/Ingress/web', hosts })

/** A Berth, as far as certificates go; several may follow each other on one state directory. */
export class World implements AsyncDisposable {
  readonly stateDir = mkdtempSync(join(tmpdir(), 'berth-certificates-'))
  readonly clock = new ShiftedClock()
  readonly lines: string[] = []
  readonly entrance: Entrance
  /** Whether a host serves Ingress. */
  isOpen = true
  readonly #all: Certificates[] = []
  /** The one that was begun last. */
  certificates!: Certificates
  #changed: () => void = () => {}

  constructor(entrance: Entrance) {
    this.entrance = entrance
  }

  begin(settings: AcmeSettings | undefined, wanted: readonly WantedCertificate[]): Certificates {
    const certificates = new Certificates({
      stateDir: this.stateDir,
      settings,
      entrances: () => (this.isOpen ? [{ address: '127.0.0.1', port: this.entrance.port, proxyProtocol: false }] : []),
      changed: () => this.#changed(),
      clock: this.clock,
      log: createLog('debug', (line) => this.lines.push(line), Date.now),
    })
    this.entrance.challenges = () => certificates.challenges()
    this.certificates = certificates
    this.#all.push(certificates)
    certificates.start()
    certificates.want(wanted)
    return certificates
  }

  /** Resolves once it is so; rejects after 60 s, with what is so instead. */
  async until(isSo: (certificates: Certificates) => boolean): Promise<void> {
    const deadline = AbortSignal.timeout(60_000)
    while (!isSo(this.certificates)) {
      if (deadline.aborted) throw new Error(`not so: ${JSON.stringify([this.certificates.problems(), this.lines])}`)
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#changed = resolve
      const timer = setTimeout(resolve, 100)
      await promise
      clearTimeout(timer)
    }
  }

  /** What the one Ingress lacks; empty: nothing. */
  problem(): string {
    return this.certificates
      .problems()
      .map(({ message }) => message)
      .join('; ')
  }

  /** Where it keeps what is of a server. */
  vaultOf(server: string): string {
    return join(this.stateDir, 'certificates', shortHash(server))
  }

  damage(file: string, text: string): void {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const certificates of this.#all) await certificates.close()
    rmSync(this.stateDir, { recursive: true, force: true })
  }
}
