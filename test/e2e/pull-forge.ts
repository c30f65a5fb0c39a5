// A forge with a real Git server: pull requests, labels, comments and statuses as they are there, and the webhooks that it posts.
import { createHmac } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { emptyWorld, giteaEndpoints, gitHubEndpoints, gitLabEndpoints } from '../forge/endpoints.ts'
import { type ForgeServer, startForgeServer } from '../forge/forge-server.ts'
import { giteaPullEndpoints, gitHubPullEndpoints, gitLabPullEndpoints } from '../forge/pull-endpoints.ts'
import { PullWorld, type WorldPull } from '../forge/pull-world.ts'
import { testNodeImage } from '../support/node-image.ts'
import { type GitServer, startGitServer } from '../sync/git-server.ts'
import type { TestBerth } from './berth.ts'

type Files = Readonly<Record<string, string | null>>
type Provider = 'github' | 'gitlab' | 'gitea'

export const secret = 'a secret of the webhooks'
export const token = 'token-of-the-forge'

const parts = {
  github: { repository: 'acme/shop', pulls: gitHubPullEndpoints, rest: gitHubEndpoints },
  gitlab: { repository: 'acme/tools/shop', pulls: gitLabPullEndpoints, rest: gitLabEndpoints },
  gitea: { repository: 'acme/shop', pulls: giteaPullEndpoints, rest: giteaEndpoints },
} as const

export interface ForgeChoice {
  readonly provider?: Provider
  readonly previews?: Readonly<Record<string, unknown>>
  /** Where Ingresses are served, by a Berth of `servicesBerth` with this range; absent: nowhere. */
  readonly ingressPort?: number
  readonly range?: number
}

export class TestForge {
  readonly berth: TestBerth
  readonly provider: Provider
  readonly world = new PullWorld()
  readonly server: ForgeServer
  readonly git: GitServer
  readonly #statuses: ReturnType<typeof emptyWorld>
  readonly #bare: string

  /** A Berth that polls once an hour: whatever it does sooner, a webhook told it to. */
  static async start(berth: TestBerth, { provider = 'github', previews = {}, ...more }: ForgeChoice = {}) {
    const statuses = emptyWorld()
    const world = new PullWorld()
    const server = await startForgeServer([...parts[provider].pulls(world), ...parts[provider].rest(statuses)])
    mkdirSync(join(berth.dir, 'git'), { recursive: true })
    const git = await startGitServer(join(berth.dir, 'git'))
    const forge = new TestForge({ berth, provider, world, server, git, statuses })
    forge.#configure(previews, networkOf(more))
    return forge
  }

  private constructor(
    made: Pick<TestForge, 'berth' | 'provider' | 'world' | 'server' | 'git'> & {
      statuses: ReturnType<typeof emptyWorld>
    },
  ) {
    ;({ berth: this.berth, provider: this.provider, world: this.world, server: this.server, git: this.git } = made)
    this.#statuses = made.statuses
    this.#bare = join(this.berth.dir, 'git', `${this.repository}.git`)
    this.berth.repository.git('init', '-q', '--bare', this.#bare)
    for (const [login, role] of [
      ['maintainer', 'admin'],
      ['outsider', 'read'],
      ['stranger', 'none'],
    ] as const) {
      this.world.roles.set(login, role)
    }
  }

  get repository(): string {
    return parts[this.provider].repository
  }

  get repoURL(): string {
    return `${this.git.origin}/${this.repository}.git`
  }

  #configure(
    previews: Readonly<Record<string, unknown>>,
    network: Readonly<Record<string, unknown>> | undefined,
  ): void {
    const { berth, provider, repository } = this
    for (const [name, text] of Object.entries({ secret, token })) writeFileSync(join(berth.dir, name), `${text}\n`)
    const at = { provider, apiURL: this.server.origin, repository, tokenFile: join(berth.dir, 'token') }
    const quota = { pods: '6', 'requests.storage': '2Gi' }
    berth.configure({}, network, { forge: at, previews: { provider, interval: '1h', quota, ...previews } })
    const file = join(berth.dir, 'berth.yaml')
    const [engine = '', application = ''] = readFileSync(file, 'utf8').split('\n---\n')
    const { spec, ...rest } = JSON.parse(engine)
    const webhooks = { listen: '127.0.0.1:0', secretFile: join(berth.dir, 'secret') }
    const hooked = { ...rest, spec: { ...spec, server: { webhooks } } }
    const text = application.replace(JSON.stringify(berth.repository.dir), JSON.stringify(this.repoURL))
    writeFileSync(file, [JSON.stringify(hooked), text].join('\n---\n'))
  }

