import recorded from '@octokit/webhooks-examples' with { type: 'json' }
import { describe, expect, test } from 'vitest'
import { readEvent } from '../../src/server/webhooks/events.ts'
import { type Followed, whoWakes } from '../../src/server/webhooks/match.ts'

const repoURL = 'https://git.example.com/acme/shop.git'
const branches = { provider: 'branches' as const }
const followed: readonly Followed[] = [
  { name: 'shop', repoURL, revision: 'main', previews: { ...branches, branches: 'preview/*' } },
  { name: 'one', repoURL, revision: 'main', previews: { ...branches, branches: 'next' } },
  { name: 'plain', repoURL, revision: 'main' },
]

test.each([
  ['refs/heads/main', false, ['shop', 'one', 'plain']],
  ['refs/heads/preview/blue', false, ['shop']],
  ['refs/heads/preview/blue', true, ['shop']],
  ['refs/heads/next', false, ['one']],
  ['refs/heads/next/more', false, []],
  ['refs/tags/preview/blue', false, []],
  ['refs/heads/main', true, []],
])('a push to %s (deleted: %s) wakes %j', (ref, deleted, names) => {
  const event = { kind: 'push' as const, repositories: [repoURL], ref, deleted, images: [] }
  expect(whoWakes(event, followed).applications).toEqual(names)
})

const forge = { provider: 'gitea' as const, branches: 'preview/*' }
const source = 'https://git.example.com/acme/shop-source.git'
const ofForge: readonly Followed[] = [
  { name: 'own', repoURL, revision: 'main', previews: forge },
  { name: 'source', repoURL, revision: 'main', previews: { ...forge, images: { repository: 'acme/shop-source' } } },
  {
    ...{ name: 'mirror', repoURL: 'ssh://git@mirror.example.com/shop', revision: 'v1', previews: forge },
    forge: { repository: 'Acme/Shop' },
  },
  { name: 'branches', repoURL, revision: 'main', previews: { ...branches, branches: 'preview/*' } },
  { name: 'plain', repoURL, revision: 'main' },
]

const push = { kind: 'push' as const, deleted: false, images: [] }
const request = { kind: 'pullRequest' as const, ref: undefined, deleted: false, images: [] }

test.each([
  {
    title: 'a push to any branch',
    event: { ...push, repositories: [repoURL], ref: 'refs/heads/x' },
    woken: ['own', 'mirror'],
  },
  {
    title: 'a push to the branch that is followed',
    event: { ...push, repositories: [repoURL], ref: 'refs/heads/main' },
    woken: ['own', 'source', 'mirror', 'branches', 'plain'],
  },
  {
    title: 'a branch that is gone',
    event: { ...push, repositories: [repoURL], ref: 'refs/heads/x', deleted: true },
    woken: ['own', 'mirror'],
  },
  { title: 'a tag', event: { ...push, repositories: [repoURL], ref: 'refs/tags/x' }, woken: [] },
  { title: 'a pull request', event: { ...request, repositories: [repoURL] }, woken: ['own', 'mirror'] },
  { title: 'a pull request of the sources', event: { ...request, repositories: [source] }, woken: ['source'] },
  {
    title: 'a push to the sources',
    event: { ...push, repositories: [source], ref: 'refs/heads/main' },
    woken: ['source'],
  },
  {
    title: 'another repository whose name ends so',
    event: { ...request, repositories: ['https://git.example.com/more-acme/shop'] },
    woken: [],
  },
])('$title wakes $woken', ({ event, woken }) => {
  expect(whoWakes(event, ofForge).applications).toEqual(woken)
})

describe('what is an event of a pull request', () => {
  const gitlab = { project: { git_http_url: repoURL } }
  const gitea = { repository: { clone_url: repoURL } }
  test.each([
    ['gitlab', '', { ...gitlab, object_kind: 'merge_request', object_attributes: { action: 'update' } }, true],
    ['gitlab', '', { ...gitlab, object_kind: 'note', object_attributes: { noteable_type: 'MergeRequest' } }, true],
    ['gitlab', '', { ...gitlab, object_kind: 'note', object_attributes: { noteable_type: 'Issue' } }, false],
    ['gitea', 'pull_request', { ...gitea, action: 'opened', pull_request: {} }, true],
    ['gitea', 'pull_request', { ...gitea, action: 'label_updated', pull_request: {} }, true],
    ['gitea', 'pull_request_sync', { ...gitea, pull_request: {} }, true],
    ['gitea', 'issue_comment', { ...gitea, is_pull: true, issue: {} }, true],
    ['gitea', 'issue_comment', { ...gitea, is_pull: false, issue: { pull_request: null } }, false],
    ['gitea', 'issues', { ...gitea, issue: {} }, false],
  ] as const)('%s %s %j: %s', (provider, name, body, expected) => {
    const event = readEvent(provider, name, body)!
    expect(whoWakes(event, ofForge).applications).toEqual(expected ? ['own', 'mirror'] : [])
  })

  interface Example {
    readonly name: string
    readonly examples: readonly { readonly action?: string; readonly issue?: { readonly pull_request?: object } }[]
  }
  // What the package says of its types holds for a module; the file itself is the list.
  const examples = recorded as unknown as readonly Example[]
  const bodies = (name: string) => examples.find((one) => one.name === name)?.examples ?? []
  const hello: Followed = { name: 'hello', repoURL: 'https://github.com/Codertocat/Hello-World', revision: 'v1' }
  const wakes = (name: string, body: unknown) => {
    const event = readEvent('github', name, body)!
    return whoWakes(event, [{ ...hello, previews: { ...forge, provider: 'github' } }]).applications.length > 0
  }

  test('as GitHub posts them', () => {
    const own = bodies('pull_request').filter((body) => JSON.stringify(body).includes('Codertocat/Hello-World'))
    expect(own.length).toBeGreaterThan(5)
    expect(own.filter((body) => !wakes('pull_request', body))).toEqual([])
    const comments = bodies('issue_comment')
    expect(comments.length).toBeGreaterThan(2)
    const withRequest = comments.map((body) => ({ ...body, issue: { ...body.issue, pull_request: { url: '' } } }))
    expect(withRequest.every((body) => wakes('issue_comment', body))).toBe(true)
    expect(comments.filter((body) => wakes('issue_comment', body) && !body.issue?.pull_request)).toEqual([])
    for (const name of ['star', 'label', 'issues', 'check_run']) {
      expect(bodies(name).filter((body) => wakes(name, body))).toEqual([])
    }
  })
})
