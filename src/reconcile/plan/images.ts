import type { Container } from '../../manifests/types.ts'
import type { ContainerConfig, LiveHost, LivePod, LivePull } from '../../runtime/live.ts'
import type { Action, Task } from './action.ts'
import type { Template } from './desired.ts'
import { pullWaitMs } from './restart.ts'
import { earliest, type LookAgain } from './time.ts'

/** Whether a host has the images of a template, what to do if not, and what to tell people. */
export interface ImageState {
  readonly ready: boolean
  readonly tasks: readonly Task[]
  /** Reason first: `ImagePullBackOff: web:2: manifest unknown`. */
  readonly message: string
  /** Something is wrong, as against: a pull is under way. */
  readonly failed: boolean
  /** The registry has said several times that there is no such image for us: waiting does not help. */
  readonly hopeless: boolean
  readonly again: LookAgain | undefined
}

interface ImageView {
  readonly now: number
  readonly since: number
  /** Whether a pod of the template is on the host already. */
  readonly inUse: boolean
}

export function imagesOn(host: LiveHost, template: Template, view: ImageView): ImageState {
  const { initContainers = [], containers } = template.spec
  const seen = new Map([...initContainers, ...containers].map((container) => [container.image, container]))
  const states = [...seen.values()].map((container) => imageOn(host, container, { ...view, auths: template.auths }))
  const waiting = states.filter((state) => !state.ready)
  return {
    ready: waiting.length === 0,
    tasks: waiting.flatMap((state) => state.tasks),
    message: (waiting.find((state) => state.failed) ?? waiting[0])?.message ?? '',
    failed: waiting.some((state) => state.failed),
    hopeless: waiting.some((state) => state.hopeless),
    again: earliest(waiting.map((state) => state.again)),
  }
}

const present: ImageState = { ready: true, tasks: [], message: '', failed: false, hopeless: false, again: undefined }

type PullView = ImageView & Pick<Template, 'auths'>

function imageOn(host: LiveHost, container: Container, view: PullView): ImageState {
  const { image, imagePullPolicy: policy } = container
  const there = imageId(host, image) !== undefined
  const pull = host.pulls.get(image)
  const pulledForThis = pull?.state === 'done' && pull.at >= view.since
  if (there && (policy !== 'Always' || view.inUse || pulledForThis)) return present
  if (policy === 'Never') return { ...present, ready: false, failed: true, message: neverText(host, image) }
  if (pull?.state === 'pulling') return pulling(host, image, view.now)
  if (pull?.state === 'failed') {
    const at = pull.at + pullWaitMs(pull.attempts)
    if (at > view.now) return backingOff(host, image, { at, reason: `${image} is pulled again` })
  }
  return {
    ready: false,
    failed: pull?.state === 'failed',
    hopeless: isRefused(pull),
    message: pull?.state === 'failed' ? `ErrImagePull: ${image}: ${pull.message}` : `pulling ${image} on ${host.name}`,
    again: { at: view.now + pullLookMs, reason: `${image} is being pulled` },
    tasks: [pullTask(host, image, view.auths, policy === 'Always' ? 'imagePullPolicy is Always' : 'not on the host')],
  }
}

/** A pull belongs to a host, not to an object: its end need not wake this one. */
const pullLookMs = 2_000

function pulling(host: LiveHost, image: string, now: number): ImageState {
  const again = { at: now + pullLookMs, reason: `${image} is being pulled` }
  return { ...present, ready: false, message: `pulling ${image} on ${host.name}`, again }
}

function neverText(host: LiveHost, image: string): string {
  return `ErrImageNeverPull: ${image} is not on host ${host.name} and imagePullPolicy is Never`
}

function backingOff(host: LiveHost, image: string, again: LookAgain): ImageState {
  const words = host.pulls.get(image)?.message ?? ''
  const tries = host.pulls.get(image)?.attempts ?? 0
  const reason = tries > 1 ? 'ImagePullBackOff' : 'ErrImagePull'
  const hopeless = isRefused(host.pulls.get(image))
  return { ready: false, tasks: [], failed: true, hopeless, message: `${reason}: ${image}: ${words}`, again }
}

const refusals = 3
const refusal =
  /manifest unknown|not found|no matching manifest|access denied|denied:|unauthorized|does not exist|invalid reference|must be lowercase/i
/** The registry itself was not reached. */
const unreached = /dial tcp|lookup |no such host|timeout|connection re|EOF/i

function isRefused(pull: LivePull | undefined): boolean {
  if (pull?.state !== 'failed' || pull.attempts < refusals) return false
  return refusal.test(pull.message) && !unreached.test(pull.message)
}

function pullTask(host: LiveHost, image: string, auths: Template['auths'], cause: string): Task {
  const text = `pull ${image} on ${host.name}`
  const pull: Action = { kind: 'pull', host: host.name, image, ...(auths.length > 0 ? { auths } : {}) }
  return { host: host.name, text, cause, effect: 'none', actions: [pull] }
}

/**
 * The id of an image by any spelling of its reference: Docker lists `nginx:latest` for `docker.io/library/nginx`, and `nginx@sha256:…` for
 * what was pulled as `nginx:1@sha256:…`.
 */
export function imageId(host: LiveHost, reference: string): string | undefined {
  const familiar = familiarName(reference)
  const untagged = familiar.replace(/:[^:/@]+@/, '@')
  return host.images.get(reference) ?? host.images.get(familiar) ?? host.images.get(untagged)
}

export function familiarName(reference: string): string {
  const short = reference.replace(/^(index\.)?docker\.io\//, '').replace(/^library\//, '')
  const last = short.slice(short.lastIndexOf('/') + 1)
  return last.includes(':') || last.includes('@') ? short : `${short}:latest`
}

/**
 * The configuration with its image pinned to what the siblings of the same template run: a tag that moved meanwhile must not mix
 * two programs in one revision.
 */
export function pinImage(config: ContainerConfig, host: LiveHost, siblings: readonly LivePod[]): ContainerConfig {
  const running = siblings
    .flatMap((pod) => pod.containers)
    .filter((container) => container.name === config.name && container.imageId !== '')
    .sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1))[0]?.imageId
  if (!running || running === imageId(host, config.image) || !host.images.has(running)) return config
  return { ...config, image: running }
}