  /** To the branch that production follows. */
  async pushMain(message: string, files: Files): Promise<string> {
    const { repository } = this.berth
    const commit = repository.commit(message, files)
    repository.git('push', '-q', this.#bare, `${commit}:refs/heads/main`)
    await this.#hook('push')
    return commit
  }

  /** Opens a pull request that begins at production's branch. */
  async open(files: Files, more: Partial<WorldPull> = {}): Promise<WorldPull> {
    const number = this.world.pulls.length + 1
    const head = this.#commit(number, 'main', files)
    const pull = this.world.open({ branch: `change-${number}`, ...more, head })
    this.#publish(pull)
    await this.#hook('pullRequest', number)
    return pull
  }

  /** `anew`: from production's branch, in place of what was there. */
  async push(pull: WorldPull, files: Files, { anew = false }: { readonly anew?: boolean } = {}): Promise<string> {
    pull.head = this.#commit(pull.number, anew ? 'main' : pull.head, files)
    pull.updatedAt = this.world.now()
    this.#publish(pull)
    await this.#hook('pullRequest', pull.number)
    return pull.head
  }

  async close(pull: WorldPull): Promise<void> {
    pull.open = false
    await this.#hook('pullRequest', pull.number)
  }

  /** With a commit of its own; answers it. */
  async merge(pull: WorldPull): Promise<string> {
    const { repository } = this.berth
    repository.git('checkout', '-q', 'main')
    repository.git('merge', '-q', '--no-ff', '-m', `Merge ${pull.number}`, pull.head)
    const commit = repository.git('rev-parse', 'HEAD').trim()
    repository.git('push', '-q', this.#bare, `${commit}:refs/heads/main`)
    pull.open = false
    await this.#hook('pullRequest', pull.number)
    await this.#hook('push')
    return commit
  }

  async label(pull: WorldPull, label: string, by: string, added = true): Promise<void> {
    this.world.label(pull.number, label, by, added)
    await this.#hook('pullRequest', pull.number)
  }

  async say(pull: WorldPull, by: string, text: string): Promise<void> {
    this.world.say(pull.number, by, text)
    await this.#hook('comment', pull.number)
  }

  /** Of Berth's one comment; empty: there is none. */
  comment({ number }: WorldPull): string {
    const ours = this.world.on(number).filter(({ by }) => by === this.world.me)
    if (ours.length > 1) throw new Error(`there are ${ours.length} comments on ${number}`)
    return ours[0]?.text ?? ''
  }

  /** What the commit was told of its preview, in turn: `success Healthy: 2 objects`. */
  statuses(head: string): readonly string[] {
    const context = `berth/preview/${this.berth.id}/app `
    const all = this.#statuses.statuses.get(head) ?? []
    return all.filter((words) => words.startsWith(context)).map((words) => words.slice(context.length))
  }

  /** Waits until the comment of a pull request says so. */
  async said(pull: WorldPull, words: RegExp, timeoutMs?: number): Promise<string> {
    const says = () => words.test(this.comment(pull))
    try {
      await this.berth.until(`comment ${pull.number} says ${words}`, says, timeoutMs)
    } catch (error) {
      throw new Error(`${error}\n${this.comment(pull)}`, { cause: error })
    }
    return this.comment(pull)
  }

  async wasTold(head: string, words: RegExp, timeoutMs?: number): Promise<void> {
    const says = () => words.test(this.statuses(head).at(-1) ?? '')
    await this.berth.until(`status of ${head} says ${words}`, says, timeoutMs).catch((error) => {
      throw new Error(`${error}\n${this.statuses(head).join('\n')}`, { cause: error })
    })
  }

  async end(): Promise<void> {
    await this.berth.stop('SIGKILL')
    await this.server.close()
    await this.git.close()
  }

  #commit(number: number, from: string, files: Files): string {
    const { repository } = this.berth
    repository.git('checkout', '-q', '--detach', from)
    const head = repository.commit(`Change of ${number}`, files)
    repository.git('checkout', '-q', 'main')
    return head
  }

  /** A fork's commits are reached by no branch of the repository. */
  #publish({ number, head, branch, fork }: WorldPull): void {
    const own = this.provider === 'gitlab' ? `refs/merge-requests/${number}/head` : `refs/pull/${number}/head`
    const refs = [own, ...(fork ? [] : [`refs/heads/${branch}`])]
    this.berth.repository.git('push', '-q', '-f', this.#bare, ...refs.map((ref) => `${head}:${ref}`))
  }

  async #hook(kind: 'push' | 'pullRequest' | 'comment', number = 0): Promise<void> {
    const address = /webhooks=(http:\/\/\S+)/.exec(this.berth.log)?.[1]
    if (address === undefined) return
    const { headers, body } = hooks[this.provider](kind, number, this.repoURL)
    const text = JSON.stringify(body)
    const signature = createHmac('sha256', secret).update(text).digest('hex')
    const signed =
      this.provider === 'gitlab' ? { 'x-gitlab-token': secret } : { 'x-hub-signature-256': `sha256=${signature}` }
    const answer = await fetch(`${address}${this.provider}`, {
      ...{ method: 'POST', body: text },
      headers: { 'content-type': 'application/json', ...signed, ...headers },
    })
    if (answer.status !== 202) throw new Error(`the webhook was answered ${answer.status}: ${await answer.text()}`)
  }
}

