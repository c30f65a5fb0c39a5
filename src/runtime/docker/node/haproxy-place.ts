import { readListeners, type TakenPorts, takenPorts } from '../../network/haproxy-answers.ts'
import { wantedBinds } from '../../network/haproxy-files.ts'
import type { Redirect } from '../../network/haproxy-part.ts'
import { externalAddresses, externalOf, redirectsCommands, redirectsScript } from '../../network/nft-redirects.ts'
import { redirectsFile } from '../../network/node-paths.ts'
import type { NetworkTable } from '../../network/table.ts'
import type { NodeSettings, NodeShell } from './contract.ts'
import type { HaproxyClient } from './haproxy-client.ts'

/** Addresses and ports of the host that HAProxy shares with other programs. */
export class HaproxyPlace {
  readonly #settings: NodeSettings
  #shell: NodeShell | undefined
  /** What gives the host addresses and ports by itself, as it is on disk. */
  #script = ''
  /** The same object until others are taken. */
  ports: TakenPorts = { taken: new Set(), moved: new Map() }

  constructor(settings: NodeSettings) {
    this.#settings = settings
  }

  async attach(shell: NodeShell): Promise<void> {
    this.#shell = shell
    this.#script = (await shell.read(redirectsFile)) ?? ''
    if (this.#script !== '') await shell.run(`sh /state/${redirectsFile}`)
  }

  /** HAProxy would wait for a port that another has, and serve nobody meanwhile: so it is not told of it. Answers whether others are taken than before. */
  async look(client: HaproxyClient, table: NetworkTable): Promise<boolean> {
    const before = this.ports
    const ports = takenPorts(wantedBinds(table, this.#settings), readListeners(await client.listeners()))
    const isSame = textOf(ports) === textOf(before)
    if (!isSame) this.ports = ports
    return !isSame
  }

  /** To be called once HAProxy listens at the other ports. */
  async bring(table: NetworkTable, redirects: readonly Redirect[]): Promise<void> {
    const { engine, serviceCIDR } = this.#settings
    const wanted = { redirects, external: externalAddresses(table, serviceCIDR) }
    const isNothing = redirects.length === 0 && wanted.external.length === 0
    const script = isNothing ? '' : redirectsScript(engine, wanted)
    if (script === this.#script || !this.#shell) return
    await this.#shell.run(redirectsCommands(engine, wanted, externalOf(this.#script)))
    await this.#shell.write([{ path: redirectsFile, text: isNothing ? undefined : script }])
    this.#script = script
  }
}

function textOf({ taken, moved }: TakenPorts): string {
  return JSON.stringify([...taken, ...moved])
}
