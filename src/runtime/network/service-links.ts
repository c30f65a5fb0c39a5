import { selectsPod } from './endpoints.ts'
import { serviceEnv } from './service-env.ts'
import type { ServiceRow } from './table.ts'

/** Variables that tell a new container of the Services of its namespace. Those that have no address yet are not told of. */
export function serviceLinks(services: readonly ServiceRow[], namespace: string): Readonly<Record<string, string>> {
  const own = services.filter((service) => service.namespace === namespace)
  return Object.assign({}, ...own.map(({ name, clusterIP, ports }) => serviceEnv({ name, clusterIP, ports })))
}

/** Names of Services that a new pod answers to where Docker's own names are all there is. */
export function serviceAliases(
  services: readonly ServiceRow[],
  namespace: string,
  labels: Readonly<Record<string, string>>,
): readonly string[] {
  const own = services.filter((service) => service.namespace === namespace && selectsPod(service.selector, labels))
  return own.flatMap(({ name }) => [name, `${name}.${namespace}`, `${name}.${namespace}.svc`])
}
