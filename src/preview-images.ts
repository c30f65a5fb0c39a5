// Previews of pull requests of another repository, whose image CI makes. Part of the corridor beside engine.ts.
import type { Clock } from './base/clock.ts'
import { stableText } from './base/hash.ts'
import { keyOf } from './base/key.ts'
import type { ImagePushes } from './image-pushes.ts'
import type { ManifestSet } from './manifests/check.ts'
import { imageName, imagesOf, type WithImages, withImages } from './preview/images.ts'
import { misfit } from './preview/misfit.ts'
import type { PullRequest } from './preview/pull-request.ts'
import { type Previewed, wishedOf } from './preview-settings.ts'
import { type ImageAnswer, ImageRequests } from './pulls/images.ts'
import type { PullRequests } from './pulls/pull-requests.ts'
import { podSpecOf } from './reconcile/plan/references.ts'
import { authsOf } from './reconcile/plan/registry-auths.ts'
import type { Wanted } from './reconcile/wanted.ts'
import { RuntimeError } from './runtime/errors.ts'
import type { RegistryAuth, Runtime } from './runtime/port.ts'

export interface Registries {
  readonly runtime: Pick<Runtime, 'registryDigest'>
  readonly wanted: Wanted
  readonly clock: Clock
  readonly pushes: Pick<ImagePushes, 'join'>
}

/** The same pull requests, each commit as soon as the registry has its images; of an application without `previews.images` as they are. */
export function awaitingImages(of: Previewed, requests: PullRequests, parts: Registries): PullRequests {
  const { images } = of.previews
  if (!images) return requests
  const wished = wishedOf(of)
  const awaiting = new ImageRequests({
    requests,
    replace: images.replace,
    fits: (request) => request.head !== '' && misfit(request, wished) === '',
    ask: (image, request) => answerOf(parts.runtime, image, isTrusted(request) ? authsFor(of, parts.wanted) : []),
    clock: parts.clock,
  })
  parts.pushes.join(of.name, awaiting)
  return awaiting
}

type Images = PullRequest['images']

/** The manifests with the images of a pull request; of an application without `previews.images` as they are. */
export function withImagesOf({ previews }: Previewed, by: Images, objects: ManifestSet): WithImages {
  if (!previews.images) return { objects, problems: [] }
  const names = previews.images.replace.map(({ image }) => image)
  // As they were remembered, of another configuration.
  if (by !== undefined && names.every((name) => Object.hasOwn(by, name))) return withImages(objects, by)
  return { objects, problems: [{ file: '', line: 0, path: '', message: 'its image is not known' }] }
}

export function sameImages(one: Images, other: Images): boolean {
  return stableText(one ?? {}) === stableText(other ?? {})
}

/** There are no Secrets in the preview of anybody else, so its image is pulled without credentials. */
function isTrusted({ fork, authorMayWrite }: PullRequest): boolean {
  return !fork && authorMayWrite === true
}

async function answerOf(
  runtime: Pick<Runtime, 'registryDigest'>,
  image: string,
  auths: readonly RegistryAuth[],
): Promise<ImageAnswer> {
  try {
    const digest = await runtime.registryDigest(image, auths)
    return digest === undefined ? { is: 'missing' } : { is: 'there', digest }
  } catch (error) {
    if (error instanceof RuntimeError) return { is: 'unknown', reason: error.message }
    throw error
  }
}

/** The imagePullSecrets of all that runs one of the images in production. */
function authsFor({ name, previews }: Previewed, wanted: Wanted): RegistryAuth[] {
  const names = new Set(previews.images?.replace.map(({ image }) => imageName(image)))
  return [...wanted.keys(name)].flatMap((key) => {
    const object = wanted.object(key)
    const spec = object && podSpecOf(object)
    if (!spec || !imagesOf(object).some((image) => names.has(imageName(image)))) return []
    const namespace = object.metadata.namespace ?? ''
    return authsOf(spec, (kind, secret) => {
      const found = wanted.object(keyOf({ namespace, kind, name: secret }))
      return found?.kind === 'Secret' || found?.kind === 'ConfigMap' ? found : undefined
    })
  })
}
