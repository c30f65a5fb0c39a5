import { sha256 } from '../../../base/hash.ts'
import { keyOf } from '../../../base/key.ts'
import { RuntimeError } from '../../errors.ts'
import { newestGeneration } from '../../labels.ts'
import { flowsToForget } from '../../network/nft-flows.ts'
import type { PodBridge } from '../../network/nft-isolation.ts'
import { nftRules, tableName } from '../../network/nft-rules.ts'
import {
  additions,
  changeCommands,
  contentParts,
  declarations,
  loadCommands,
  type NftRuleset,
  versionPrefix,
  withVersion,
} from '../../network/nft-ruleset.ts'
import { type KernelPort, kernelPorts } from '../../network/nft-services.ts'
import type { NetworkProblem, NetworkTable } from '../../network/table.ts'
import { bridgeName, parseRange } from '../addresses.ts'
import type { NetworkRecord } from '../networks.ts'
import type { Applier, NodeSettings, NodeShell } from './contract.ts'
import { nftFolder, nftScripts } from './nft-scripts.ts'

/** Small enough that a change of one Service writes little, few enough that all are soon written. */
const parts = 32

const versionFile = `${nftFolder}/part-version.rules`

/** The applier of packet rules. */
export interface NftApplier extends Applier {
  /**
   * Resolves when the rules of all networks that there are now are in: to be awaited before a pod starts on a new one. Throws a
   * RuntimeError when the node container cannot be had, or refuses the rules.
   */
  rulesFor(): Promise<void>
}

/** `networks`: of this host, as they are at the moment. */
export function createNftApplier(settings: NodeSettings, networks: () => readonly NetworkRecord[]): NftApplier {
  return new PacketRules(settings, networks)
}

/** What was brought into effect last. */
interface Applied {
  readonly ruleset: NftRuleset
  readonly ports: readonly KernelPort[]
}

class PacketRules implements NftApplier {
  readonly #settings: NodeSettings
  readonly #networks: () => readonly NetworkRecord[]
  readonly #name: string
  #shell: NodeShell | undefined
  #table: NetworkTable | undefined
  #applied: Applied | undefined
  /** Paths and texts that are on the volume. */
  #written = new Map<string, string>()
  #queue: Promise<unknown> = Promise.resolve()

  constructor(settings: NodeSettings, networks: () => readonly NetworkRecord[]) {
    this.#settings = settings
    this.#networks = networks
    this.#name = tableName(settings.engine)
  }

