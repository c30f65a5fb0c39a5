import type { HaproxySettings } from './haproxy-base.ts'
import type { HaproxyPart } from './haproxy-part.ts'
import type { NetworkTable } from './table.ts'

/** The files of Ingress (`haproxy/50-ingress*.cfg`): after those of Services, whose backends they may use. */
export function ingressParts(_table: NetworkTable, _settings: HaproxySettings): readonly HaproxyPart[] {
  return []
}
