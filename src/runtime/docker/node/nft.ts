import { type Clock, systemClock } from '../../../base/clock.ts'
import { stableText } from '../../../base/hash.ts'
import { keyOf } from '../../../base/key.ts'
import { ipv4Range } from '../../../manifests/ipv4.ts'
import { RuntimeError } from '../../errors.ts'
import { newestGeneration } from '../../labels.ts'
import { dnsAddress } from '../../network/allocate.ts'
import { flowsToForget } from '../../network/nft-flows.ts'
import type { Door, IsolationFacts, PodBridge } from '../../network/nft-isolation.ts'
import { nftRules, tableName } from '../../network/nft-rules.ts'
import {
  additions,
  changeCommands,
  changedParts,
  changeOf,
  loadCommands,
  type NftRuleset,
  rulesetParts,
  versionPrefix,
} from '../../network/nft-ruleset.ts'
import { type KernelPort, kernelPorts } from '../../network/nft-services.ts'
import { rulesetVersion } from '../../network/nft-version.ts'
import type { NetworkProblem, NetworkTable, PolicyRow } from '../../network/table.ts'
import { bridgeName, parseRange } from '../addresses.ts'
import type { NetworkRecord } from '../networks.ts'
import type { Applier, NodeSettings, NodeShell } from './contract.ts'
import { NftPlace } from './nft-place.ts'
import { nftFolder, nftScripts } from './nft-scripts.ts'

/** Small enough that a change of one Service writes little, few enough that all are soon written. */
const parts = 32

/** Another one for files that are cut in another way. */
const layout = '2'

/** How often ports that others have are looked at, ms. */
const takenMs = 10_000

const versionFile = `${nftFolder}/part-version.rules`

/** The applier of packet rules. */
export interface NftApplier extends Applier {
  /**
   * Resolves when the rules of all networks that there are now are in: to be awaited before a pod starts on a new one. Throws a
   * RuntimeError when the node container cannot be had, or refuses the rules.
   */
  rulesFor(): Promise<void>
  /** Who is to apply the newest table once more, as something of the host may have changed by itself. */
  outdated(again: () => void): void
}

/** `networks`: of this host, as they are at the moment. */
export function createNftApplier(
  settings: NodeSettings,
  networks: () => readonly NetworkRecord[],
  clock: Clock = systemClock,
): NftApplier {
  return new PacketRules(settings, networks, clock)
}

/** What was brought into effect last. */
interface Applied {
  readonly ruleset: NftRuleset
  readonly ports: readonly KernelPort[]
  readonly taken: ReadonlySet<string>
  readonly version: string
  readonly policies: readonly PolicyRow[]
  readonly guests: Guests
  readonly bridges: readonly PodBridge[]
  readonly problems: readonly NetworkProblem[]
}

/** Previews, and which Services are theirs. */
type Guests = Required<Pick<IsolationFacts, 'guests' | 'closed' | 'doors'>>

const door = ({ namespace, address }: Door): Door => ({ namespace, address })

class PacketRules implements NftApplier {
  readonly #settings: NodeSettings
  readonly #networks: () => readonly NetworkRecord[]
  readonly #name: string
  readonly #clock: Clock
  readonly #place: NftPlace
  #outdated: () => void = () => {}
  #cancelLook: () => void = () => {}
  #shell: NodeShell | undefined
  #table: NetworkTable | undefined
  #applied: Applied | undefined
  /** Parts of the ruleset that are not on the volume as they are in the kernel. */
  readonly #stale = new Set<number>()
  #queue: Promise<unknown> = Promise.resolve()

  constructor(settings: NodeSettings, networks: () => readonly NetworkRecord[], clock: Clock) {
    this.#settings = settings
    this.#networks = networks
    this.#clock = clock
    this.#name = tableName(settings.engine)
    this.#place = new NftPlace(settings, this.#name)
  }

  outdated(again: () => void): void {
    this.#outdated = again
  }

