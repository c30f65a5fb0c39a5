// What GitHub, GitLab and Gitea take, by their documentation, for the few calls that are made.
import { createVerify } from 'node:crypto'
import type { Endpoint, Recorded, Reply } from './forge-server.ts'

interface Pull {
  readonly number: number
  readonly head: string
  readonly base: string
  /** It comes from another repository. */
  readonly fork?: boolean
  title: string
  body: string
}

/** What is there. */
export interface ForgeWorld {
  readonly pulls: Pull[]
  readonly deployments: {
    readonly id: number
    readonly sha: string
    readonly environment: string
    readonly task: string
  }[]
  /** By commit, `context state description`. */
  readonly statuses: Map<string, string[]>
  readonly deploymentStates: string[]
}

export function emptyWorld(): ForgeWorld {
  return { pulls: [], deployments: [], statuses: new Map(), deploymentStates: [] }
}

const text = { type: 'string' } as const
const commit = '([0-9a-f]{40})'

function closed(properties: object, required: readonly string[]): object {
  return { type: 'object', properties, required, additionalProperties: false }
}

function noteStatus(world: ForgeWorld, sha: string, { body }: Recorded): Reply {
  const { context, name, state, description } = body as Record<string, string>
  const words = `${context ?? name} ${state} ${description}`
  world.statuses.set(sha, [...(world.statuses.get(sha) ?? []), words])
  return { status: 201, body: { id: 1, state, description, context } }
}

function open(world: ForgeWorld, head: string, base: string, { body }: Recorded): Pull | undefined {
  const { title = '', body: words, description } = body as Record<string, string>
  if (world.pulls.some((pull) => !pull.fork && pull.head === head && pull.base === base)) return undefined
  const pull = { number: world.pulls.length + 1, head, base, title, body: words ?? description ?? '' }
  world.pulls.push(pull)
  return pull
}

function edit(world: ForgeWorld, number: string, { body }: Recorded): Pull | undefined {
  const pull = world.pulls.find((one) => one.number === Number(number))
  const { title, body: words, description } = body as Record<string, string>
  if (pull) Object.assign(pull, { title: title ?? pull.title, body: words ?? description ?? pull.body })
  return pull
}

const notFound: Reply = { status: 404, body: { message: 'Not Found' } }

/** Under `prefix`, which is empty for github.com. */
export function gitHubEndpoints(world: ForgeWorld, prefix = '', publicKey = ''): Endpoint[] {
  const at = (path: string): RegExp => new RegExp(`^${prefix}/repos/acme/shop/${path}$`)
  const shown = (pull: Pull) => ({ number: pull.number, html_url: `https://github.com/acme/shop/pull/${pull.number}` })
  return [
    {
      ...{ method: 'POST', path: at(`statuses/${commit}`) },
      body: closed(
        {
          state: { enum: ['error', 'failure', 'pending', 'success'] },
          ...{ target_url: text, context: text, description: { type: 'string', maxLength: 140 } },
        },
        ['state'],
      ),
      answer: (request, [sha = '']) => noteStatus(world, sha, request),
    },
    {
      ...{ method: 'GET', path: at('pulls'), query: ['head', 'base', 'state', 'per_page'] },
      answer: ({ query }) => {
        const found = world.pulls.filter(
          (pull) => `${pull.fork ? 'fork' : 'acme'}:${pull.head}` === query.head && pull.base === query.base,
        )
        return { status: 200, body: found.map(shown) }
      },
    },
    {
      ...{ method: 'POST', path: at('pulls') },
      body: closed({ title: text, head: text, base: text, body: text }, ['head', 'base']),
      answer: (request) => {
        const { head, base } = request.body as Record<string, string>
        const pull = open(world, head ?? '', base ?? '', request)
        return pull ? { status: 201, body: shown(pull) } : { status: 422, body: { message: 'Validation Failed' } }
      },
    },
    {
      ...{ method: 'PATCH', path: at('pulls/(\\d+)'), body: closed({ title: text, body: text }, []) },
      answer: (request, [number = '']) => {
        const pull = edit(world, number, request)
        return pull ? { status: 200, body: shown(pull) } : notFound
      },
    },
    {
      ...{ method: 'GET', path: at('deployments'), query: ['sha', 'environment', 'task', 'per_page'] },
      answer: ({ query }) => {
        const of = world.deployments.filter(
          ({ sha, environment, task }) => sha === query.sha && environment === query.environment && task === query.task,
        )
        return { status: 200, body: of }
      },
    },
    {
      ...{ method: 'POST', path: at('deployments') },
      body: closed(
        { ref: text, task: text, environment: text, auto_merge: { const: false }, required_contexts: { const: [] } },
        ['ref', 'auto_merge', 'required_contexts'],
      ),
      answer: ({ body }) => {
        const { ref = '', environment = '', task = '' } = body as Record<string, string>
        const made = { id: world.deployments.length + 1, sha: ref, environment, task }
        world.deployments.push(made)
        return { status: 201, body: made }
      },
    },
    {
      ...{ method: 'POST', path: at('deployments/(\\d+)/statuses') },
      body: closed(
        {
          state: { enum: ['error', 'failure', 'inactive', 'in_progress', 'queued', 'pending', 'success'] },
          ...{ environment: text, log_url: text, description: { type: 'string', maxLength: 140 } },
        },
        ['state'],
      ),
      answer: ({ body }, [id = '']) => {
        const { state, description } = body as Record<string, string>
        world.deploymentStates.push(`${id} ${state} ${description}`)
        return { status: 201, body: { id: 1, state } }
      },
    },
    {
      ...{ method: 'POST', path: new RegExp(`^${prefix}/app/installations/7/access_tokens$`) },
      answer: ({ headers }) => {
        if (!isSigned(String(headers.authorization), publicKey))
          return { status: 401, body: { message: 'Bad credentials' } }
        const expires = new Date(Date.now() + 3_600_000).toISOString()
        return { status: 201, body: { token: 'ghs_installation', expires_at: expires, permissions: {} } }
      },
    },
  ]
}

