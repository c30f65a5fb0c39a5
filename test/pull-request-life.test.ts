// What becomes of previews when something around their pull request changes that is none of its commits.
import { expect, test, vi } from 'vitest'
import { CallError } from '../src/outward/errors.ts'
import type { PullRequest } from '../src/preview/pull-request.ts'
import { GitError } from '../src/sync/errors.ts'
import { done, engine, open, pass, repository, runtime, status } from './support/engine-fixture.ts'
import { FakePullRequests } from './support/fake-pull-requests.ts'
import { branchPreviews } from './support/preview-settings.ts'

const web = (image: string) => `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: main, image: "${image}" }] }
`
const start = () =>
  open({ previews: { ...branchPreviews, provider: 'github' } }, [], { pullRequests: () => forge }).start()

let forge: FakePullRequests

/** Production and the preview of pull request 7, both healthy. */
async function begin(more: Partial<PullRequest> = {}): Promise<void> {
  const facts = runtime.hostFacts.bind(runtime)
  vi.spyOn(runtime, 'hostFacts').mockImplementation(() =>
    facts().map((host) => ({ ...host, network: { ...host.network, mode: 'services' } })),
  )
  forge = new FakePullRequests(() => repository)
  repository.push('Start', { 'web.yaml': web('app:1') })
  forge.open(7, { 'web.yaml': web('app:2') }, more)
  await start()
  if (more.fork) forge.approve(7)
  await pass(40_000)
  expect(podsOf(7)).toHaveLength(1)
  done.length = 0
}

const podsOf = (number: number) => runtime.pods().filter(({ namespace }) => namespace === `shop-pr-${number}`)
const row = () => status().previews?.find(({ id }) => id === 'pr-7')
const fork = { fork: true, author: 'eve', authorMayWrite: false }

const harmless: readonly {
  readonly title: string
  readonly more?: Partial<PullRequest>
  readonly changes: () => void
  /** What production says of it; absent: nothing. */
  readonly says?: string
}[] = [
  { title: 'its branch is renamed', changes: () => forge.change(7, { branch: 'other-name', title: 'Other words' }) },
  {
    title: 'it is a draft, and is none again, between two looks',
    changes: () => {
      forge.change(7, { draft: true, targetBranch: 'release' })
      forge.change(7, { draft: false, targetBranch: 'main' })
    },
  },
  {
    title: 'it is closed and reopened between two looks',
    changes: () => {
      const request = forge.find(7)!
      forge.shut(7)
      forge.list = async () => [request]
    },
  },
  { title: 'the fork that it came from is deleted', more: fork, changes: () => forge.change(7, { branch: '' }) },
  {
    title: 'the forge does not tell its newest commit any more',
    changes: () => forge.change(7, { head: '', waits: 'the forge does not tell its newest commit' }),
  },
  {
    title: 'the repository was moved',
    changes: () => (forge.trouble = new CallError('REDIRECTED', 'api.example.com has it under another name now (301)')),
    says: 'pull requests are not known, previews stay as they are: api.example.com has it under another name now (301)',
  },
  {
    title: 'the repository went to an owner whose forge does not know us',
    changes: () => (forge.trouble = new CallError('NOT_FOUND', 'api.example.com answers 404')),
    says: 'pull requests are not known, previews stay as they are: api.example.com answers 404',
  },
  {
    title: 'the target branch is renamed, and all pull requests with it',
    changes: () => {
      forge.change(7, { targetBranch: 'trunk' })
      withoutMain()
    },
    says:
      'pull requests are not known, previews stay as they are: there is no branch main any more, and all pull requests are for trunk: ' +
      'spec.source.revision, or spec.previews.targetBranch, is to be the name that it has now',
  },
  { title: 'the target branch is deleted, and the forge keeps the pull request open', changes: withoutMain },
  {
    title: 'the target branch has another history',
    changes: () => {
      repository.pushTo('other', 'Begin anew', { 'web.yaml': web('app:1'), 'more.txt': 'x' }, { force: true })
      repository.fastForward('other')
    },
  },
]

function withoutMain(): void {
  const all = repository.branches.bind(repository)
  repository.branches = async (prefix) => (await all(prefix)).filter(({ name }) => name !== 'main')
  repository.fetch = async () => {
    throw new GitError('NO_SUCH_REVISION', 'main', 'there is no branch main')
  }
}

test.each(harmless)('when $title, its preview goes on as it is', async ({ more, changes, says }) => {
  await begin(more)
  const before = podsOf(7).map(({ name }) => name)
  changes()
  await pass(90_000)
  expect(podsOf(7).map(({ name }) => name)).toEqual(before)
  expect(done).toEqual([])
  expect(status().warnings.filter((text) => text.includes('pull requests'))).toEqual(says === undefined ? [] : [says])
  await engine.close()
  runtime.restart()
  await start()
  await pass(30_000)
  expect(podsOf(7).map(({ name }) => name)).toEqual(before)
  expect(done).toEqual([])
})

test('a renamed branch is the one that is told, and pushes to it are followed', async () => {
  await begin()
  forge.change(7, { branch: 'other-name' })
  await pass(15_000)
  expect(row()).toMatchObject({ is: 'awake', branch: 'other-name' })
  const head = forge.push(7, { 'web.yaml': web('app:1') })
  await pass(40_000)
  expect(engine.status()[1]).toMatchObject({ name: 'shop/pr-7', commit: head, sync: 'Synced', health: 'Healthy' })
  await engine.close()
  await start()
  await pass(15_000)
  expect(engine.status()[1]).toMatchObject({ revision: 'other-name', commit: head })
})

test('once the configuration names the branch as it is called now, all goes on', async () => {
  await begin()
  forge.change(7, { targetBranch: 'trunk' })
  withoutMain()
  await pass(30_000)
  const before = podsOf(7).map(({ name }) => name)
  await engine.close()
  runtime.restart()
  const previews = { ...branchPreviews, provider: 'github', targetBranch: 'trunk' } as const
  await open({ previews }, [], { pullRequests: () => forge }).start()
  await pass(40_000)
  expect(podsOf(7).map(({ name }) => name)).toEqual(before)
  expect(row()).toMatchObject({ is: 'awake', reason: '' })
})

test('of several pull requests one that is for another branch goes, while the target branch is there', async () => {
  await begin()
  forge.open(8, { 'web.yaml': web('app:2') })
  await pass(40_000)
  forge.change(7, { targetBranch: 'trunk' })
  forge.change(8, { targetBranch: 'trunk' })
  await pass(60_000)
  expect([podsOf(7), podsOf(8)]).toEqual([[], []])
  expect(row()).toMatchObject({ is: 'none', reason: 'it is for trunk, not main' })
})
