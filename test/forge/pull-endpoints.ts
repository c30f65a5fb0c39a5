// What GitHub, GitLab and Gitea answer of pull requests, by their documentation.
import type { Endpoint, Recorded, Reply } from './forge-server.ts'
import type { PullWorld, Role, WorldComment, WorldLabelEvent, WorldPull } from './pull-world.ts'

const text = { type: 'string' } as const
const commentBody = { type: 'object', properties: { body: text }, required: ['body'], additionalProperties: false }
const notFound: Reply = { status: 404, body: { message: 'Not Found' } }

function pageOf<T>(all: readonly T[], { query }: Recorded, size: string | undefined, most: number) {
  const limit = Math.min(Number(size ?? 30), most)
  const page = Number(query.page ?? 1)
  const items = all.slice((page - 1) * limit, page * limit)
  return { items, next: page * limit < all.length ? page + 1 : undefined }
}

export interface GitHubPlace {
  /** Before `/repos`; empty for github.com. */
  readonly prefix?: string
  readonly repository?: string
}

export function gitHubPullEndpoints(
  world: PullWorld,
  { prefix = '', repository = 'acme/shop' }: GitHubPlace = {},
): Endpoint[] {
  const at = (path: string): RegExp => new RegExp(`^${prefix}/repos/${repository}/${path}$`)
  const user = (login: string) => ({ login, type: login.endsWith('[bot]') ? 'Bot' : 'User' })
  const pull = ({ number, title, head, branch, base, author, draft, labels, fork, updatedAt }: WorldPull) => ({
    ...{ number, title, draft, state: 'open', user: user(author), labels: labels.map((name) => ({ id: 1, name })) },
    head: { ref: branch, sha: head, repo: fork ? (number % 2 === 0 ? null : { id: 6 }) : { id: 5 } },
    ...{ base: { ref: base, repo: { id: 5 } }, html_url: `https://github.com/${repository}/pull/${number}` },
    updated_at: updatedAt,
  })
  const comment = ({ id, by, text: body, createdAt, updatedAt }: WorldComment) => ({
    ...{ id, body, user: user(by), created_at: createdAt, updated_at: updatedAt },
  })
  const paged = <T>(request: Recorded, all: readonly T[]): Reply => {
    const { items, next } = pageOf(all, request, request.query.per_page, world.mostOfPage)
    const link = `<https://api.github.com/x?page=${next}>; rel="next", <https://api.github.com/x?page=9>; rel="last"`
    return { status: 200, body: items, ...(next === undefined ? {} : { headers: { link } }) }
  }
  return [
    {
      ...{ method: 'GET', path: at('pulls'), query: ['state', 'sort', 'direction', 'per_page', 'page'] },
      answer: (request) => paged(request, world.openPulls.map(pull)),
    },
    {
      ...{ method: 'GET', path: at('collaborators/([^/]+)/permission') },
      answer: (_request, [login = '']) => {
        const role = world.roles.get(login)
        if (role === undefined) return { status: 404, body: { message: `${login} is not a user` } }
        // Of triage, what it is beyond reading is told by the name of the role alone.
        const permission = role === 'triage' ? 'read' : role
        return { status: 200, body: { permission, role_name: role, user: user(login) } }
      },
    },
    {
      ...{ method: 'GET', path: at('issues/(\\d+)/events'), query: ['per_page', 'page'] },
      answer: (request, [number]) => {
        const events = world.labelEvents.filter((one) => one.number === Number(number))
        const shown = events.map(({ id, by, label, added, at: when }: WorldLabelEvent) => ({
          ...{ id, event: added ? 'labeled' : 'unlabeled', actor: user(by), label: { name: label }, created_at: when },
        }))
        const other = { id: 1, event: 'renamed', actor: null, created_at: '2026-01-01T00:00:00Z' }
        return paged(request, [other, ...shown])
      },
    },
    {
      ...{ method: 'GET', path: at('issues/(\\d+)/comments'), query: ['per_page', 'page'] },
      answer: (request, [number]) => paged(request, world.on(Number(number)).map(comment)),
    },
    {
      ...{ method: 'POST', path: at('issues/(\\d+)/comments'), body: commentBody },
      answer: ({ body }, [number]) => {
        const made = world.say(Number(number), world.me, (body as { body: string }).body)
        return { status: 201, body: comment(made) }
      },
    },
    {
      ...{ method: 'PATCH', path: at('issues/comments/(\\d+)'), body: commentBody },
      answer: ({ body }, [id]) => {
        const edited = world.edit(Number(id), (body as { body: string }).body)
        return edited ? { status: 200, body: comment(edited) } : notFound
      },
    },
    {
      ...{ method: 'GET', path: new RegExp(`^${prefix}/user$`) },
      answer: ({ headers }) =>
        String(headers.authorization).includes('ghs_')
          ? { status: 403, body: { message: 'Resource not accessible by integration' } }
          : { status: 200, body: user(world.me) },
    },
    {
      ...{ method: 'GET', path: new RegExp(`^${prefix}/app$`) },
      answer: () => ({ status: 200, body: { id: 12, slug: world.me.replace('[bot]', '') } }),
    },
  ]
}