  attach(shell: NodeShell): Promise<void> {
    this.#shell = shell
    this.#applied = undefined
    this.#written = new Map()
    return this.#inTurn(async () => {
      const { podCIDR, serviceCIDR } = this.#settings
      await this.#write(shell, nftScripts({ table: this.#name, podCIDR, serviceCIDR }))
      await shell.run(`sh /state/${nftFolder}/docker.sh >/dev/null`)
    })
  }

  detach(): void {
    this.#shell = undefined
    this.#applied = undefined
  }

  apply(table: NetworkTable): Promise<readonly NetworkProblem[]> {
    this.#table = table
    return this.#inTurn(async (shell) => {
      try {
        const problems = await this.#bring(shell, table)
        const docker = (await shell.read(`${nftFolder}/problem`)) ?? ''
        return [...problems, ...(docker === '' ? [] : [this.#hostProblem(docker)])]
      } catch (error) {
        if (!(error instanceof RuntimeError)) throw error
        // Nothing is wrong with the shell if it still answers.
        await shell.run(':')
        return [this.#hostProblem(`packet rules are refused: ${error.message}`)]
      }
    })
  }

  rulesFor(): Promise<void> {
    return this.#inTurn(async (shell) => {
      if (this.#table) await this.#bring(shell, this.#table)
      else await this.#isolate(shell)
    })
  }

  /** One at a time: each takes the newest state when its turn comes. */
  #inTurn<T>(run: (shell: NodeShell) => Promise<T>): Promise<T> {
    const turn = this.#queue.then(() => {
      if (this.#shell) return run(this.#shell)
      throw new RuntimeError('HOST_UNREACHABLE', this.#settings.host, 'the node container is not running')
    })
    this.#queue = turn.catch(() => {})
    return turn
  }

  async #bring(shell: NodeShell, table: NetworkTable): Promise<readonly NetworkProblem[]> {
    const ports = kernelPorts(table.services)
    const { ruleset: bare, problems } = this.#rules(table, ports)
    const files = ruleFiles(bare)
    const version = sha256([...files.values()].join('\n')).slice(0, 16)
    const ruleset = withVersion(bare, version)
    const before = this.#applied
    const loaded = before
      ? await this.#change(shell, before.ruleset, ruleset)
      : await this.#first(shell, ruleset, version)
    this.#applied = { ruleset, ports }
    const forget = flowsToForget(loaded ? undefined : (before?.ports ?? ports), ports)
    if (forget.length > 0) await shell.run([...forget.map(conntrack), 'true'].join('\n'))
    if (loaded || joined(before?.ports ?? [], ports)) await shell.run(hairpin(this.#networks().flatMap(podBridge)))
    await this.#keep(shell, files, `add chain ip ${ruleset.table} ${versionPrefix}${version}\n`)
    return problems
  }

  /** Answers whether all was loaded anew. */
  async #change(shell: NodeShell, before: NftRuleset, after: NftRuleset): Promise<boolean> {
    const commands = changeCommands(before, after)
    if (commands === undefined) return false
    this.#applied = undefined
    try {
      await shell.run(nft(commands))
      return false
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error
      // Somebody changed or removed what was there.
      await shell.run(nft(loadCommands(after)))
      return true
    }
  }

  /** What the kernel has may be just right: then counters, affinities and flows are left as they are. */
  async #first(shell: NodeShell, ruleset: NftRuleset, version: string): Promise<boolean> {
    if ((await this.#kernelVersion(shell)) === version) return false
    await shell.run(nft(loadCommands(ruleset)))
    return true
  }

  async #kernelVersion(shell: NodeShell): Promise<string> {
    const name = `${versionPrefix}[0-9a-f]*`
    const found = await shell.run(
      `nft list chains ip 2>/dev/null | sed -n '/^table ip ${this.#name} /,/^}/s#.*chain \\(${name}\\).*#\\1#p'`,
    )
    return found.trim().slice(versionPrefix.length)
  }

  /** Nobody has said yet what Services and policies there are: those that are there stay, and the pods' networks come to them. */
  async #isolate(shell: NodeShell): Promise<void> {
    const old = await this.#kernelVersion(shell)
    const { ruleset } = this.#rules({ services: [], policies: [] }, [])
    const outdated = old === '' ? [] : [`delete chain ip ${ruleset.table} ${versionPrefix}${old}`]
    await shell.run(nft([additions(ruleset), ...outdated].join('\n')))
    this.#applied = undefined
  }

  #rules({ policies }: Pick<NetworkTable, 'services' | 'policies'>, ports: readonly KernelPort[]) {
    const { engine, host, podCIDR, serviceCIDR } = this.#settings
    const bridges = this.#networks().flatMap(podBridge)
    return nftRules({ engine, host, podCIDR, serviceCIDR, bridges, nodes: [], ports, policies })
  }

  /** The version last: without it, all are written again. */
  async #keep(shell: NodeShell, files: ReadonlyMap<string, string>, version: string): Promise<void> {
    if (!this.#written.has(versionFile) && (await shell.read(versionFile)) === version) {
      this.#written = new Map([...this.#written, ...files, [versionFile, version]])
    }
    await this.#write(shell, new Map([...files, [versionFile, version]]))
  }

  async #write(shell: NodeShell, files: ReadonlyMap<string, string>): Promise<void> {
    const changed = [...files].filter(([path, text]) => this.#written.get(path) !== text)
    if (changed.length === 0) return
    await shell.write(changed.map(([path, text]) => ({ path, text })))
    for (const [path, text] of changed) this.#written.set(path, text)
  }

  #hostProblem(message: string): NetworkProblem {
    return { key: keyOf({ namespace: '', kind: 'Host', name: this.#settings.host }), message }
  }
}

function ruleFiles(ruleset: NftRuleset): Map<string, string> {
  const contents = contentParts(ruleset, parts)
  const part = (index: number) => `${nftFolder}/part-${String(index).padStart(2, '0')}.rules`
  return new Map([
    [`${nftFolder}/base.rules`, `${declarations(ruleset).join('\n')}\n`],
    ...contents.map((text, index): [string, string] => [part(index), text === '' ? '' : `${text}\n`]),
  ])
}

function podBridge({ mark }: NetworkRecord): PodBridge[] {
  const block = parseRange(mark.block)
  if (!block) return []
  const { namespace, generation } = mark
  return [{ bridge: bridgeName(block), namespace, block: mark.block, outdated: generation < newestGeneration }]
}

/** A pod is behind a Service that was not. */
function joined(before: readonly KernelPort[], after: readonly KernelPort[]): boolean {
  const addresses = (ports: readonly KernelPort[]) =>
    ports.flatMap(({ backends }) => backends.map(({ address }) => address))
  const known = new Set(addresses(before))
  return addresses(after).some((address) => !known.has(address))
}

function hairpin(bridges: readonly PodBridge[]): string {
  return `sh /state/${nftFolder}/hairpin.sh ${bridges.map(({ bridge }) => bridge).join(' ')}`
}

function nft(commands: string): string {
  return `nft -f - <<'END_OF_RULES'\n${commands}\nEND_OF_RULES`
}

function conntrack(words: string): string {
  return `conntrack ${words} >/dev/null 2>&1`
}
