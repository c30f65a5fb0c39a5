import type { PodSpec } from '../../manifests/types.ts'
import type { RegistryAuth } from '../../runtime/port.ts'
import { bytesOf, decodedText, type FindConfig } from './config-data.ts'

/** What the pod's imagePullSecrets know, in their order. A Secret that is not there or cannot be read is passed over, as in Kubernetes. */
export function authsOf(spec: PodSpec, find: FindConfig): readonly RegistryAuth[] {
  return (spec.imagePullSecrets ?? []).flatMap(({ name }) => {
    const secret = name ? find('Secret', name) : undefined
    if (secret?.kind !== 'Secret') return []
    const file = (key: string): unknown => parsed(bytesOf(secret).get(key))
    if (secret.type === 'kubernetes.io/dockerconfigjson') return readAuths(member(file('.dockerconfigjson'), 'auths'))
    return secret.type === 'kubernetes.io/dockercfg' ? readAuths(file('.dockercfg')) : []
  })
}

function parsed(file: { readonly data: string; readonly encoding: 'utf8' | 'base64' } | undefined): unknown {
  if (!file) return undefined
  try {
    return JSON.parse(file.encoding === 'base64' ? decodedText(file.data) : file.data)
  } catch {
    return undefined
  }
}

function readAuths(servers: unknown): RegistryAuth[] {
  if (typeof servers !== 'object' || servers === null) return []
  return Object.entries(servers).flatMap(([serverAddress, entry]: [string, unknown]) => {
    const [username, password] = credentials(entry)
    return username === undefined || password === undefined ? [] : [{ username, password, serverAddress }]
  })
}

/** `auth` holds both in base64, and wins over what is written beside it, as in Docker. */
function credentials(entry: unknown): readonly [string | undefined, string | undefined] {
  const auth = textMember(entry, 'auth')
  const text = auth ? decodedOrEmpty(auth) : ''
  const colon = text.indexOf(':')
  if (colon > 0) return [text.slice(0, colon), text.slice(colon + 1)]
  return [textMember(entry, 'username'), textMember(entry, 'password')]
}

function decodedOrEmpty(base64: string): string {
  try {
    return decodedText(base64)
  } catch {
    return ''
  }
}

function textMember(value: unknown, name: string): string | undefined {
  const found = member(value, name)
  return typeof found === 'string' ? found : undefined
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
