import { imagesIn } from './images.ts'

export const providers = ['github', 'gitlab', 'gitea', 'registry', 'generic'] as const
export type Provider = (typeof providers)[number]

/** What a forge tells of a repository. It is a hint: what is true, the next look at the repository tells. */
export interface WebhookEvent {
  /** `pullRequest`: also a label or a comment on one. */
  readonly kind: 'push' | 'pullRequest' | 'image' | 'ping' | 'other'
  /** All addresses that the sender names for the repository; safe for nothing but to be compared. */
  readonly repositories: readonly string[]
  /** Full name such as `refs/heads/main`; undefined: which one is not said. */
  readonly ref: string | undefined
  /** The branch or tag is gone. */
  readonly deleted: boolean
  /** That were pushed to a registry, see imagesIn. */
  readonly images: readonly string[]
}

type Members = Readonly<Record<string, unknown>>

const addressMembers = [
  ...['clone_url', 'ssh_url', 'git_url', 'html_url', 'url', 'svn_url'],
  ...['git_http_url', 'git_ssh_url', 'http_url', 'web_url', 'homepage'],
]

/**
 * Reads what a forge posted. `name` is the header with the kind of event, which GitLab repeats in the body and a generic sender does
 * not have. Undefined when the body is no object. Never throws, whatever the body is.
 */
export function readEvent(provider: Provider, name: string, body: unknown): WebhookEvent | undefined {
  if (!isObject(body)) return undefined
  const kind = kindOf(provider, name, body)
  const repositories = [...new Set([body.repository, body.project].flatMap(addressesOf))]
  const images = imagesIn(provider, name, body)
  return { kind, repositories, ref: refOf(body), deleted: isDeletion(name, body), images }
}

const github: Readonly<Record<string, WebhookEvent['kind']>> = {
  push: 'push',
  // Of more than three tags in one push, nothing else is told.
  create: 'push',
  delete: 'push',
  package: 'image',
  registry_package: 'image',
  ping: 'ping',
}

// `repository_update` is what a system hook tells of a push, once for all its branches.
const gitlab: Readonly<Record<string, WebhookEvent['kind']>> = {
  push: 'push',
  tag_push: 'push',
  repository_update: 'push',
  merge_request: 'pullRequest',
}

function kindOf(provider: Provider, name: string, body: Members): WebhookEvent['kind'] {
  if (provider === 'registry') return 'image'
  if (provider === 'generic') return body.image !== undefined && body.repository === undefined ? 'image' : 'push'
  if (isComment(name, body)) return 'pullRequest'
  if (provider === 'gitlab') return named(gitlab, text(body.event_name) ?? text(body.object_kind) ?? '')
  // Gitea has names of its own for some of what happens to a pull request: `pull_request_sync`.
  return name.startsWith('pull_request') ? 'pullRequest' : named(github, name)
}

/** On a pull request. GitHub and Gitea call these issues, too. */
function isComment(name: string, { object_kind: kind, object_attributes: note, ...body }: Members): boolean {
  if (kind === 'note') return isObject(note) && note.noteable_type === 'MergeRequest'
  if (name !== 'issue_comment') return false
  return (
    body.is_pull === true || isObject(body.pull_request) || (isObject(body.issue) && isObject(body.issue.pull_request))
  )
}

function named(table: Readonly<Record<string, WebhookEvent['kind']>>, name: string): WebhookEvent['kind'] {
  return Object.hasOwn(table, name) ? table[name]! : 'other'
}

function refOf(body: Members): string | undefined {
  const ref = text(body.ref)
  if (ref === undefined || ref === '' || ref.startsWith('refs/')) return ref === '' ? undefined : ref
  return `refs/${body.ref_type === 'tag' ? 'tags' : 'heads'}/${ref}`
}

function isDeletion(name: string, body: Members): boolean {
  return body.deleted === true || name === 'delete' || /^0+$/.test(text(body.after) ?? '')
}

/** A text, a list of texts, or an object with the members that forges use. */
function addressesOf(repository: unknown): string[] {
  if (typeof repository === 'string') return [repository]
  if (Array.isArray(repository))
    return repository.slice(0, addressMembers.length).filter((one) => typeof one === 'string')
  if (!isObject(repository)) return []
  return addressMembers.map((member) => text(repository[member])).filter((address) => address !== undefined)
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
