import type { Key } from '../base/key.ts'
import type { Located, ManifestSet } from '../manifests/check.ts'
import { filledTemplate } from '../manifests/image-template.ts'
import { imageFault } from '../manifests/names.ts'
import type { Problem } from '../manifests/problem.ts'
import type { Container, ManifestObject, PodSpec } from '../manifests/types.ts'
import type { PullRequest } from './pull-request.ts'

export { namesCommit } from '../manifests/image-template.ts'

/** The image of a commit, or why there can be none of this pull request. */
export type ImageOf = { readonly image: string } | { readonly fault: string }

/** The image that CI makes of a commit of a pull request. Names of branches are foreign: not every one fits into an image. */
export function imageOf(
  template: string,
  { number = 0, head, branch }: Pick<PullRequest, 'number' | 'head' | 'branch'>,
): ImageOf {
  const image = filledTemplate(template, { number, head, branch })
  if (imageFault(image) === undefined) return { image }
  return { fault: `imageTemplate ${template} makes no image of its branch` }
}

/** `nginx:1` -> `docker.io/library/nginx`: all spellings of one image without its tag and digest, as Docker reads them. */
export function imageName(reference: string): string {
  const [tagged = ''] = reference.split('@')
  const name = tagged.replace(/:[^:/]*$/, '')
  const [first = ''] = name.split('/')
  if (!name.includes('/')) return `docker.io/library/${name}`
  if (!/[.:]/.test(first) && first !== 'localhost') return `docker.io/${name}`
  if (first !== 'docker.io' && first !== 'index.docker.io') return name
  const path = name.slice(first.length + 1)
  return `docker.io/${path.includes('/') ? path : `library/${path}`}`
}

/** Images of all containers of an object: of a pod, or of its template. */
export function imagesOf(object: ManifestObject): string[] {
  const found: string[] = []
  inPods(object, (container) => {
    if (container.image !== undefined) found.push(container.image)
    return container
  })
  return found
}

/** Where it is not known yet which commit of a pull request can have a preview, such as after a restart, it is the one that had one. */
export function asBefore(request: PullRequest, known: Pick<PullRequest, 'head' | 'images'> | undefined): PullRequest {
  const { head, images } = known ?? { head: '' }
  const isKnown = head !== '' && (images !== undefined || request.newest === undefined)
  return request.head === '' && isKnown ? { ...request, head, images } : request
}

export interface WithImages {
  /** To be used only when there are no problems. */
  readonly objects: ManifestSet
  readonly problems: readonly Problem[]
}

/** The objects with others in the place of these images, in all pods and their templates. `by`: image without tag -> what takes its place. */
export function withImages(objects: ManifestSet, by: Readonly<Record<string, string>>): WithImages {
  const others = new Map(Object.entries(by).map(([image, other]) => [imageName(image), other]))
  const result = new Map<Key, Located>()
  const replaced = new Set<string>()
  const swap = (container: Container): Container => {
    const name = imageName(container.image ?? '')
    const image = others.get(name)
    if (container.image === undefined || image === undefined) return container
    replaced.add(name)
    return { ...container, image }
  }
  for (const [key, located] of objects) result.set(key, { ...located, object: inPods(located.object, swap) })
  const missing = Object.keys(by).filter((image) => !replaced.has(imageName(image)))
  const problems = missing.map((image) => {
    const message = `expected a container with the image ${image}, which spec.previews.images replaces, found none`
    return { file: '', line: 0, path: '', message }
  })
  return { objects: result, problems }
}

function inPods(object: ManifestObject, swap: (container: Container) => Container): ManifestObject {
  const pod = (spec: PodSpec): PodSpec => ({
    ...spec,
    containers: spec.containers.map(swap),
    ...(spec.initContainers && { initContainers: spec.initContainers.map(swap) }),
  })
  const templated = <T extends { readonly spec: PodSpec }>(template: T): T => ({
    ...template,
    spec: pod(template.spec),
  })
  switch (object.kind) {
    case 'Pod':
      return { ...object, spec: pod(object.spec) }
    case 'Deployment':
      return { ...object, spec: { ...object.spec, template: templated(object.spec.template) } }
    case 'ReplicaSet':
    case 'ReplicationController': {
      const { template } = object.spec
      return (
        template ? { ...object, spec: { ...object.spec, template: templated(template) } } : object
      ) as ManifestObject
    }
    case 'StatefulSet':
      return { ...object, spec: { ...object.spec, template: templated(object.spec.template) } }
    case 'DaemonSet':
      return { ...object, spec: { ...object.spec, template: templated(object.spec.template) } }
    case 'Job':
      return { ...object, spec: { ...object.spec, template: templated(object.spec.template) } }
    case 'CronJob': {
      const { jobTemplate } = object.spec
      const spec = { ...jobTemplate.spec, template: templated(jobTemplate.spec.template) }
      return { ...object, spec: { ...object.spec, jobTemplate: { ...jobTemplate, spec } } }
    }
    default:
      return object
  }
}
