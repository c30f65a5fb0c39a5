import type { ConfigMap, Secret } from '../../manifests/types.ts'
import type { VolumeFile } from '../../runtime/port.ts'

export type ConfigKind = 'ConfigMap' | 'Secret'
/** Finds a ConfigMap or Secret of the pod's namespace among the wanted objects. */
export type FindConfig = (kind: ConfigKind, name: string) => ConfigMap | Secret | undefined

/** What a container may have as variables: text only. */
export function textsOf(object: ConfigMap | Secret): ReadonlyMap<string, string> {
  const data = Object.entries(object.data ?? {})
  if (object.kind === 'ConfigMap') return new Map(data)
  const decoded = data.map(([key, text]): [string, string] => [key, decodedText(text)])
  return new Map([...decoded, ...Object.entries(object.stringData ?? {})])
}

type FileData = Pick<VolumeFile, 'data' | 'encoding'>

/** What goes into files, byte for byte. */
export function bytesOf(object: ConfigMap | Secret): ReadonlyMap<string, FileData> {
  const plain = object.kind === 'ConfigMap' ? object.data : object.stringData
  const coded = object.kind === 'ConfigMap' ? object.binaryData : object.data
  const text = (data: string): FileData => ({ data, encoding: 'utf8' })
  const bytes = (data: string): FileData => ({ data: data.replace(/\s/g, ''), encoding: 'base64' })
  return new Map([
    ...Object.entries(coded ?? {}).map(([key, data]) => [key, bytes(data)] as const),
    ...Object.entries(plain ?? {}).map(([key, data]) => [key, text(data)] as const),
  ])
}

/** Bytes that are no UTF-8 become replacement characters. */
export function decodedText(base64: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)))
}

/** `ConfigMap shop/web` */
export function objectText(kind: ConfigKind, namespace: string, name: string): string {
  return `${kind} ${namespace}/${name}`
}
