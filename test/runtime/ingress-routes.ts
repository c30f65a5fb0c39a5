import { keyOf } from '../../src/base/key.ts'
import { routeOptions } from '../../src/runtime/network/ingress-options.ts'
import type { BackendRow, IngressRoute, NetworkTable, ServiceRow } from '../../src/runtime/network/table.ts'
import { service } from './haproxy-world.ts'

/** Options as annotations of nginx ask for them. */
export function annotated(
  annotations: Readonly<Record<string, string>> = {},
  secret?: Readonly<Record<string, string>>,
) {
  const named = Object.entries(annotations).map(([name, text]) => [`nginx.ingress.kubernetes.io/${name}`, text])
  return routeOptions(Object.fromEntries(named), () => secret).options
}

/** To port 80 of the Service of the same name. */
export function route(ingress: string, more: Partial<IngressRoute> = {}): IngressRoute {
  return {
    ingress: keyOf({ namespace: 'shop', kind: 'Ingress', name: ingress }),
    ...{ host: `${ingress}.example.com`, path: '/', pathType: 'Prefix', isDefault: false, tls: false },
    backend: { service: keyOf({ namespace: 'shop', kind: 'Service', name: ingress }), port: 80 },
    options: annotated(),
    ...more,
  }
}

/** A Service that nothing but Ingress uses. */
export function behind(name: string, ...backends: readonly BackendRow[]): ServiceRow {
  return service(name, 'None', { mode: 'http', backends })
}

export function ingress(
  routes: readonly IngressRoute[],
  services: readonly ServiceRow[],
  more: Partial<NetworkTable['ingress']> = {},
): Partial<NetworkTable> {
  return { services, ingress: { routes, certificates: [], challenges: {}, ...more } }
}
