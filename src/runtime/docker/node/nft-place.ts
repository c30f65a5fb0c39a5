import { readListeners } from '../../network/haproxy-answers.ts'
import type { KernelPort } from '../../network/nft-services.ts'
import { hostPlaces, readPlaces, takenPlaces } from '../../network/nft-taken.ts'
import type { NodeSettings, NodeShell } from './contract.ts'
import { listenersScript } from './listeners.ts'

const placeMaps = ['host_ports', 'external_ips', 'empty_ports', 'empty_addresses']

/** Ports of the host that the kernel shares with programs of the host. */
export class NftPlace {
  readonly #settings: Pick<NodeSettings, 'serviceCIDR'>
  /** Of the packet rules. */
  readonly #table: string
  /** Keys of places that lead to pods. */
  #served: ReadonlySet<string> = new Set()
  /** The same object until others are taken. */
  taken: ReadonlySet<string> = new Set()

  constructor(settings: Pick<NodeSettings, 'serviceCIDR'>, table: string) {
    this.#settings = settings
    this.#table = table
  }

  /** What is led to pods already stays so. */
  async attach(shell: NodeShell): Promise<void> {
    const lists = placeMaps.map((map) => `nft list map ip ${this.#table} ${map} 2>/dev/null || true`)
    this.#served = readPlaces(await shell.run(lists.join('\n')))
  }

  /** To be called before rules are made: whoever has a port by then keeps it. */
  async look(shell: NodeShell, ports: readonly KernelPort[]): Promise<void> {
    const places = hostPlaces(ports)
    const asked = places.filter(({ key, protocol }) => protocol !== 'sctp' && !this.#served.has(key))
    const taken = asked.length === 0 ? new Set<string>() : await this.#takenOf(shell, asked)
    if ([...taken].join() !== [...this.taken].join()) this.taken = taken
  }

  /** To be called once the rules are in effect. */
  serves(ports: readonly KernelPort[]): void {
    this.#served = new Set(
      hostPlaces(ports)
        .map(({ key }) => key)
        .filter((key) => !this.taken.has(key)),
    )
  }

  async #takenOf(shell: NodeShell, asked: ReturnType<typeof hostPlaces>): Promise<ReadonlySet<string>> {
    const protocols = (['tcp', 'udp'] as const).filter((name) => asked.some(({ protocol }) => protocol === name))
    const addresses = "ip -4 -o addr show | sed 's/.* inet \\([0-9.]*\\).*/at \\1/'"
    const text = await shell.run(`${addresses}\n${listenersScript(protocols)}`)
    const listeners = {
      tcp: readListeners(text),
      udp: readListeners(text, 'udp'),
      addresses: [...text.matchAll(/^at (\S+)$/gm)].map(([, address = '']) => address),
    }
    return takenPlaces(asked, listeners, this.#served, this.#settings.serviceCIDR)
  }
}
