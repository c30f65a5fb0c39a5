// Which credentials are for which image. Pure.
import type { RegistryAuth } from '../port.ts'
import { registryOf } from './image-names.ts'

const dockerHub = ['docker.io', 'index.docker.io', 'registry-1.docker.io', 'registry.hub.docker.com']

/** Those of the image's registry, in their order. Equal ones are tried once. */
export function authsFor(reference: string, auths: readonly RegistryAuth[]): RegistryAuth[] {
  const { registry, path } = registryOf(reference)
  const fit = auths.filter(({ serverAddress }) => covers(serverAddress, registry, path))
  const known = new Set<string>()
  return fit.filter(({ username, password }) => {
    const key = JSON.stringify([username, password])
    return !known.has(key) && known.add(key)
  })
}

/** `*.example.com`, `https://registry.example.com/v2/`, `example.com:5000/team`: as Kubernetes reads the keys of a Docker config. */
function covers(serverAddress: string, registry: string, path: string): boolean {
  const [, host = '', prefix = ''] = /^(?:https?:\/\/)?([^/]*)\/?(.*?)\/*$/.exec(serverAddress) ?? []
  if (!hostFits(dockerHub.includes(host) ? 'docker.io' : host, registry)) return false
  // Versions of the API, as `docker login` writes them.
  if (/^(v1|v2)?$/.test(prefix)) return true
  return path === prefix || path.startsWith(`${prefix}/`)
}

/** A star stands for any part of one label. */
function hostFits(pattern: string, host: string): boolean {
  const labels = host.split('.')
  const parts = pattern.split('.')
  return parts.length === labels.length && parts.every((part, index) => labelFits(part, labels[index] ?? ''))
}

function labelFits(pattern: string, label: string): boolean {
  const [first = '', ...rest] = pattern.split('*')
  if (rest.length === 0) return pattern === label
  if (!label.startsWith(first)) return false
  const last = rest.pop() ?? ''
  let at = first.length
  for (const piece of rest) {
    const found = label.indexOf(piece, at)
    if (found < 0) return false
    at = found + piece.length
  }
  return label.length - last.length >= at && label.endsWith(last)
}

const refusals =
  /unauthorized|denied|authentication required|no basic auth credentials|incorrect username or password|forbidden|\b40[13]\b/i

/** Whether other credentials may help. */
export function isRefusal(message: string): boolean {
  return refusals.test(message)
}

/** Registries choose their words themselves. */
export function withoutSecrets(message: string, auths: readonly RegistryAuth[]): string {
  const secrets = auths.flatMap(({ username, password }) => [
    password,
    Buffer.from(`${username}:${password}`).toString('base64'),
  ])
  return secrets.filter((secret) => secret !== '').reduce((text, secret) => text.replaceAll(secret, '***'), message)
}
