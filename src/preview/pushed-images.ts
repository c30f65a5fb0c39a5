import { imageName } from './images.ts'

/**
 * Whether an image is one that a registry says was pushed: `pushed` may lack its host, its tag, or a prefix of its path, and registries have
 * several names. At worst one is asked for once too often.
 */
export function isPushed(image: string, pushed: string): boolean {
  const [own, other] = [partsOf(image), partsOf(pushed)]
  if (!`/${own.path}`.endsWith(`/${other.path}`) && !`/${other.path}`.endsWith(`/${own.path}`)) return false
  if (other.digest !== '' && other.digest === own.digest) return true
  if (other.tag !== '') return other.tag === (own.tag || 'latest')
  return other.digest === ''
}

function partsOf(reference: string) {
  const [tagged = '', digest = ''] = reference.split('@')
  const [, tag = ''] = /:([^:/]*)$/.exec(tagged) ?? []
  const name = imageName(reference)
  return { path: name.slice(name.indexOf('/') + 1).toLowerCase(), tag, digest }
}
