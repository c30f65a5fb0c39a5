// What the node container runs by itself, without Berth: at its start, and every 30 s, because a firewall that is restarted takes the
// rules of everybody else with it.
import { passMark } from '../../network/nft-isolation.ts'

export const nftFolder = 'nft'
const folder = `/state/${nftFolder}`

interface ScriptFacts {
  readonly table: string
  readonly podCIDR: string
  readonly serviceCIDR: string
}

/** Path below /state -> text. */
export function nftScripts(facts: ScriptFacts): Map<string, string> {
  return new Map([
    [`${nftFolder}/docker.sh`, dockerScript(facts)],
    [`${nftFolder}/apply.sh`, applyScript(facts)],
    [`${nftFolder}/check.sh`, checkScript(facts)],
    [`${nftFolder}/hairpin.sh`, hairpinScript],
    [`${nftFolder}/remove.sh`, removeScript(facts)],
  ])
}

/** Loads all rules as they were written down last, whatever is there. Its last status says whether they are in. */
function applyScript({ table }: ScriptFacts): string {
  return `#!/bin/sh
# Packet rules of Berth: loads them as a whole. Made by Berth, changes are lost.
set -u
[ -e ${folder}/part-version.rules ] || exit 0
{
  printf 'add table ip ${table}\\ndelete table ip ${table}\\nadd table ip ${table}\\n'
  cat ${folder}/names-*.rules ${folder}/part-*.rules
} | nft -f - || exit 1
exec sh ${folder}/docker.sh
`
}

/** Cheap when all is as it should be. */
function checkScript({ table }: ScriptFacts): string {
  return `#!/bin/sh
# Packet rules of Berth: loads them again if they are gone. Made by Berth, changes are lost.
set -u
nft list chain ip ${table} forward_pods 2>/dev/null | grep -q drop || exec sh ${folder}/apply.sh
exec sh ${folder}/docker.sh
`
}

/** Where Docker's chains are: with whichever iptables has them. Prints what is missing, and leaves it in a file. */
function dockerScript({ podCIDR }: ScriptFacts): string {
  const mark = `${passMark}/${passMark}`
  return `#!/bin/sh
# Lets packets that Berth's rules passed through Docker's rules. Made by Berth, changes are lost.
set -u
problem=
tables=
for each in iptables-nft iptables-legacy iptables; do
  $each -w -n -L DOCKER-USER >/dev/null 2>&1 && tables=$each && break
done
if [ -z "$tables" ]; then
  problem='the packet rules of Docker are gone (a firewall was restarted?): pods are kept apart, but ports of the host and Docker itself need a restart of the engine'
else
  $tables -w -C DOCKER-USER -m mark --mark ${mark} -j ACCEPT 2>/dev/null ||
    $tables -w -I DOCKER-USER -m mark --mark ${mark} -j ACCEPT ||
    problem="$tables: no rule could be put into DOCKER-USER"
  # Engines from 28 on drop there what comes to a container from another bridge.
  $tables -w -t raw -C PREROUTING -d ${podCIDR} -j ACCEPT 2>/dev/null ||
    $tables -w -t raw -I PREROUTING -d ${podCIDR} -j ACCEPT ||
    problem="$tables: no rule could be put into the raw table"
fi
printf '%s' "$problem" >${folder}/problem
printf '%s' "$problem"
`
}

// A packet that a pod sends to a Service and gets back itself is turned round inside the bridge, which by itself sends nothing back to
// where it came from.
const hairpinScript = `#!/bin/sh
# Lets pods on these bridges reach themselves through Services. Made by Berth, changes are lost.
set -u
for bridge in "$@"; do
  ip -d -o link show master "$bridge" 2>/dev/null | grep 'hairpin off' | sed 's/^[0-9]*: \\([^@:]*\\)[@:].*/\\1/' |
    while read -r port; do ip link set dev "$port" type bridge_slave hairpin on; done
done
`

/** A node container that ends leaves traffic as it is. Other installations may need the rules that they share with this one. */
function removeScript({ table, podCIDR, serviceCIDR }: ScriptFacts): string {
  const mark = `${passMark}/${passMark}`
  return `#!/bin/sh
# Takes back what Berth did to the network of this host, once its node container is removed. Made by Berth, changes are lost.
set -u
{
  nft delete table ip ${table}
  nft delete table ip ${table}_redirects
  for address in $(sed -n 's/^# external addresses://p' ${folder}/redirects.sh); do
    ip route del local $address dev lo proto 186
  done
  ip route del local ${serviceCIDR} dev lo
  ip address flush dev lo to ${serviceCIDR}
} 2>/dev/null
marked=no ranged=no
for table in $(nft list tables ip | sed -n 's/^table ip \\(berth_.*\\)/\\1/p'); do
  marked=yes
  nft list chain ip $table egress 2>/dev/null | grep -qF 'ip daddr != ${podCIDR} ' && ranged=yes
done
# As in docker.sh: to ask the legacy one for nothing would load its modules.
for tables in iptables-nft iptables-legacy; do
  $tables -w -n -L DOCKER-USER >/dev/null 2>&1 || continue
  [ $marked = yes ] || while $tables -w -D DOCKER-USER -m mark --mark ${mark} -j ACCEPT 2>/dev/null; do :; done
  [ $ranged = yes ] || while $tables -w -t raw -D PREROUTING -d ${podCIDR} -j ACCEPT 2>/dev/null; do :; done
  break
done
exit 0
`
}
