// What the DNS server starts from, below /state/dns: `run.sh`, its configuration, and of each zone a head and one file of lines per
// namespace. The server (BIND) works on a copy in its container's memory, which updates change while it runs: nothing in the volume is ever
// written by it, so that two of them can start from it, and both are right.
import { sha256 } from '../../base/hash.ts'
import { ipv4Range, ipv4Text } from '../../manifests/ipv4.ts'
import { absenceToLive, timeToLive } from './dns-zones.ts'

export interface DnsSettings {
  /** `cluster.local` */
  readonly zone: string
  /** Where it listens, on port 53. */
  readonly dnsAddress: string
  readonly podCIDR: string
  readonly serviceCIDR: string
}

export interface DnsFile {
  readonly path: string
  readonly text: string
}

/** Below /state. */
export const dnsFolder = 'dns'
const folder = `/state/${dnsFolder}`
/** In memory, the container's own. `port`: where this very server listens as well, while another one may share port 53 with it. */
export const runFolder = '/dev/shm/berth-dns'

const privateRanges = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10']

/** Of the names of one namespace in one zone. */
export function namePath(zone: string, namespace: string): string {
  return `${dnsFolder}/names/${zone}/${namespace}`
}

export function nameText(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('')
}

/** All else. The script comes last: the server is started once it is there. */
export function staticFiles(settings: DnsSettings, zones: readonly string[]): DnsFile[] {
  const files = [
    ...zones.map((zone) => ({ path: `${dnsFolder}/zones/${zone}`, text: zoneHead(zone, settings) })),
    { path: `${dnsFolder}/named.conf`, text: configuration(settings, zones) },
    { path: `${dnsFolder}/check.sh`, text: checkScript(settings) },
    { path: `${dnsFolder}/end.sh`, text: endScript(settings) },
  ]
  return [...files, { path: `${dnsFolder}/run.sh`, text: runScript(settings, stampOf(files)) }]
}

/** Tells which files a server was started from; the names may be others. */
export function stampOf(files: readonly DnsFile[]): string {
  return sha256(
    files
      .filter(({ path }) => !path.endsWith('/run.sh'))
      .map(({ path, text }) => `${path}\n${text}`)
      .join('\n'),
  ).slice(0, 16)
}

function zoneHead(zone: string, settings: DnsSettings): string {
  const server = `ns.dns.${settings.zone}.`
  const head = [
    `${zone}. ${timeToLive} IN SOA ${server} hostmaster.${settings.zone}. 1 7200 1800 86400 ${absenceToLive}`,
    `${zone}. ${timeToLive} IN NS ${server}`,
  ]
  const own = [
    `${server} ${timeToLive} IN A ${settings.dnsAddress}`,
    `dns-version.${zone}. ${timeToLive} IN TXT "1.1.0"`,
  ]
  return [`$TTL ${timeToLive}`, ...head, ...(zone === settings.zone ? own : []), ''].join('\n')
}

/** Pods of today, those on networks of before that the engine chose, and the host itself. Others do not come this far; if they do, they are refused. */
function clients({ podCIDR, serviceCIDR }: DnsSettings): string {
  const own = [podCIDR, serviceCIDR].flatMap((range) => {
    const { first, prefix } = ipv4Range(range) ?? {}
    return first === undefined ? [] : [`${ipv4Text(first)}/${prefix}`]
  })
  return [...new Set([...own, ...privateRanges, '127.0.0.0/8', 'localhost'])].map((range) => `${range};`).join(' ')
}

function configuration(settings: DnsSettings, zones: readonly string[]): string {
  const own = zones.map(
    (zone) => `zone "${zone}" { type primary; file "${zone}"; allow-update { key berth; }; max-journal-size 1m; };`,
  )
  const { dnsAddress } = settings
  return `include "${folder}/key";
acl clients { ${clients(settings)} };
options {
  directory "${runFolder}";
  managed-keys-directory "${runFolder}";
  pid-file none; session-keyfile none; lock-file none;
  include "${runFolder}/listen";
  listen-on-v6 { none; };
  // Bridges come and go; the one address stays.
  automatic-interface-scan no; interface-interval 0;
  allow-query { clients; }; allow-recursion { clients; }; allow-query-cache { clients; };
  allow-transfer { key berth; };
  notify no;
  recursion yes; forward only;
  include "${runFolder}/forwarders";
  // A name that is right at ${dnsAddress} must not be told wrong because of what was true before.
  max-cache-ttl 30; max-ncache-ttl 5; servfail-ttl 0;
  max-cache-size 16m; tcp-clients 1000; tcp-listen-queue 128; recursive-clients 5000;
  dnssec-validation no; empty-zones-enable no; trust-anchor-telemetry no;
  send-cookie no; answer-cookie no; minimal-responses no-auth;
  check-names primary ignore; check-integrity no;
};
controls { };
logging {
  channel errors { stderr; severity warning; };
  category default { errors; };
  category update-security { null; }; category security { null; }; category query-errors { null; }; category lame-servers { null; };
};
// Without servers to forward to nobody is asked, not even the root.
zone "." { type hint; file "/dev/null"; };
${own.join('\n')}
`
}

