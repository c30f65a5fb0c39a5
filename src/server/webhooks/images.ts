import type { Provider } from './events.ts'

type Members = Readonly<Record<string, unknown>>

/** Of one body, and characters of each. */
const most = 200
const longest = 512

/**
 * Images that were pushed, out of what a registry posts: `r.example.com/acme/shop:1`, with a digest where there is no tag, and without both
 * where that is not said. Safe for nothing but to be compared. Known are the shapes of CNCF's distribution (and Azure), Docker Hub, Quay, Harbor
 * (both of its own), Artifactory, packages of GitHub and Gitea, and `image` of anybody. Never throws, whatever the body is.
 */
export function imagesIn(provider: Provider, name: string, body: Members): readonly string[] {
  const found = provider === 'registry' ? ofRegistry(body) : ofForge(provider, name, body)
  const fits = (image: string) => image !== '' && image.length <= longest
  return [...new Set(found.filter(fits))].slice(0, most)
}

function ofRegistry(body: Members): string[] {
  const readers = [distribution, dockerHub, quay, harbor, artifactory, generic]
  return readers.flatMap((read) => read(body))
}

function ofForge(provider: Provider, name: string, body: Members): string[] {
  if (provider === 'generic') return generic(body)
  if (name !== 'package' && name !== 'registry_package') return []
  return provider === 'github' ? github(body) : provider === 'gitea' ? gitea(body) : []
}

/** Events are of blobs, too, and of what was pulled: Berth's own questions are such. */
function distribution(body: Members): string[] {
  const events = Array.isArray(body.events) ? body.events : [body]
  return events.flatMap((event) => {
    const { action, target, request } = objectOf(event)
    const { repository, tag, digest, mediaType } = objectOf(target)
    const isManifest = /manifest|image\.index/.test(text(mediaType))
    if (action !== 'push' || (text(tag) === '' && !isManifest)) return []
    return reference(text(objectOf(request).host), text(repository), text(tag), text(digest))
  })
}

function dockerHub({ push_data: push, repository }: Members): string[] {
  return reference('docker.io', text(objectOf(repository).repo_name), text(objectOf(push).tag))
}

function quay({ docker_url: name, updated_tags: tags }: Members): string[] {
  const all = Array.isArray(tags) ? tags : Object.keys(objectOf(tags))
  return all.flatMap((tag) => reference('', text(name), text(tag)))
}

/** With the payload format Default or CloudEvents. */
function harbor({ type, event_data: event, data }: Members): string[] {
  if (type !== 'PUSH_ARTIFACT' && type !== 'harbor.artifact.pushed') return []
  const { resources } = objectOf(event ?? data)
  return listOf(resources).map((resource) => text(objectOf(resource).resource_url))
}

function artifactory({ domain, event_type: event, data }: Members): string[] {
  if (domain !== 'docker' || event !== 'pushed') return []
  const { image_name: name, tag } = objectOf(data)
  return reference('', text(name), text(tag))
}

function github(body: Members): string[] {
  const { name, owner, package_version: version } = objectOf(body.registry_package ?? body.package)
  const { package_url: url, container_metadata: container } = objectOf(version)
  // Packages of other kinds have none.
  if (!isObject(container)) return []
  const ended = text(url).replace(/:$/, '')
  const { tag } = container
  return ended === '' ? reference(text(objectOf(owner).login), text(name), text(objectOf(tag).name)) : [ended]
}

function gitea({ package: one }: Members): string[] {
  const { type, name, owner, version } = objectOf(one)
  if (type !== 'container') return []
  const { login, username } = objectOf(owner)
  const tag = text(version)
  const byDigest = tag.includes(':')
  return reference(text(login) || text(username), text(name), byDigest ? '' : tag, byDigest ? tag : '')
}

function generic({ image }: Members): string[] {
  return (Array.isArray(image) ? image : [image]).map(text)
}

/** None where there is no name. */
function reference(host: string, name: string, tag: string, digest = ''): string[] {
  if (name === '') return []
  const place = host === '' ? name : `${host}/${name}`
  if (tag !== '') return [`${place}:${tag}`]
  return [digest === '' ? place : `${place}@${digest}`]
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function objectOf(value: unknown): Members {
  return isObject(value) ? value : {}
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
