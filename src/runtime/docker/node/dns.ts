import { sha256 } from '../../../base/hash.ts'
import { RuntimeError } from '../../errors.ts'
import { type DnsFile, dnsFolder, nameFiles, runFolder, stampOf, staticFiles } from '../../network/dns-files.ts'
import { transferred, updateScript } from '../../network/dns-update.ts'
import { type ZoneLines, zoneLines, zonesOf } from '../../network/dns-zones.ts'
import type { NetworkProblem, NetworkTable } from '../../network/table.ts'
import type { Applier, NodeFile, NodeSettings, NodeShell } from './contract.ts'

/** How long a server may take to start, tenths of a second. */
const longestStart = 150

/** Zone -> lines. */
type Served = ReadonlyMap<string, ReadonlySet<string>>

/** Names: the files that the DNS server of the host starts from, and updates of the one that runs. */
export function createDnsApplier(settings: NodeSettings): Applier {
  return new DnsApplier(settings)
}

class DnsApplier implements Applier {
  readonly #address: string
  readonly #zones: readonly string[]
  readonly #static: readonly DnsFile[]
  #shell: NodeShell | undefined
  /** Path below /state -> hash of the text. Undefined: not read since the shell was attached. */
  #files: Map<string, string> | undefined
  /** Undefined: not known for sure. */
  #served: Served | undefined

  constructor(settings: NodeSettings) {
    this.#address = settings.dnsAddress
    this.#zones = zonesOf(settings.zone, [settings.podCIDR, settings.serviceCIDR])
    this.#static = staticFiles(settings, this.#zones)
  }

  async attach(shell: NodeShell): Promise<void> {
    this.#shell = shell
    this.#served = undefined
    this.#files = await filesThere(shell)
  }

  async apply(table: NetworkTable): Promise<readonly NetworkProblem[]> {
    const shell = this.#shell
    if (!shell) return []
    const { lines, problems } = zoneLines(table, this.#zones)
    await this.#write(shell, [...nameFiles(lines), ...this.#static])
    await this.#serve(shell, servedOf(lines))
    return problems
  }

  detach(): void {
    this.#shell = undefined
  }

  /** A server that starts from now on is right; only files of ours that are others than wanted are touched. */
  async #write(shell: NodeShell, wanted: readonly DnsFile[]): Promise<void> {
    const there = this.#files ?? (await filesThere(shell))
    this.#files = undefined
    const hashes = new Map(wanted.map(({ path, text }) => [path, sha256(text)]))
    const changed: NodeFile[] = wanted.filter(({ path }) => there.get(path) !== hashes.get(path))
    const gone = [...there.keys()].filter((path) => !hashes.has(path)).map((path) => ({ path, text: undefined }))
    if (changed.length + gone.length > 0) await shell.write([...gone, ...changed])
    this.#files = hashes
  }

  async #serve(shell: NodeShell, wanted: Served): Promise<void> {
    const served = this.#served
    this.#served = undefined
    if (served) {
      try {
        await this.#update(shell, served, wanted)
        this.#served = wanted
        return
      } catch (error) {
        // It may have ended in between, and be on its way up again.
        if (!(error instanceof RuntimeError)) throw error
      }
    }
    await this.#update(shell, await this.#told(shell), wanted)
    this.#served = wanted
  }

  async #update(shell: NodeShell, served: Served, wanted: Served): Promise<void> {
    const updates = this.#zones.map((zone) => updateScript(zone, linesOf(served, zone), linesOf(wanted, zone))).join('')
    if (updates === '') return
    await shell.run(`read -r port <${runFolder}/port || exit 1
{ echo "server ${this.#address} $port"; cat <<'END'
${updates}END
} | nsupdate -v -t 5 -k /state/${dnsFolder}/key`)
  }

  /** A server that could not read its files is started again, now that they are right. */
  async #told(shell: NodeShell): Promise<Served> {
    for (let attempt = 1; ; attempt += 1) {
      const zones = await this.#transfer(shell)
      const told = zones.flatMap(([zone, lines]) => (lines ? [[zone, lines] as const] : []))
      if (told.length === zones.length) return new Map(told)
      if (attempt === 3) throw new RuntimeError('START_FAILED', dnsFolder, 'the DNS server does not tell its zones')
      await shell.run(`kill "$(cat ${runFolder}/pid)"; rm -f ${runFolder}/stamp`)
    }
  }

  /** What the server of this container tells, once it runs; undefined: nothing. One that was started from other files is started again. */
  async #transfer(shell: NodeShell): Promise<readonly (readonly [string, ReadonlySet<string> | undefined])[]> {
    const stamp = stampOf(this.#static)
    const text = await shell.run(`run=${runFolder} tries=0 stamp=
up() { { read -r stamp <$run/stamp; } 2>/dev/null && [ "$stamp" = ${stamp} ] && sh /state/${dnsFolder}/check.sh 2>/dev/null; }
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

function servedOf(zones: ZoneLines): Served {
  return new Map([...zones].map(([zone, namespaces]) => [zone, new Set([...namespaces.values()].flat())]))
}

function linesOf(served: Served, zone: string): ReadonlySet<string> {
  return served.get(zone) ?? new Set()
}

/** Without the key, which is nobody's business. */
async function filesThere(shell: NodeShell): Promise<Map<string, string>> {
  const text = await shell.run(`cd /state/${dnsFolder} 2>/dev/null || exit 0
for path in names zones named.conf check.sh run.sh; do
  [ ! -e $path ] || find $path -type f -exec sha256sum {} +
done`)
  const rows = text.split('\n').flatMap((line) => {
    const [, hash, path] = /^([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? []
    return hash && path ? [[`${dnsFolder}/${path}`, hash] as const] : []
  })
  return new Map(rows)
}