/** BIND listens only on addresses that an interface has. */
function addressCommand({ dnsAddress }: DnsSettings): string {
  return `ip address replace ${dnsAddress}/32 dev lo scope host`
}

/** Whether this container's server answers; gives it its address again, where somebody took it away. */
function checkScript(settings: DnsSettings): string {
  return `${addressCommand(settings)}
read -r port <${runFolder}/port &&
dig +short +time=1 +tries=1 -p "$port" @${settings.dnsAddress} version.bind CH TXT | grep -q .
`
}

function leadTable(dnsAddress: string): string {
  return `berth_dns_${dnsAddress.replaceAll('.', '_')}`
}

/**
 * Ends the server: it takes nothing new, answers what it was asked, and goes. What waits at a socket that is closed is lost, so questions
 * are led to the newer server first, if there is one, and until the socket is closed: a busy machine gives no time to either.
 */
function endScript({ dnsAddress }: DnsSettings): string {
  const table = leadTable(dnsAddress)
  const leads = `ip daddr ${dnsAddress} meta l4proto { tcp, udp } th dport 53 dnat to ${dnsAddress}:$newest`
  return `run=${runFolder} newest=
read -r port <$run/port && read -r pid <$run/pid || exit
# Within some ten seconds; of each socket of ours: Recv-Q.
sockets() { ss -Hltunp "src = ${dnsAddress} and sport = :53" | awk -v own="pid=$pid," 'index($0, own) { print $3 }'; }
until_none() {
  tries=0
  while [ $tries -lt 100 ] && sockets | grep -q "$1"; do
    [ $((tries % 10)) != 0 ] || $2
    tries=$((tries + 1))
    sleep 0.1
  done
}
[ ! -e ${folder}/newest ] || read -r newest <${folder}/newest
if [ "\${newest:-$port}" != "$port" ] && nft -f - <<END
table ip ${table}
delete table ip ${table}
table ip ${table} {
  chain prerouting { type nat hook prerouting priority dstnat - 20; ${leads}; }
  chain output { type nat hook output priority -120; ${leads}; }
}
END
then
  # Who asks from the same port again is led as before, unless that is forgotten.
  for from in 53 $port; do conntrack -D -p udp -d ${dnsAddress} --orig-port-dst 53 --reply-port-src $from; done >/dev/null 2>&1
  sleep 1
  until_none '[1-9]' :
fi
echo "listen-on port $port { ${dnsAddress}; };" >$run/listen
# A signal that comes while it reads its files is lost.
until_none . "kill -HUP $pid"
sleep 1
nft delete table ip ${table} 2>/dev/null
kill $pid
`
}

function runScript(settings: DnsSettings, stamp: string): string {
  const { dnsAddress } = settings
  const isAddress = '^([0-9]+[.][0-9]+[.][0-9]+[.][0-9]+|[0-9a-fA-F:]*:[0-9a-fA-F:.]*)$'
  return `set -eu
umask 077
run=${runFolder}
rm -rf $run
mkdir $run
cd ${folder}
if [ ! -s key ]; then
  printf 'key berth { algorithm hmac-sha256; secret "%s"; };\\n' "$(head -c 32 /dev/urandom | base64)" >key.new.$$
  ln key.new.$$ key || :
  rm -f key.new.$$
fi
for head in zones/*; do
  zone=\${head#zones/}
  cat "$head" >"$run/$zone"
  for file in "names/$zone"/*; do
    [ ! -e "$file" ] || cat "$file" >>"$run/$zone"
  done
done
${addressCommand(settings)}
while :; do
  number=$(od -An -N2 -tu2 /dev/urandom)
  port=$((10000 + number % 20000))
  ss -Hltun "sport = :$port" | grep -q . || break
done
echo "listen-on port $port { ${dnsAddress}; };" >$run/listen
servers=$(awk '$1 == "nameserver" && $2 != "${dnsAddress}" && $2 ~ /${isAddress}/ { printf " %s;", $2 }' /etc/resolv.conf)
echo "forwarders {$servers };" >$run/forwarders
echo $$ >$run/pid
echo ${stamp} >$run/stamp
echo $port >$run/port
threads=$(nproc)
[ "$threads" -lt 2 ] || threads=2
# Whoever asks at port 53 is to be told all names at once: this is opened when they are read.
(
  pid=$$ tries=0
  knows() {
    for head in zones/*; do
      dig +short +time=1 +tries=1 -p $port @${dnsAddress} "\${head#zones/}" SOA | grep -q hostmaster || return
    done
  }
  until knows 2>/dev/null || [ $tries -ge 15 ]; do
    tries=$((tries + 1))
    sleep 0.1
  done
  # Of one that was cut short when it ended.
  nft delete table ip ${leadTable(dnsAddress)} 2>/dev/null || :
  echo "listen-on port 53 { ${dnsAddress}; };" >>$run/listen
  until ss -Hltnp "src = ${dnsAddress} and sport = :53" | grep -q "pid=$pid,"; do
    kill -HUP $pid || exit
    sleep 0.1
  done
  echo $port >newest.new
  mv -f newest.new newest
  : >$run/ready
) &
exec named -f -n $threads -c ${folder}/named.conf
`
}
