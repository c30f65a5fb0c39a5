import { parseDuration } from '../base/duration.ts'
import { found, quoted } from './found.ts'
import { imageTemplateFault } from './image-template.ts'
import { reviewQuantity } from './kinds/quantities.ts'
import { isCounted } from './kinds/resource-quota.ts'
import { dnsNameFault, imageFault } from './names.ts'
import { compareQuantities, parseQuantity } from './quantity.ts'
import type { Review } from './review.ts'
import type { Application, ApplicationPreviewImages, ApplicationPreviews } from './types.ts'

/** Which pull requests have a running copy, and what that may do. */
export interface PreviewsConfig {
  /** `branches`: each branch that fits stands for a pull request, without any forge. */
  readonly provider: ApplicationPreviews['provider']
  /** Of the provider `branches`: `preview/*`. */
  readonly branches: string
  /** Pull requests are those of another repository, whose image CI makes; undefined: those of the manifests. */
  readonly images: PreviewImagesConfig | undefined
  /** Undefined: the branch that the application follows. */
  readonly targetBranch: string | undefined
  /** All of these must be there. */
  readonly labels: readonly string[]
  readonly drafts: boolean
  readonly max: number
  readonly maxAwake: number
  readonly ttlMs: number
  readonly sleepAfterMs: number
  readonly keepLabel: string
  readonly sleepLabel: string
  readonly approveLabel: string
  /** With `{{id}}` and `{{host}}`. */
  readonly hostTemplate: string
  /** Of Ingresses without a host, with `{{id}}`; undefined: such are refused. */
  readonly host: string | undefined
  readonly podSecurity: ApplicationPreviews['podSecurity']
  /** As in a ResourceQuota, of each preview. */
  readonly quota: Readonly<Record<string, string>>
  /** Whether pull requests are told of their previews, by a comment and by statuses of their commits; of a forge only. */
  readonly comments: boolean
  readonly statuses: boolean
  /** How long a hook on deletion may take before the preview goes all the same. */
  readonly hookTimeoutMs: number
  readonly intervalMs: number
}

export interface PreviewImagesConfig {
  /** `owner/name` of the pull requests. */
  readonly repository: string
  readonly replace: readonly ReplacedImage[]
  /** After so long a commit without an image has failed, as far as people are told. */
  readonly timeoutMs: number
}

export interface ReplacedImage {
  /** The image in the manifests that is replaced, without tag. */
  readonly image: string
  /** See image-template.ts. */
  readonly imageTemplate: string
}

const defaultQuota = { pods: '20', 'limits.cpu': '4', 'limits.memory': '4Gi', 'requests.storage': '10Gi' }
const at = ['spec', 'previews']

export function previewsConfig({ spec }: Application, review: Review): PreviewsConfig | undefined {
  const { previews, forge } = spec
  if (!previews) return undefined
  if (previews.provider !== 'branches' && forge?.provider !== previews.provider) {
    review.problem([...at, 'provider'], `expected spec.forge with the same provider, found ${found(forge?.provider)}`)
  }
  reviewTemplates(previews, review)
  const maxAwake = previews.maxAwake ?? previews.max
  if (maxAwake > previews.max) {
    review.problem([...at, 'maxAwake'], `expected at most max, which is ${previews.max}, found ${found(maxAwake)}`)
  }
  const quota = previews.quota ?? defaultQuota
  for (const [name, amount] of Object.entries(quota)) reviewLimit(name, amount, review)
  const { provider, branches, targetBranch, labels, drafts, max, keepLabel, sleepLabel } = previews
  const { approveLabel, hostTemplate, host, podSecurity, comments, statuses } = previews
  return {
    ...{ provider, branches, targetBranch, labels, drafts, max, maxAwake, keepLabel, sleepLabel },
    images: previews.images && imagesConfig(previews.images, review),
    ...{ approveLabel, hostTemplate, host, podSecurity, quota, comments, statuses },
    hookTimeoutMs: duration(previews, 'hookTimeout', review),
    ttlMs: duration(previews, 'ttl', review),
    sleepAfterMs: duration(previews, 'sleepAfter', review),
    intervalMs: duration(previews, 'interval', review),
  }
}

/** A word that limits nothing would be no limit. */
function reviewLimit(name: string, amount: string, review: Review): void {
  reviewQuantity(amount, [...at, 'quota', name], review)
  if (isCounted(name)) return
  const wanted = 'expected a limit of cpu, memory, storage or a number of objects'
  review.problem([...at, 'quota', name], `${wanted}, such as limits.cpu or pods, found ${quoted(name)}`)
}

