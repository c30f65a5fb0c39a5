/** Names one object: `namespace/Kind/name`; cluster-wide objects have an empty namespace (`/Namespace/shop`). */
export type Key = `${string}/${string}/${string}`

export interface KeyParts {
  readonly namespace: string
  readonly kind: string
  readonly name: string
}

export function keyOf(parts: KeyParts): Key {
  return `${parts.namespace}/${parts.kind}/${parts.name}`
}

export function keyParts(key: Key): KeyParts {
  const [namespace = '', kind = '', name = ''] = key.split('/')
  return { namespace, kind, name }
}
