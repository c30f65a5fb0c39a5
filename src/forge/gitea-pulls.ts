import type { Comment as GiteaComment, PullRequest, TimelineComment } from 'gitea-js'
import { CallError } from '../outward/errors.ts'
import type { ForgeSettings } from '../settings.ts'
import type { ForgeAddress } from './address.ts'
import { listed, textOf } from './foreign.ts'
import type { ForgePullRequests } from './forge.ts'
import { by, openGitea } from './gitea-client.ts'
import { itemsOf, type Page, pageLimits, pageSize } from './pages.ts'
import { ForgePulls, type PullCalls } from './pulls.ts'

const writers: ReadonlySet<string> = new Set(['owner', 'admin', 'write'])

export function giteaPulls(settings: ForgeSettings, { apiURL, repository }: ForgeAddress): ForgePullRequests {
  const [owner = '', repo = ''] = repository
  return new ForgePulls(pullCalls(() => openGitea(settings, apiURL, pageLimits), owner, repo))
}

function pullCalls(open: () => ReturnType<typeof openGitea>, owner: string, repo: string): PullCalls {
  return {
    openPage: async (page, signal) => {
      const { repos } = await open()
      // The oldest first: new ones move nothing.
      const query = { state: 'open', sort: 'oldest', page, limit: pageSize } as const
      return pageFrom(await repos.repoListPullRequests(owner, repo, query, by(signal)), page, pullRequest)
    },
    mayWrite: async (login, signal) => {
      const { repos } = await open()
      const { data } = await repos.repoGetRepoPermissions(owner, repo, encodeURIComponent(login), by(signal))
      return writers.has(data?.permission ?? '')
    },
    labelEventsPage: async (number, page, signal) => {
      const { repos } = await open()
      const query = { page, limit: pageSize }
      const { data, headers } = await repos.issueGetCommentsAndTimeline(owner, repo, number, query, by(signal))
      // What it cannot show, such as an issue that was deleted, is null.
      const shown = Array.isArray(data) ? data.filter((one) => one !== null) : data
      return pageFrom({ data: shown, headers }, page, labelEvent)
    },
    commentsPage: async (number, _page, signal) => {
      const { repos } = await open()
      const { data } = await repos.issueGetComments(owner, repo, number, {}, by(signal))
      // It knows no pages: all of them are here.
      return { items: itemsOf(data ?? [], 'comments').map(comment), more: false }
    },
    me: async (signal) => {
      const { user } = await open()
      const login = textOf((await user.userGetCurrent(by(signal))).data?.login)
      if (login === '') throw new CallError('BAD_ANSWER', 'the forge does not say whose token it is')
      return login
    },
    createComment: async (number, body, signal) => {
      const { repos } = await open()
      const { data } = await repos.issueCreateComment(owner, repo, number, { body }, by(signal))
      return data?.id ?? 0
    },
    editComment: async (_number, id, body, signal) => {
      const { repos } = await open()
      await repos.issueEditComment(owner, repo, id, { body }, by(signal))
    },
  }
}

interface Answered<T> {
  readonly data: readonly T[] | null
  readonly headers: Headers
}

/** Servers may give out fewer than were asked for, and of a timeline leave out all that is on a page. */
function pageFrom<T, U>({ data, headers }: Answered<T>, page: number, read: (one: T) => U): Page<U> {
  const items = itemsOf(data ?? [], 'pull requests').map(read)
  const isLast = Number(headers.get('x-total-count') ?? 0) <= page * pageSize
  return { items, more: isLast ? undefined : true }
}

function pullRequest(request: PullRequest) {
  const { number, title, head, base, user, labels, html_url: url, updated_at: updatedAt } = request
  return listed({
    ...{ number, title, url, updatedAt },
    ...{ branch: head?.ref, base: base?.ref, head: head?.sha, author: user?.login },
    // Servers before 1.20 do not say it; drafts are called so there, too.
    draft: request.draft ?? /^\s*(?:\[wip\]|wip:)/i.test(title ?? ''),
    labels: labels?.map((label) => label?.name),
    fork: head?.repo_id === undefined || head.repo_id !== base?.repo_id,
  })
}

/** The one that was put there has the text "1", the one that was taken away none. */
function labelEvent({ id = 0, type, user, label, body, created_at: at = '' }: TimelineComment) {
  const isOfLabel = type === 'label'
  return { id, at, label: isOfLabel ? textOf(label?.name) : '', added: body === '1', by: textOf(user?.login) }
}

function comment({ id = 0, user, body, created_at: createdAt = '', updated_at: updatedAt = '' }: GiteaComment) {
  return { id, by: textOf(user?.login), text: textOf(body), createdAt, updatedAt }
}