const levels: Readonly<Record<Role, number>> = { admin: 40, write: 30, triage: 20, read: 10, none: 0 }

export function gitLabPullEndpoints(world: PullWorld, project = 'acme%2Ftools%2Fshop'): Endpoint[] {
  const at = (path: string): RegExp => new RegExp(`^/api/v4/projects/${project}/${path}$`)
  const ids = () => [...world.roles.keys()]
  const user = (username: string) => ({ id: ids().indexOf(username) + 1, username })
  const request = ({ number, title, head, branch, base, author, draft, labels, fork, updatedAt }: WorldPull) => ({
    ...{ iid: number, title, draft, work_in_progress: draft, state: 'opened', sha: head, labels },
    ...{ source_branch: branch, target_branch: base, author: user(author), updated_at: updatedAt },
    ...{ source_project_id: fork ? 6 : 5, target_project_id: 5 },
    web_url: `https://gitlab.com/acme/tools/shop/-/merge_requests/${number}`,
  })
  const note = ({ id, by, text: body, createdAt, updatedAt }: WorldComment) => ({
    ...{ id, body, author: user(by), system: false, created_at: createdAt, updated_at: updatedAt },
  })
  const paged = <T>(asked: Recorded, all: readonly T[]): Reply => {
    const { items, next } = pageOf(all, asked, asked.query.per_page, world.mostOfPage)
    return { status: 200, body: items, headers: { 'x-next-page': String(next ?? '') } }
  }
  const pages = ['per_page', 'page']
  return [
    {
      ...{ method: 'GET', path: at('merge_requests'), query: ['state', 'order_by', 'sort', ...pages] },
      answer: (asked) => paged(asked, world.openPulls.map(request)),
    },
    {
      ...{ method: 'GET', path: /^\/api\/v4\/users$/, query: ['username', ...pages] },
      answer: ({ query }) => {
        const found = ids().filter((one) => one.toLowerCase() === query.username?.toLowerCase())
        return { status: 200, body: found.map(user) }
      },
    },
    {
      ...{ method: 'GET', path: at('members/all/(\\d+)') },
      answer: (_asked, [id]) => {
        const username = ids()[Number(id) - 1] ?? ''
        const role = world.roles.get(username) ?? 'none'
        if (role === 'none') return { status: 404, body: { message: '404 Not found' } }
        return { status: 200, body: { ...user(username), access_level: levels[role] } }
      },
    },
    {
      ...{ method: 'GET', path: at('merge_requests/(\\d+)/resource_label_events'), query: pages },
      answer: (asked, [number]) => {
        const events = world.labelEvents.filter((one) => one.number === Number(number))
        const shown = events.map(({ id, by, label, added, at: when }) => ({
          ...{ id, user: user(by), label: { name: label }, action: added ? 'add' : 'remove', created_at: when },
        }))
        return paged(asked, [{ id: 1, user: null, label: null, action: 'add', created_at: '' }, ...shown])
      },
    },
    {
      ...{ method: 'GET', path: at('merge_requests/(\\d+)/notes'), query: ['order_by', 'sort', ...pages] },
      answer: (asked, [number]) => {
        const quoted = { id: 2, body: '/berth approve', author: user('maintainer'), system: true }
        const when = '2026-01-01T00:00:00.000Z'
        const system = { ...quoted, created_at: when, updated_at: when }
        return paged(asked, [system, ...world.on(Number(number)).map(note)])
      },
    },
    {
      ...{ method: 'POST', path: at('merge_requests/(\\d+)/notes'), body: commentBody },
      answer: ({ body }, [number]) => {
        const made = world.say(Number(number), world.me, (body as { body: string }).body)
        return { status: 201, body: note(made) }
      },
    },
    {
      ...{ method: 'PUT', path: at('merge_requests/\\d+/notes/(\\d+)'), body: commentBody },
      answer: ({ body }, [id]) => {
        const edited = world.edit(Number(id), (body as { body: string }).body)
        return edited ? { status: 200, body: note(edited) } : notFound
      },
    },
    { ...{ method: 'GET', path: /^\/api\/v4\/user$/ }, answer: () => ({ status: 200, body: user(world.me) }) },
  ]
}