/** The token by which an app shows who it is: RS256, for ten minutes at most. */
function isSigned(authorization: string, publicKey: string): boolean {
  const [head = '', claims = '', signature = ''] = authorization.replace(/^bearer /i, '').split('.')
  const { iss, exp } = JSON.parse(Buffer.from(claims, 'base64url').toString() || '{}') as Record<string, unknown>
  const verify = createVerify('RSA-SHA256').update(`${head}.${claims}`)
  const short = Number(exp) * 1000 - Date.now() <= 600_000
  return String(iss) === '12' && short && verify.verify(publicKey, signature, 'base64url')
}

export function gitLabEndpoints(world: ForgeWorld): Endpoint[] {
  const at = (path: string): RegExp => new RegExp(`^/api/v4/projects/acme%2Ftools%2Fshop/${path}$`)
  const shown = (pull: Pull) => ({
    ...{ iid: pull.number, web_url: `https://gitlab.com/shop/-/merge_requests/${pull.number}` },
    ...{ source_project_id: pull.fork ? 6 : 5, target_project_id: 5 },
  })
  return [
    {
      ...{ method: 'POST', path: at(`statuses/${commit}`) },
      body: closed(
        {
          state: { enum: ['pending', 'running', 'success', 'failed', 'canceled', 'skipped'] },
          ...{ name: text, context: text, target_url: text, description: { type: 'string', maxLength: 255 } },
        },
        ['state'],
      ),
      answer: (request, [sha = '']) => {
        const { state, context } = request.body as Record<string, string>
        const last = world.statuses.get(sha)?.at(-1)
        if (state === 'pending' && last?.startsWith(`${context} pending`)) {
          const words =
            'Cannot transition status via :enqueue from :pending (Reason(s): Status cannot transition via "enqueue")'
          return { status: 400, body: { message: words } }
        }
        return noteStatus(world, sha, request)
      },
    },
    {
      ...{ method: 'GET', path: at('merge_requests') },
      query: ['source_branch', 'target_branch', 'state', 'per_page', 'page'],
      answer: ({ query }) => {
        const { source_branch: head, target_branch: base, state } = query
        const found = world.pulls.filter((pull) => state === 'opened' && pull.head === head && pull.base === base)
        return { status: 200, body: found.map(shown) }
      },
    },
    {
      ...{ method: 'POST', path: at('merge_requests') },
      body: closed(
        {
          source_branch: text,
          target_branch: text,
          title: text,
          description: text,
          remove_source_branch: { type: 'boolean' },
        },
        ['source_branch', 'target_branch', 'title'],
      ),
      answer: (request) => {
        const { source_branch: head = '', target_branch: base = '' } = request.body as Record<string, string>
        const pull = open(world, head, base, request)
        return pull
          ? { status: 201, body: shown(pull) }
          : { status: 409, body: { message: ['Another open one exists'] } }
      },
    },
    {
      ...{ method: 'PUT', path: at('merge_requests/(\\d+)'), body: closed({ title: text, description: text }, []) },
      answer: (request, [number = '']) => {
        const pull = edit(world, number, request)
        return pull ? { status: 200, body: shown(pull) } : notFound
      },
    },
  ]
}

export function giteaEndpoints(world: ForgeWorld): Endpoint[] {
  const at = (path: string): RegExp => new RegExp(`^/api/v1/repos/acme/shop/${path}$`)
  const shown = (pull: Pull) => ({
    ...{ number: pull.number, html_url: `https://codeberg.org/acme/shop/pulls/${pull.number}` },
    ...{ head: { ref: pull.head, repo_id: pull.fork ? 6 : 5 }, base: { ref: pull.base, repo_id: 5 } },
  })
  return [
    {
      ...{ method: 'POST', path: at(`statuses/${commit}`) },
      body: closed(
        {
          state: { enum: ['pending', 'success', 'error', 'failure', 'warning'] },
          ...{ context: text, description: text, target_url: text },
        },
        [],
      ),
      answer: (request, [sha = '']) => noteStatus(world, sha, request),
    },
    {
      ...{ method: 'GET', path: at('pulls'), query: ['state', 'page', 'limit'] },
      // Fewer for each page than are asked for, as servers may.
      answer: ({ query }) => {
        const from = (Number(query.page) - 1) * 2
        return { status: 200, body: world.pulls.slice(from, from + 2).map(shown) }
      },
    },
    {
      ...{ method: 'POST', path: at('pulls'), body: closed({ title: text, head: text, base: text, body: text }, []) },
      answer: (request) => {
        const { head = '', base = '' } = request.body as Record<string, string>
        const pull = open(world, head, base, request)
        return pull ? { status: 201, body: shown(pull) } : { status: 409, body: { message: 'it already exists' } }
      },
    },
    {
      ...{ method: 'PATCH', path: at('pulls/(\\d+)'), body: closed({ title: text, body: text }, []) },
      answer: (request, [number = '']) => {
        const pull = edit(world, number, request)
        return pull ? { status: 201, body: shown(pull) } : notFound
      },
    },
  ]
}
