import type { LabelEventSchema, MergeRequestNoteSchema, MergeRequestSchemaWithBasicLabels } from '@gitbeaker/rest'
import type { ForgeSettings } from '../settings.ts'
import type { ForgeAddress } from './address.ts'
import { listed, textOf } from './foreign.ts'
import type { ForgePullRequests } from './forge.ts'
import { openGitLab } from './gitlab-client.ts'
import { itemsOf, type Page, pageLimits, pageSize } from './pages.ts'
import { ForgePulls, type PullCalls } from './pulls.ts'

/** Developers may push, and reporters, who may put labels, may not. */
const developer = 30

export function gitLabPulls(settings: ForgeSettings, { apiURL, repository }: ForgeAddress): ForgePullRequests {
  const project = repository.join('/')
  return new ForgePulls(pullCalls((signal) => openGitLab(settings, apiURL, signal, pageLimits), project))
}

type Open = (signal: AbortSignal | undefined) => ReturnType<typeof openGitLab>

function pullCalls(open: Open, project: string): PullCalls {
  const paged = { perPage: pageSize, showExpanded: true } as const
  return {
    openPage: async (page, signal) => {
      const { MergeRequests } = await open(signal)
      // The oldest first: new ones move nothing.
      const order = { state: 'opened', orderBy: 'created_at', sort: 'asc' } as const
      return pageFrom(await MergeRequests.all({ projectId: project, ...paged, ...order, page }), mergeRequest)
    },
    mayWrite: async (login, signal) => {
      const { Users, ProjectMembers } = await open(signal)
      const found = await Users.all({ username: login, perPage: pageSize, page: 1 })
      const user = itemsOf(found, 'users').find(({ username }) => username.toLowerCase() === login.toLowerCase())
      if (!user) return false
      const member = await ProjectMembers.show(project, user.id, { includeInherited: true })
      return member.access_level >= developer
    },
    labelEventsPage: async (number, page, signal) => {
      const { MergeRequestLabelEvents } = await open(signal)
      return pageFrom(await MergeRequestLabelEvents.all(project, number, { ...paged, page }), labelEvent)
    },
    commentsPage: async (number, page, signal) => {
      const { MergeRequestNotes } = await open(signal)
      const order = { orderBy: 'created_at', sort: 'asc' } as const
      return pageFrom(await MergeRequestNotes.all(project, number, { ...paged, ...order, page }), comment)
    },
    me: async (signal) => {
      const { Users } = await open(signal)
      return (await Users.showCurrentUser()).username
    },
    createComment: async (number, text, signal) => {
      const { MergeRequestNotes } = await open(signal)
      return (await MergeRequestNotes.create(project, number, withoutCommands(text))).id
    },
    editComment: async (number, id, text, signal) => {
      const { MergeRequestNotes } = await open(signal)
      await MergeRequestNotes.edit(project, number, id, { body: withoutCommands(text) })
    },
  }
}

interface Expanded<T> {
  readonly data: readonly T[]
  readonly paginationInfo: { readonly next: number | null }
}

function pageFrom<T, U>({ data, paginationInfo }: Expanded<T>, read: (one: T) => U): Page<U> {
  const items = itemsOf(data, 'merge requests').map(read)
  if (paginationInfo.next !== null) return { items, more: true }
  return { items, more: items.length < pageSize ? false : undefined }
}

function mergeRequest(request: MergeRequestSchemaWithBasicLabels) {
  const { iid, title, sha, author, labels, source_branch: branch, target_branch: base } = request
  const { web_url: url, updated_at: updatedAt, draft, work_in_progress: unfinished } = request
  return listed({
    ...{ number: iid, title, branch, base, head: sha, labels, url, updatedAt },
    ...{ author: author?.username, draft: draft || unfinished },
    fork: request.source_project_id !== request.target_project_id,
  })
}

function labelEvent({ id, user, label, action, created_at: at }: LabelEventSchema) {
  // A label that was deleted is null.
  return { id, at, label: textOf(label?.name), added: action === 'add', by: textOf(user?.username) }
}

/** Notes of the forge itself quote what people wrote. */
function comment({ id, author, body, system, created_at: createdAt, updated_at: updatedAt }: MergeRequestNoteSchema) {
  return { id, by: textOf(author?.username), text: system ? '' : textOf(body), createdAt, updatedAt }
}

/** A line that begins with a slash would be done, with our rights: `/merge`. */
function withoutCommands(text: string): string {
  return text.replace(/^(\s*)\//gm, '$1\\/')
}