  attach(shell: NodeShell): Promise<void> {
    this.#shell = shell
    this.#applied = undefined
    return this.#inTurn(async () => {
      const { podCIDR, serviceCIDR } = this.#settings
      await this.#write(shell, nftScripts({ table: this.#name, podCIDR, serviceCIDR }))
      await this.#place.attach(shell)
      await shell.run(`sh /state/${nftFolder}/docker.sh >/dev/null`)
    })
  }

  detach(): void {
    this.#shell = undefined
    this.#applied = undefined
    this.#cancelLook()
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
    const bridges = this.#networks().flatMap(podBridge)
    const before = this.#applied
    await this.#look(shell, ports, before)
    const { taken } = this.#place
    const { policies } = table
    const guests = this.#guests(table)
    const isSame =
      before?.taken === taken && sameItems(before.ports, ports) && stableText(before.guests) === stableText(guests)
    if (before && isSame && sameItems(before.policies, policies)) {
      // Of what others carry, most changes are no change here.
      if (stableText(before.bridges) === stableText(bridges)) return before.problems
    }
    const { ruleset, problems } = this.#rules(table, ports, guests)
    const version = rulesetVersion(ruleset, layout)
    const after: Applied = { ruleset, ports, taken, version, policies, guests, bridges, problems }
    if (before) await this.#change(shell, before, after)
    else await this.#first(shell, after)
    this.#applied = after
    this.#place.serves(ports)
    return problems
  }

  /** A port that somebody else has may be free some day. */
  async #look(shell: NodeShell, ports: readonly KernelPort[], before: Applied | undefined): Promise<void> {
    if (before && before.taken.size === 0 && sameItems(before.ports, ports)) return
    await this.#place.look(shell, ports)
    this.#cancelLook()
    if (this.#place.taken.size > 0) this.#cancelLook = this.#clock.after(takenMs, () => this.#outdated())
  }

  async #change(shell: NodeShell, before: Applied, after: Applied): Promise<void> {
    if (before.version === after.version) return
    const change = changeOf(before.ruleset, after.ruleset)
    const commands = changeCommands(before.ruleset, after.ruleset, change)
    const { table } = after.ruleset
    const versions = [
      `add chain ip ${table} ${versionPrefix}${after.version}`,
      `delete chain ip ${table} ${versionPrefix}${before.version}`,
    ]
    this.#applied = undefined
    for (const part of changedParts(change, parts)) this.#stale.add(part)
    try {
      const forget = flowsToForget(...others(before.ports, after.ports))
      await shell.run(
        [
          nft([...(commands === undefined ? [] : [commands]), ...versions].join('\n')),
          ...forget.map(conntrack),
          'true',
        ].join('\n'),
      )
      const joined = change.stores.some(({ name, added }) => name === 'hairpin' && added.length > 0)
      this.#keepSoon(joined || change.stores.some(({ name }) => name === 'bridges'))
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error
      // Somebody changed or removed what was there.
      await this.#load(shell, after)
    }
  }

  /** What the kernel has may be just right: then counters, affinities and flows are left as they are. */
  async #first(shell: NodeShell, after: Applied): Promise<void> {
    if ((await this.#kernelVersion(shell)) !== after.version) return this.#load(shell, after)
    if ((await shell.read(versionFile)) !== versionCommand(after)) this.#staleAll()
    this.#keepSoon(true)
  }

  async #load(shell: NodeShell, after: Applied): Promise<void> {
    this.#staleAll()
    await shell.run(nft(`${loadCommands(after.ruleset)}\n${versionCommand(after)}`))
    const forget = flowsToForget(undefined, after.ports)
    if (forget.length > 0) await shell.run([...forget.map(conntrack), 'true'].join('\n'))
    this.#keepSoon(true)
  }

  /** What the next change need not wait for before it is said to be in effect, but has to before it is begun. */
  #keepSoon(bridgesToo: boolean): void {
    const keep = this.#inTurn(async (shell) => {
      // Whoever waits for the rules goes on first.
      await new Promise(setImmediate)
      if (bridgesToo) await shell.run(hairpin(this.#networks().flatMap(podBridge)))
      await this.#keep(shell)
    })
    // All that a shell that fails leaves undone is done again with the next one.
    keep.catch((error: unknown) => {
      if (!(error instanceof RuntimeError)) throw error
    })
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
    const { ruleset } = this.#rules({ policies: [] }, [], { guests: [], closed: [], doors: [] })
    const outdated = old === '' ? [] : [`delete chain ip ${ruleset.table} ${versionPrefix}${old}`]
    await shell.run(nft([additions(ruleset), ...outdated].join('\n')))
    this.#applied = undefined
  }

  #rules({ policies }: Pick<NetworkTable, 'policies'>, ports: readonly KernelPort[], guests: Guests) {
    const { engine, host, podCIDR, serviceCIDR } = this.#settings
    const bridges = this.#networks().flatMap(podBridge)
    const { taken } = this.#place
    return nftRules({ engine, host, podCIDR, serviceCIDR, bridges, nodes: [], ports, taken, policies, ...guests })
  }

  #guests({ guests = [], closed = [], services }: NetworkTable): Guests {
    const range = ipv4Range(this.#settings.serviceCIDR)
    const own = services.filter(({ namespace, clusterIP }) => guests.includes(namespace) && /^\d/.test(clusterIP))
    const names = range ? guests.map((namespace) => ({ namespace, address: dnsAddress(range) })) : []
    return { guests, closed, doors: [...names, ...own.map((one) => ({ ...one, address: one.clusterIP })).map(door)] }
  }

  /** The version last: without it, all are written again. */
  async #keep(shell: NodeShell): Promise<void> {
    const state = this.#applied
    if (state === undefined || this.#stale.size === 0) return
    const files = new Map<string, string>()
    for (const [number, { names, contents }] of rulesetParts(state.ruleset, parts, this.#stale)) {
      const part = String(number).padStart(2, '0')
      files.set(`${nftFolder}/names-${part}.rules`, names)
      files.set(`${nftFolder}/part-${part}.rules`, contents)
    }
    await this.#write(shell, files.set(versionFile, versionCommand(state)))
    this.#stale.clear()
    // A firewall may have been restarted meanwhile, and the files of before been loaded.
    const chain = `ip ${state.ruleset.table} ${versionPrefix}${state.version}`
    await shell.run(`nft list chain ${chain} >/dev/null 2>&1 || sh /state/${nftFolder}/apply.sh >/dev/null`)
  }

  #staleAll(): void {
    for (let part = 0; part < parts; part += 1) this.#stale.add(part)
  }

  async #write(shell: NodeShell, files: ReadonlyMap<string, string>): Promise<void> {
    await shell.write([...files].map(([path, text]) => ({ path, text })))
  }

  #hostProblem(message: string): NetworkProblem {
    return { key: keyOf({ namespace: '', kind: 'Host', name: this.#settings.host }), message }
  }
}

function podBridge({ mark }: NetworkRecord): PodBridge[] {
  const block = parseRange(mark.block)
  if (!block) return []
  const { namespace, generation } = mark
  return [{ bridge: bridgeName(block), namespace, block: mark.block, outdated: generation < newestGeneration }]
}

function sameItems<T>(before: readonly T[], after: readonly T[]): boolean {
  return before.length === after.length && before.every((item, index) => item === after[index])
}

/** Ports that are not the same in both. */
function others(before: readonly KernelPort[], after: readonly KernelPort[]) {
  const [then, now] = [new Set(before), new Set(after)]
  return [before.filter((port) => !now.has(port)), after.filter((port) => !then.has(port))] as const
}

function versionCommand({ ruleset, version }: Applied): string {
  return `add chain ip ${ruleset.table} ${versionPrefix}${version}\n`
}

function hairpin(bridges: readonly PodBridge[]): string {
  return `sh /state/${nftFolder}/hairpin.sh ${bridges.map(({ bridge }) => bridge).join(' ')}`
}

function nft(commands: string): string {
  return `nft -f - <<'END_OF_RULES' || exit 1\n${commands}\nEND_OF_RULES`
}

function conntrack(words: string): string {
  return `conntrack ${words} >/dev/null 2>&1`
}
