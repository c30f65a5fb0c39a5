import { type Move, mapAt, type Plain } from './legacy-moves.ts'
import type { Path } from './position.ts'

/** Backends named their Service and its port side by side, and paths had no type. */
export function oldIngress(object: Plain): readonly Move[] {
  const spec = mapAt(object, 'spec')
  if (!spec) return []
  const moves: Move[] = []
  if (spec.backend !== undefined) {
    const [to, from] = [
      ['spec', 'defaultBackend'],
      ['spec', 'backend'],
    ]
    spec.defaultBackend = spec.backend
    delete spec.backend
    moves.push([to, from], ...oldBackend(mapAt(object, ...to), to, from))
  }
  for (const [index, rule] of listAt(spec, 'rules').entries()) {
    for (const [number, one] of listAt(mapAt(rule, 'http'), 'paths').entries()) {
      const path = mapAt(one)
      if (!path) continue
      path.pathType ??= 'ImplementationSpecific'
      const at = ['spec', 'rules', index, 'http', 'paths', number, 'backend']
      moves.push(...oldBackend(mapAt(path, 'backend'), at, at))
    }
  }
  return moves
}

/** Rewrites a backend that is at `to` now, and was at `from`. */
function oldBackend(backend: Plain | undefined, to: Path, from: Path): readonly Move[] {
  if (!backend || (backend.serviceName === undefined && backend.servicePort === undefined)) return []
  const { serviceName, servicePort } = backend
  delete backend.serviceName
  delete backend.servicePort
  const member = typeof servicePort === 'string' ? 'name' : 'number'
  backend.service = { name: serviceName, ...(servicePort !== undefined && { port: { [member]: servicePort } }) }
  return [
    [
      [...to, 'service', 'name'],
      [...from, 'serviceName'],
    ],
    [
      [...to, 'service', 'port'],
      [...from, 'servicePort'],
    ],
    [
      [...to, 'service', 'port', member],
      [...from, 'servicePort'],
    ],
  ]
}

/** Where an endpoint is was told by labels of its host. */
export function oldSlice(object: Plain): readonly Move[] {
  return listAt(object, 'endpoints').flatMap((one, index): Move[] => {
    const endpoint = mapAt(one)
    if (endpoint?.topology === undefined) return []
    endpoint.deprecatedTopology = endpoint.topology
    delete endpoint.topology
    return [
      [
        ['endpoints', index, 'deprecatedTopology'],
        ['endpoints', index, 'topology'],
      ],
    ]
  })
}

function listAt(object: Plain | undefined, member: string): readonly unknown[] {
  const list = object?.[member]
  return Array.isArray(list) ? list : []
}