type Duration = 'ttl' | 'sleepAfter' | 'interval' | 'hookTimeout'

function duration(previews: ApplicationPreviews, member: Duration, review: Review): number {
  return durationAt(previews[member], [...at, member], review)
}

function durationAt(text: string, path: readonly string[], review: Review): number {
  const ms = parseDuration(text)
  if (ms !== undefined && ms >= 1000) return ms
  review.problem([...path], `expected a duration from 1s like "30m" or "72h", found ${found(text)}`)
  return 0
}

function reviewTemplates(
  { provider, branches, images, hostTemplate, host }: ApplicationPreviews,
  review: Review,
): void {
  if (provider === 'branches' && !/^[^*]*\*?$/.test(branches)) {
    review.problem([...at, 'branches'], `expected a name, or its beginning and *, found ${found(branches)}`)
  }
  if (images && provider === 'branches') {
    review.problem([...at, 'images'], 'expected a forge as the provider for pull requests of another repository')
  }
  if (images && !/^[\w.~-]+(?:\/[\w.~-]+)+$/.test(images.repository)) {
    review.problem([...at, 'images', 'repository'], `expected owner/name, found ${found(images.repository)}`)
  }
  for (const [member, template] of Object.entries({ hostTemplate, host })) {
    if (template === undefined) continue
    const sample = template.replaceAll('{{id}}', 'pr-1').replaceAll('{{host}}', 'shop.example.com')
    if (!template.includes('{{id}}') || dnsNameFault(sample) !== undefined) {
      review.problem([...at, member], `expected a host name with {{id}} in it, found ${quoted(template)}`)
    }
  }
}

const mostReplaced = 20

function imagesConfig(written: ApplicationPreviewImages, review: Review): PreviewImagesConfig {
  const { repository, image, imageTemplate, replace = [], timeout } = written
  const path = [...at, 'images']
  const isOne = image !== undefined && imageTemplate !== undefined
  const isNone = image === undefined && imageTemplate === undefined
  if (replace.length > 0 ? !isNone : !isOne) {
    review.problem(path, 'expected image and imageTemplate, or replace with several of these')
  }
  if (replace.length > mostReplaced) {
    review.problem([...path, 'replace'], `expected at most ${mostReplaced}, found ${replace.length}`)
  }
  if (isOne) reviewImage({ image, imageTemplate }, path, review)
  for (const [index, one] of replace.entries()) reviewImage(one, [...path, 'replace', index], review)
  const all = isOne ? [{ image, imageTemplate }] : replace
  const names = all.map((one) => one.image)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) review.problem([...path, 'replace'], `expected each image once, found ${found(twice)} twice`)
  return { repository, replace: all, timeoutMs: durationAt(timeout, [...path, 'timeout'], review) }
}

function reviewImage(
  { image, imageTemplate }: ReplacedImage,
  path: readonly (string | number)[],
  review: Review,
): void {
  if (imageFault(image) !== undefined || /@|:[^/]*$/.test(image)) {
    review.problem([...path, 'image'], `expected an image without a tag or a digest, found ${found(image)}`)
  }
  const fault = imageTemplateFault(imageTemplate)
  if (fault !== undefined) review.problem([...path, 'imageTemplate'], fault)
}

const totals = ['limits.cpu', 'limits.memory', 'pods']

/** What all previews together may have; each counts with the whole of its own quota while it is awake. */
export function totalQuota(
  quota: Readonly<Record<string, string>> | undefined,
  review: Review,
): Readonly<Record<string, string>> | undefined {
  for (const [name, amount] of Object.entries(quota ?? {})) {
    const path = ['spec', 'previews', 'quota', name]
    if (totals.includes(name)) reviewQuantity(amount, path, review)
    else review.problem(path, `expected one of ${totals.join(', ')}, found ${quoted(name)}`)
  }
  return quota
}

/** A preview that could have any amount cannot be counted, and one that may have more than all together would never run. */
export function reviewShare(
  { quota }: PreviewsConfig,
  total: Readonly<Record<string, string>> | undefined,
  review: Review,
): void {
  for (const [name, amount] of Object.entries(total ?? {})) {
    const own = quota[name]
    const limit = `${name} of the Engine's spec.previews.quota, which is ${amount} for all previews together`
    if (own === undefined) {
      review.problem([...at, 'quota'], `expected ${name} of each preview, as there is ${limit}, found nothing`)
      continue
    }
    const [each, all] = [parseQuantity(own), parseQuantity(amount)]
    if (each && all && compareQuantities(each, all) > 0) {
      review.problem([...at, 'quota', name], `expected at most the ${limit}, found ${found(own)}`)
    }
  }
}
