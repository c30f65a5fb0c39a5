import { sha256 } from '../../../base/hash.ts'
import { RuntimeError } from '../../errors.ts'
import {
  type DnsFile,
  dnsFolder,
  namePath,
  nameText,
  runFolder,
  stampOf,
  staticFiles,
} from '../../network/dns-files.ts'
import { transferred, updateMessages } from '../../network/dns-update.ts'
import { DnsView, type ZoneLines } from '../../network/dns-view.ts'
import { zonesOf } from '../../network/dns-zones.ts'
import type { NetworkProblem, NetworkTable } from '../../network/table.ts'
import type { Applier, NodeFile, NodeSettings, NodeShell } from './contract.ts'
import { sendScript, sentTo } from './dns-nsupdate.ts'

/** How long a server may take to start, tenths of a second. */
const longestStart = 150

/** So many messages make a kept nsupdate, which remembers them all, large. */
const messagesOfOne = 5000

/** Names: the files that the DNS server of the host starts from, and updates of the one that runs. */
export function createDnsApplier(settings: NodeSettings): Applier {
  return new DnsApplier(settings)
}

class DnsApplier implements Applier {
  readonly #address: string
  readonly #zones: readonly string[]
  readonly #static: readonly DnsFile[]
  readonly #view: DnsView
  readonly #hashes = new WeakMap<readonly string[], string>()
  #shell: NodeShell | undefined
  /** Path below /state -> hash of the text. Undefined: not read since the shell was attached. */
  #files: ReadonlyMap<string, string> | undefined
  /** Undefined: not known for sure. */
  #served: ZoneLines | undefined
  #messages = 0

  constructor(settings: NodeSettings) {
    this.#address = settings.dnsAddress
    this.#zones = zonesOf(settings.zone, [settings.podCIDR, settings.serviceCIDR])
    this.#static = staticFiles(settings, this.#zones)
    this.#view = new DnsView(settings.zone, this.#zones)
  }

  async attach(shell: NodeShell): Promise<void> {
    this.#shell = shell
    this.#served = undefined
    this.#files = await filesThere(shell)
  }

  async apply(table: NetworkTable): Promise<readonly NetworkProblem[]> {
    const shell = this.#shell
    if (!shell) return []
    const { lines, problems } = this.#view.of(table)
    const server = await this.#change(shell, lines)
    await this.#write(shell, lines)
    // One that began meanwhile has read what was there before.
    if (server === undefined || (server !== '' && server !== (await serverOf(shell)))) await this.#compare(shell, lines)
    return problems
  }

  detach(): void {
    this.#shell = undefined
  }