export function giteaPullEndpoints(world: PullWorld, repository = 'acme/shop'): Endpoint[] {
  const at = (path: string): RegExp => new RegExp(`^/api/v1/repos/${repository}/${path}$`)
  const pull = ({ number, title, head, branch, base, author, draft, labels, fork, updatedAt }: WorldPull) => ({
    ...{
      number,
      title,
      draft,
      state: 'open',
      user: { login: author },
      labels: labels.map((name) => ({ id: 1, name })),
    },
    ...{ head: { ref: branch, sha: head, repo_id: fork ? 6 : 5 }, base: { ref: base, repo_id: 5 } },
    ...{ html_url: `https://codeberg.org/${repository}/pulls/${number}`, updated_at: updatedAt },
  })
  const comment = ({ id, by, text: body, createdAt, updatedAt }: WorldComment) => ({
    ...{ id, body, user: { login: by }, created_at: createdAt, updated_at: updatedAt },
  })
  const paged = <T>(request: Recorded, all: readonly T[]): Reply => ({
    ...{ status: 200, body: pageOf(all, request, request.query.limit, world.mostOfPage).items },
  })
  return [
    {
      ...{ method: 'GET', path: at('pulls'), query: ['state', 'sort', 'page', 'limit'] },
      answer: (request) => paged(request, world.openPulls.map(pull)),
    },
    {
      ...{ method: 'GET', path: at('collaborators/([^/]+)/permission') },
      answer: (_request, [login = '']) => {
        const role = world.roles.get(login)
        if (role === undefined) return { status: 404, body: { message: 'user does not exist' } }
        const permission = role === 'triage' ? 'read' : role
        return { status: 200, body: { permission, role_name: permission, user: { login } } }
      },
    },
    {
      ...{ method: 'GET', path: at('issues/(\\d+)/timeline'), query: ['page', 'limit'] },
      answer: (request, [number]) => {
        const events = world.labelEvents.filter((one) => one.number === Number(number))
        const labels = events.map(({ id, by, label, added, at: when }) => ({
          ...{
            id,
            type: 'label',
            user: { login: by },
            label: { name: label },
            body: added ? '1' : '',
            created_at: when,
          },
        }))
        const comments = world.on(Number(number)).map((one) => ({ ...comment(one), type: 'comment' }))
        // A dependency on an issue that was deleted.
        return paged(request, [null, ...comments, ...labels])
      },
    },
    {
      ...{ method: 'GET', path: at('issues/(\\d+)/comments') },
      answer: (_request, [number]) => ({ status: 200, body: world.on(Number(number)).map(comment) }),
    },
    {
      ...{ method: 'POST', path: at('issues/(\\d+)/comments'), body: commentBody },
      answer: ({ body }, [number]) => {
        const made = world.say(Number(number), world.me, (body as { body: string }).body)
        return { status: 201, body: comment(made) }
      },
    },
    {
      ...{ method: 'PATCH', path: at('issues/comments/(\\d+)'), body: commentBody },
      answer: ({ body }, [id]) => {
        const edited = world.edit(Number(id), (body as { body: string }).body)
        return edited ? { status: 200, body: comment(edited) } : notFound
      },
    },
    { ...{ method: 'GET', path: /^\/api\/v1\/user$/ }, answer: () => ({ status: 200, body: { login: world.me } }) },
  ]
}
