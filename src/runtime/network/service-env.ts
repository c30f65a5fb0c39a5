import type { ServicePort } from '../../manifests/types.ts'

/** A Service that has an address; headless ones and ExternalName give no variables. */
export interface AddressedService {
  readonly name: string
  readonly clusterIP: string
  readonly ports: readonly (Pick<ServicePort, 'name' | 'port'> & Partial<Pick<ServicePort, 'protocol'>>)[]
}

/** Variables that tell pods of the namespace of a Service (`enableServiceLinks`): host, ports and the links of old Docker. */
export function serviceEnv({ name, clusterIP, ports }: AddressedService): Readonly<Record<string, string>> {
  const [first] = ports
  if (!first || !isAddress(clusterIP)) return {}
  const prefix = variableName(name)
  const named = ports.flatMap((port): [string, string][] =>
    port.name ? [[`${prefix}_SERVICE_PORT_${variableName(port.name)}`, String(port.port)]] : [],
  )
  return {
    [`${prefix}_SERVICE_HOST`]: clusterIP,
    [`${prefix}_SERVICE_PORT`]: String(first.port),
    ...Object.fromEntries(named),
    [`${prefix}_PORT`]: linkUrl(clusterIP, first),
    ...Object.assign({}, ...ports.map((port) => link(prefix, clusterIP, port))),
  }
}

function link(prefix: string, address: string, port: AddressedService['ports'][number]): Record<string, string> {
  const protocol = port.protocol ?? 'TCP'
  const own = `${prefix}_PORT_${port.port}_${protocol}`
  return {
    [own]: linkUrl(address, port),
    [`${own}_PROTO`]: protocol.toLowerCase(),
    [`${own}_PORT`]: String(port.port),
    [`${own}_ADDR`]: address,
  }
}

function linkUrl(address: string, { port, protocol = 'TCP' }: AddressedService['ports'][number]): string {
  const host = address.includes(':') ? `[${address}]` : address
  return `${protocol.toLowerCase()}://${host}:${port}`
}

function variableName(text: string): string {
  return text.toUpperCase().replaceAll('-', '_')
}

function isAddress(clusterIP: string): boolean {
  return clusterIP !== '' && clusterIP !== 'None'
}
