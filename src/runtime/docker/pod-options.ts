// What a pod shares with its host, and how it is called and finds names, as API options. Pure.
import type { ContainerCreateOptions, HostConfig } from 'dockerode'
import type { PodSpec } from '../../manifests/types.ts'
import type { SandboxSpec } from '../port.ts'
import { asksEngine, type ClusterDns } from './resolv-conf.ts'

/** Docker's name of the network of the host itself. */
export const hostNetwork = 'host'

/** The kernel's limit, of a host name as of a domain. */
const longestName = 64

/**
 * The name of a pod in its own eyes; one that uses the host's network also has its name. A domain that is too long for the kernel is
 * left out: then only the short name is in /etc/hosts.
 */
export function nameOptions(
  sandbox: SandboxSpec,
  namespace: string,
  zone: string,
): Pick<ContainerCreateOptions, 'Hostname' | 'Domainname'> {
  const { setHostnameAsFQDN, subdomain } = sandbox.spec
  if (sandbox.spec.hostNetwork) return {}
  // As Kubernetes cuts it.
  const hostname = sandbox.hostname.slice(0, 63).replace(/[.-]+$/, '')
  if (!subdomain) return { Hostname: hostname }
  const domain = `${subdomain}.${namespace}.svc.${zone}`
  if (setHostnameAsFQDN) return { Hostname: `${hostname}.${domain}` }
  return { Hostname: hostname, ...(domain.length <= longestName && { Domainname: domain }) }
}

/** The host's part of a sandbox's options that follow from the pod's spec. */
export function sharedOptions(spec: PodSpec, dns: ClusterDns | undefined): Partial<HostConfig> {
  const aliases = (spec.hostAliases ?? []).flatMap(({ ip, hostnames = [] }) => hostnames.map((name) => `${name}:${ip}`))
  const sysctls = spec.securityContext?.sysctls ?? []
  return {
    IpcMode: spec.hostIPC ? 'host' : 'shareable',
    ...(aliases.length > 0 && { ExtraHosts: aliases }),
    ...(sysctls.length > 0 && { Sysctls: Object.fromEntries(sysctls.map(({ name, value }) => [dotted(name), value])) }),
    ...(asksEngine(spec, dns) && dnsOptions(spec)),
  }
}

/** Whose process numbers and IPC a container of the pod sees. `sandbox`: `container:` and its id. */
export function joinedOptions(spec: PodSpec | undefined, sandbox: string): Partial<HostConfig> {
  return {
    IpcMode: spec?.hostIPC ? 'host' : sandbox,
    ...(spec?.hostPID ? { PidMode: 'host' } : spec?.shareProcessNamespace && { PidMode: sandbox }),
  }
}

/**
 * What the engine does by itself is the policy Default: its own resolver, which asks those of the host. A list that is given here takes the
 * place of the host's.
 */
function dnsOptions({ dnsPolicy, dnsConfig = {} }: PodSpec): Pick<HostConfig, 'Dns' | 'DnsSearch' | 'DnsOptions'> {
  const { nameservers = [], searches = [], options = [] } = dnsConfig
  // The engine takes a point for none at all, not even the host's.
  const search = dnsPolicy === 'None' && searches.length === 0 ? ['.'] : searches
  const words = options.map(({ name = '', value }) => (value ? `${name}:${value}` : name))
  return {
    ...(nameservers.length > 0 && { Dns: [...nameservers] }),
    ...(search.length > 0 && { DnsSearch: [...search] }),
    ...(words.length > 0 && { DnsOptions: words }),
  }
}

/** `net/ipv4/conf/eth0.1/forwarding` is another way to write `net.ipv4.conf.eth0/1.forwarding`. */
function dotted(name: string): string {
  const swapped: Readonly<Record<string, string>> = { '/': '.', '.': '/' }
  return /^[^.]*\//.test(name) ? name.replace(/[/.]/g, (mark) => swapped[mark] ?? mark) : name
}
