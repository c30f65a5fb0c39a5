// Joins certificates by ACME to the Ingresses that ask for them and to the hosts that answer for them. Part of the corridor beside engine.ts.
import type { Clock } from './base/clock.ts'
import type { Key } from './base/key.ts'
import type { Log } from './base/log.ts'
import { Certificates } from './certificates/certificates.ts'
import type { Entrance } from './certificates/entrance.ts'
import { certificateWishes } from './runtime/network/acme-wanted.ts'
import { secretKey } from './runtime/network/ingress-certificates.ts'
import { isServed } from './runtime/network/ingress-class.ts'
import type { IngressFacts } from './runtime/network/ingress-table.ts'
import type { NetworkProblem } from './runtime/network/table.ts'
import type { Runtime } from './runtime/port.ts'
import type { NetworkSettings } from './settings.ts'

export interface CertifyingParts {
  readonly runtime: Pick<Runtime, 'hostFacts'>
  readonly stateDir: string
  readonly network: Pick<NetworkSettings, 'acme' | 'ingress'>
  /** `obtained` answers something else now. */
  readonly changed: () => void
  readonly clock: Clock
  readonly log: Log
}

/** The certificates of all Ingresses that ask for them. */
export class Certifying {
  readonly #certificates: Certificates
  #problems: readonly NetworkProblem[] = []

  constructor({ runtime, stateDir, network, changed, clock, log }: CertifyingParts) {
    this.#certificates = new Certificates({
      ...{ stateDir, changed, clock, log, settings: network.acme },
      entrances: () => entrancesOf(runtime, network.ingress),
    })
  }

  start(): void {
    this.#certificates.start()
  }

  /** Takes in what Ingresses ask for; answers what there is for their table. */
  obtained(
    facts: Pick<IngressFacts, 'ingresses' | 'classes' | 'className' | 'secret'>,
  ): Pick<IngressFacts, 'obtained' | 'challenges'> {
    const wishes = facts.ingresses
      .filter((ingress) => isServed(ingress, facts.classes, facts.className))
      .map((ingress) => certificateWishes(ingress, (name) => facts.secret(secretKey(ingress, name)) !== undefined))
    this.#problems = wishes.flatMap(({ problems }) => problems)
    this.#certificates.want(wishes.flatMap(({ wanted }) => wanted))
    return { obtained: this.#certificates.certificates(), challenges: this.#certificates.challenges() }
  }

  /** What an Ingress lacks. */
  problemsOf(ingress: Key): readonly string[] {
    const problems = [...this.#problems, ...this.#certificates.problems()]
    return problems.filter(({ key }) => key === ingress).map(({ message }) => message)
  }

  close(): Promise<void> {
    return this.#certificates.close()
  }
}

function entrancesOf(
  runtime: Pick<Runtime, 'hostFacts'>,
  { httpPort, proxyProtocol }: NetworkSettings['ingress'],
): readonly Entrance[] {
  if (httpPort === 0) return []
  return runtime
    .hostFacts()
    .filter(({ reachable, address, network }) => reachable && address !== '' && network.mode === 'services')
    .map(({ address }) => ({ address, port: httpPort, proxyProtocol }))
}