function networkOf({ ingressPort, range = 0 }: ForgeChoice): Readonly<Record<string, unknown>> | undefined {
  if (ingressPort === undefined) return undefined
  const ranges = { podCIDR: `10.${range}.0.0/16`, serviceCIDR: `10.${range + 1}.0.0/16`, nodeImage: testNodeImage }
  return { ...ranges, ingress: { httpPort: ingressPort, httpsPort: 0 } }
}

type Hook = (
  kind: 'push' | 'pullRequest' | 'comment',
  number: number,
  url: string,
) => {
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}

const likeGitHub: Hook = (kind, number, url) => {
  const event = { push: 'push', pullRequest: 'pull_request', comment: 'issue_comment' }[kind]
  const repository = { clone_url: url, full_name: 'acme/shop' }
  const body = {
    push: { ref: 'refs/heads/main' },
    pullRequest: { action: 'synchronize', number, pull_request: { number } },
    comment: { action: 'created', issue: { number, pull_request: {} }, is_pull: true },
  }[kind]
  return { headers: { 'x-github-event': event, 'x-gitea-event': event }, body: { ...body, repository } }
}

const hooks: { readonly [P in Provider]: Hook } = {
  github: likeGitHub,
  gitea: likeGitHub,
  gitlab: (kind, number, url) => {
    const project = { git_http_url: url, path_with_namespace: 'acme/tools/shop' }
    const body = {
      push: { object_kind: 'push', event_name: 'push', ref: 'refs/heads/main' },
      pullRequest: { object_kind: 'merge_request', object_attributes: { iid: number, action: 'update' } },
      comment: {
        object_kind: 'note',
        object_attributes: { noteable_type: 'MergeRequest' },
        merge_request: { iid: number },
      },
    }[kind]
    return { headers: { 'x-gitlab-event': 'Hook' }, body: { ...body, project } }
  },
}
