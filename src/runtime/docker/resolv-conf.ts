// Where the containers of a pod ask for names: their /etc/resolv.conf, as the sandbox writes it each time it starts. Pure.
import type { PodSpec } from '../../manifests/types.ts'
import { searchDomains } from '../network/dns-names.ts'

/** The DNS server that is the same on every host. */
export interface ClusterDns {
  readonly address: string
  /** `cluster.local` */
  readonly zone: string
}

/** As many as the C library takes. */
const mostServers = 3

/** The file is left to the engine: by policy, or because there is nothing else to ask. */
export function asksEngine({ dnsPolicy, hostNetwork }: PodSpec, dns: ClusterDns | undefined): boolean {
  return dns === undefined || dnsPolicy === 'Default' || (dnsPolicy === 'ClusterFirst' && hostNetwork === true)
}

/**
 * Shell commands that write the file in place, as all containers of the pod have this very file; empty: it stays as the engine made it.
 * The host's own search domains are those that the engine wrote there. A file that the engine left as it was is right already.
 */
export function resolvScript(spec: PodSpec, namespace: string, dns: ClusterDns | undefined): string {
  if (dns === undefined || asksEngine(spec, dns)) return ''
  const { dnsPolicy, dnsConfig = {} } = spec
  const isOwn = dnsPolicy === 'None'
  const own = dnsConfig.searches ?? []
  const servers = distinct([...(isOwn ? [] : [dns.address]), ...(dnsConfig.nameservers ?? [])]).slice(0, mostServers)
  const before = isOwn ? [] : searchDomains(namespace, dns.zone)
  const options = optionWords(isOwn ? [] : [{ name: 'ndots', value: '5' }], dnsConfig.options ?? [])
  const rest = [...servers.map((server) => `nameserver ${server}`), ...(options === '' ? [] : [`options ${options}`])]
  return [
    `own=${quoted('# as the pod asks for it')}; if ! grep -qxF "$own" /etc/resolv.conf; then`,
    isOwn ? 'host=;' : `host=$(sed -n 's/^search[[:space:]]*//p' /etc/resolv.conf | tail -n 1);`,
    `set -f; search=; for each in ${[...before.map(quoted), '$host', ...own.map(quoted)].join(' ')}; do`,
    `case "$search " in *" $each "*) ;; *) [ "$each" = . ] || search="$search $each";; esac; done; set +f;`,
    `{ echo "$own"; ${rest.map((line) => `echo ${quoted(line)}; `).join('')}[ -z "$search" ] || echo "search$search"; }`,
    '>/etc/resolv.conf; fi; ',
  ].join(' ')
}

interface ResolverOption {
  readonly name?: string | undefined
  readonly value?: string | undefined
}

/** Those of the pod take the place of others of the same name. */
function optionWords(base: readonly ResolverOption[], given: readonly ResolverOption[]): string {
  const merged = new Map([...base, ...given].map(({ name = '', value }) => [name, value ? `${name}:${value}` : name]))
  return [...merged.values()].filter((word) => word !== '').join(' ')
}

function distinct(words: readonly string[]): string[] {
  return [...new Set(words)]
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
