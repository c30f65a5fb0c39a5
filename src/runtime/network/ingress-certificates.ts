import { type Key, keyOf } from '../../base/key.ts'
import type { Ingress, Secret } from '../../manifests/types.ts'
import { matchesHost } from './ingress-host.ts'
import type { Problems } from './ingress-problems.ts'
import type { IngressFacts } from './ingress-table.ts'
import type { Certificate } from './table.ts'

interface Served {
  readonly key: Key
  readonly ingress: Ingress
}

/** Hosts for which TLS is configured: names, wildcards; empty: any. */
export type SecuredHosts = ReadonlySet<string>

/** The certificates of all `tls` entries. What has none gets the default one, which nobody trusts. */
export function certificatesOf(
  served: readonly Served[],
  { secret, obtained }: Pick<IngressFacts, 'secret' | 'obtained'>,
  problems: Problems,
): { readonly certificates: readonly Certificate[]; readonly secured: SecuredHosts } {
  const secured = securedHosts(served.map(({ ingress }) => ingress))
  const found = new Map<Key, { readonly pem: string; readonly hosts: Set<string> }>()
  const owners = new Map<string, Key>()
  for (const { key, ingress } of served) {
    for (const { hosts = [], secretName = '' } of ingress.spec.tls ?? []) {
      const meant = hostsOf(hosts, ingress)
      const source = secretKey(ingress, secretName)
      const pem = secretName === '' ? '' : pemOf(secret(source), secretName)
      if (typeof pem !== 'string') {
        const has = obtained.some((certificate) => meant.every((host) => certificate.hosts.includes(host)))
        if (!has) problems.add(key, `${pem.problem}: https has a certificate that nobody trusts`)
        continue
      }
      if (pem === '') continue
      const own = found.get(source) ?? { pem, hosts: new Set<string>() }
      found.set(source, own)
      for (const host of meant) {
        const owner = owners.get(host) ?? source
        owners.set(host, owner)
        if (owner === source) own.hosts.add(host)
        else problems.add(key, `${host === '' ? 'any host' : host} has the certificate of ${owner}, which comes first`)
      }
    }
  }
  const own = [...found].flatMap(([key, { pem, hosts }]): Certificate[] =>
    // One that is left no host must not become that of all of them.
    hosts.size === 0 ? [] : [{ key, pem, hosts: [...hosts].filter((host) => host !== '').sort() }],
  )
  const others = obtained.filter(({ hosts }) => hosts.some((host) => !owners.has(host)))
  return { certificates: [...own, ...others].sort((a, b) => (a.key < b.key ? -1 : 1)), secured }
}

/** Of a Secret beside the Ingress. */
export function secretKey({ metadata }: Ingress, name: string): Key {
  return keyOf({ namespace: metadata.namespace ?? '', kind: 'Secret', name })
}

/** Whether TLS is configured for the host of a rule. */
export function isCovered(secured: SecuredHosts, host: string): boolean {
  if (secured.has(host) || secured.has('')) return true
  return !host.startsWith('*.') && [...secured].some((one) => one.startsWith('*.') && matchesHost(one, host))
}

/** Hosts for which TLS is configured in these. */
export function securedHosts(ingresses: readonly Ingress[]): SecuredHosts {
  return new Set(
    ingresses.flatMap((ingress) => (ingress.spec.tls ?? []).flatMap(({ hosts = [] }) => hostsOf(hosts, ingress))),
  )
}

/** An entry that names no hosts is for all of its Ingress. */
function hostsOf(hosts: readonly string[], { spec }: Ingress): readonly string[] {
  if (hosts.length > 0) return hosts.map((host) => host.toLowerCase())
  const all = (spec.rules ?? []).map(({ host = '' }) => host.toLowerCase())
  return all.length > 0 ? all : ['']
}

function pemOf(secret: Secret | undefined, name: string): string | { readonly problem: string } {
  if (!secret) return { problem: `Secret ${name} does not exist` }
  const [certificate, key] = ['tls.crt', 'tls.key'].map((entry) => secretText(secret, entry))
  if (!certificate) return { problem: `Secret ${name} has no tls.crt` }
  if (!key) return { problem: `Secret ${name} has no tls.key` }
  if (!certificate.includes('-----BEGIN CERTIFICATE-----')) return { problem: `tls.crt of Secret ${name} is not PEM` }
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(key)) return { problem: `tls.key of Secret ${name} is not PEM` }
  return onlyBlocks(`${certificate}\n${key}`)
}

/** What stands between the blocks says nothing, and an empty line would end a command of HAProxy. */
function onlyBlocks(text: string): string {
  const blocks = text.match(/-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g) ?? []
  const lines = blocks.flatMap((block) => block.split(/\r?\n/)).map((line) => line.trim())
  return `${lines.filter((line) => line !== '').join('\n')}\n`
}

/** One entry of a Secret as text; undefined: there is none, or it is not base64. */
export function secretText({ data = {}, stringData = {} }: Secret, entry: string): string | undefined {
  if (stringData[entry] !== undefined) return stringData[entry]
  if (data[entry] === undefined) return undefined
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(data[entry]), (letter) => letter.charCodeAt(0)))
  } catch {
    return undefined
  }
}