  /** The names as they are now are told before they are written. The control port of the server; empty: nothing changed; undefined: it did not work. */
  async #change(shell: NodeShell, wanted: ZoneLines): Promise<string | undefined> {
    const served = this.#served
    this.#served = undefined
    if (served === undefined) return undefined
    try {
      const server = await this.#update(shell, served, wanted)
      this.#served = wanted
      return server
    } catch (error) {
      // It may have ended in between, and be on its way up again.
      if (!(error instanceof RuntimeError)) throw error
      return undefined
    }
  }

  /** A server that starts from now on is right; only files of ours that are others than wanted are touched. */
  async #write(shell: NodeShell, names: ZoneLines): Promise<void> {
    const there = this.#files ?? (await filesThere(shell))
    this.#files = undefined
    const hashes = new Map<string, string>()
    const changed: NodeFile[] = []
    const want = (path: string, hash: string, text: () => string) => {
      hashes.set(path, hash)
      if (there.get(path) !== hash) changed.push({ path, text: text() })
    }
    for (const [zone, namespaces] of names) {
      for (const [namespace, lines] of namespaces) {
        want(namePath(zone, namespace), this.#hash(lines), () => nameText(lines))
      }
    }
    // The script comes last.
    for (const { path, text } of this.#static) want(path, sha256(text), () => text)
    const gone = [...there.keys()].filter((path) => !hashes.has(path)).map((path) => ({ path, text: undefined }))
    if (changed.length + gone.length > 0) await shell.write([...gone, ...changed])
    this.#files = hashes
  }

  #hash(lines: readonly string[]): string {
    const known = this.#hashes.get(lines)
    if (known !== undefined) return known
    const hash = sha256(nameText(lines))
    this.#hashes.set(lines, hash)
    return hash
  }

  async #compare(shell: NodeShell, wanted: ZoneLines): Promise<void> {
    this.#served = undefined
    await this.#update(shell, await this.#told(shell), wanted)
    this.#served = wanted
  }

  /** The control port of the server that took it; empty: there is nothing to change. */
  async #update(shell: NodeShell, served: ZoneLines, wanted: ZoneLines): Promise<string> {
    const messages = this.#zones.flatMap((zone) =>
      updateMessages(zone, served.get(zone) ?? new Map(), wanted.get(zone) ?? new Map()),
    )
    if (messages.length === 0) return ''
    const renew = this.#messages + messages.length > messagesOfOne
    this.#messages = (renew ? 0 : this.#messages) + messages.length
    const server = sentTo(await shell.run(sendScript(this.#address, messages, renew)), messages.length)
    if (server instanceof Error) throw new RuntimeError('ENGINE_ERROR', dnsFolder, server.message)
    return server
  }

  /** A server that could not read its files is started again, now that they are right. */
  async #told(shell: NodeShell): Promise<ZoneLines> {
    for (let attempt = 1; ; attempt += 1) {
      const zones = await this.#transfer(shell)
      const told = zones.flatMap(([zone, lines]) => (lines ? [[zone, new Map([['', [...lines]]])] as const] : []))
      if (told.length === zones.length) return new Map(told)
      if (attempt === 3) throw new RuntimeError('START_FAILED', dnsFolder, 'the DNS server does not tell its zones')
      await shell.run(`kill "$(cat ${runFolder}/pid)"; rm -f ${runFolder}/stamp`)
    }
  }

  /** What the server of this container tells, once it runs; undefined: nothing. One that was started from other files is started again. */
  async #transfer(shell: NodeShell): Promise<readonly (readonly [string, ReadonlySet<string> | undefined])[]> {
    const stamp = stampOf(this.#static)
    const text = await shell.run(`run=${runFolder} tries=0 stamp=
up() { { read -r stamp <$run/stamp; } 2>/dev/null && [ "$stamp" = ${stamp} ] && [ -e $run/ready ] && sh /state/${dnsFolder}/check.sh 2>/dev/null; }
until up; do
  tries=$((tries + 1))
  if [ $tries -gt ${longestStart} ]; then echo 'the DNS server does not start' >&2; exit 1; fi
  if [ -n "$stamp" ] && [ "$stamp" != ${stamp} ]; then kill "$(cat $run/pid)" 2>/dev/null; fi
  sleep 0.1
done
read -r port <$run/port
for zone in ${this.#zones.join(' ')}; do
  echo ";; zone $zone"
  dig +noall +answer +time=5 -p "$port" -k /state/${dnsFolder}/key @${this.#address} "$zone" AXFR
done`)
    const parts = text.split(/^;; zone /m).slice(1)
    const served = new Map(
      parts.map((part) => {
        const zone = part.slice(0, part.indexOf('\n'))
        return [zone, transferred(part.slice(zone.length))] as const
      }),
    )
    return this.#zones.map((zone) => [zone, served.get(zone)] as const)
  }
}

/** Its control port; empty: none has begun. */
async function serverOf(shell: NodeShell): Promise<string> {
  return (await shell.run(`[ ! -e ${runFolder}/port ] || { read -r port <${runFolder}/port && echo "$port"; }`)).trim()
}

/** Without the key, which is nobody's business. */
async function filesThere(shell: NodeShell): Promise<Map<string, string>> {
  const text = await shell.run(`cd /state/${dnsFolder} 2>/dev/null || exit 0
for path in names zones named.conf check.sh end.sh run.sh; do
  [ ! -e $path ] || find $path -type f -exec sha256sum {} +
done`)
  const rows = text.split('\n').flatMap((line) => {
    const [, hash, path] = /^([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? []
    return hash && path ? [[`${dnsFolder}/${path}`, hash] as const] : []
  })
  return new Map(rows)
}
