import type { Key } from '../base/key.ts'
import type { Located, ManifestSet } from '../manifests/check.ts'
import type { Problem } from '../manifests/problem.ts'
import type { Container, ManifestObject, PodSpec } from '../manifests/types.ts'
import type { PullRequest } from './pull-request.ts'

/** The image that CI makes of a commit of a pull request: what `{{number}}`, `{{sha}}` and `{{shortSha}}` (7 digits) stand for. */
export function imageOf(
  template: string,
  { number, head }: { readonly number: number; readonly head: string },
): string {
  return template
    .replaceAll('{{number}}', `${number}`)
    .replaceAll('{{sha}}', head)
    .replaceAll('{{shortSha}}', head.slice(0, 7))
}

/** Each commit has an image of its own; else a push puts another image under the same name. */
export function namesCommit(template: string): boolean {
  return /\{\{(?:sha|shortSha)\}\}/.test(template)
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
export function asBefore(request: PullRequest, known: Pick<PullRequest, 'head' | 'image'> | undefined): PullRequest {
  const { head, image } = known ?? { head: '' }
  const isKnown = head !== '' && (image !== undefined || request.newest === undefined)
  return request.head === '' && isKnown ? { ...request, head, image } : request
}

export interface WithImage {
  /** To be used only when there are no problems. */
  readonly objects: ManifestSet
  readonly problems: readonly Problem[]
}

/** The objects with `by` in the place of every image of this name, in all pods and their templates. */
export function withImage(objects: ManifestSet, image: string, by: string): WithImage {
  const name = imageName(image)
  const result = new Map<Key, Located>()
  let replaced = 0
  const swap = (container: Container): Container => {
    if (container.image === undefined || imageName(container.image) !== name) return container
    replaced += 1
    return { ...container, image: by }
  }
  for (const [key, located] of objects) result.set(key, { ...located, object: inPods(located.object, swap) })
  if (replaced > 0) return { objects: result, problems: [] }
  const message = `expected a container with the image ${image}, which spec.previews.images replaces, found none`
  return { objects, problems: [{ file: '', line: 0, path: '', message }] }
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
