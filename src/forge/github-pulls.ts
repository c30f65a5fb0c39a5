import type { ForgeSettings } from '../settings.ts'
import type { ForgeAddress } from './address.ts'
import { listed } from './foreign.ts'
import type { ForgePullRequests } from './forge.ts'
import { GitHubClient } from './github-client.ts'
import { itemsOf, pageLimits, pageOf, pageSize } from './pages.ts'
import { ForgePulls, type PullCalls } from './pulls.ts'

const writers: ReadonlySet<string> = new Set(['admin', 'maintain', 'write'])

export function gitHubPulls(settings: ForgeSettings, { apiURL, repository }: ForgeAddress): ForgePullRequests {
  const [owner = '', repo = ''] = repository
  return new ForgePulls(pullCalls(new GitHubClient(settings, apiURL, pageLimits), { owner, repo }))
}

function pullCalls(client: GitHubClient, at: { readonly owner: string; readonly repo: string }): PullCalls {
  const paged = { ...at, per_page: pageSize }
  return {
    openPage: (page, signal) =>
      client.call(signal, async ({ rest }, request) => {
        // The oldest first: new ones move nothing.
        const order = { state: 'open', sort: 'created', direction: 'asc' } as const
        const { data, headers } = await rest.pulls.list({ ...paged, ...order, page, ...request })
        return pageOf(itemsOf(data, 'pull requests').map(pullRequest), headers.link)
      }),
    mayWrite: (username, signal) =>
      client.call(signal, async ({ rest }, request) => {
        const { data } = await rest.repos.getCollaboratorPermissionLevel({ ...at, username, ...request })
        return writers.has(data.permission)
      }),
    labelEventsPage: (number, page, signal) =>
      client.call(signal, async ({ rest }, request) => {
        const { data, headers } = await rest.issues.listEvents({ ...paged, issue_number: number, page, ...request })
        return pageOf(itemsOf(data, 'events').map(labelEvent), headers.link)
      }),
    commentsPage: (number, page, signal) =>
      client.call(signal, async ({ rest }, request) => {
        const { data, headers } = await rest.issues.listComments({ ...paged, issue_number: number, page, ...request })
        return pageOf(itemsOf(data, 'comments').map(comment), headers.link)
      }),
    me: (signal) =>
      client.call(signal, async ({ rest }, request) => {
        // What an app writes is written by an account that nobody else can have.
        if (client.isApp) return `${(await rest.apps.getAuthenticated(request)).data?.slug}[bot]`
        return (await rest.users.getAuthenticated(request)).data.login
      }),
    createComment: (number, body, signal) =>
      client.call(signal, async ({ rest }, request) => {
        const { data } = await rest.issues.createComment({ ...at, issue_number: number, body, ...request })
        return data.id
      }),
    editComment: (_number, id, body, signal) =>
      client.call(signal, async ({ rest }, request) => {
        await rest.issues.updateComment({ ...at, comment_id: id, body, ...request })
      }),
  }
}

type Rest = Parameters<Parameters<GitHubClient['call']>[1]>[0]['rest']
type Listed = Awaited<ReturnType<Rest['pulls']['list']>>['data'][number]
type Event = Awaited<ReturnType<Rest['issues']['listEvents']>>['data'][number]
type Commented = Awaited<ReturnType<Rest['issues']['listComments']>>['data'][number]

function pullRequest(pull: Listed) {
  const { number, title, head, base, user, draft, labels, html_url: url, updated_at: updatedAt } = pull
  return listed({
    ...{ number, title, draft, url, updatedAt },
    ...{ branch: head?.ref, base: base?.ref, head: head?.sha, author: user?.login },
    labels: labels?.map((label) => label?.name),
    // A fork that was deleted is null.
    fork: head?.repo?.id === undefined || head.repo.id !== base?.repo?.id,
  })
}

function labelEvent(event: Event) {
  const { id, event: name, actor, created_at: at } = event
  const label = 'label' in event ? (event.label?.name ?? '') : ''
  const isOfLabel = name === 'labeled' || name === 'unlabeled'
  return { id, at, label: isOfLabel ? label : '', added: name === 'labeled', by: actor?.login ?? '' }
}

function comment({ id, user, body, created_at: createdAt, updated_at: updatedAt }: Commented) {
  return { id, by: user?.login ?? '', text: body ?? '', createdAt, updatedAt }
}
