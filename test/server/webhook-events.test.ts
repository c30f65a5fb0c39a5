import recorded from '@octokit/webhooks-examples' with { type: 'json' }
import { describe, expect, test } from 'vitest'
import { sameRepository } from '../../src/server/webhooks/address.ts'
import { providers, readEvent } from '../../src/server/webhooks/events.ts'
import { whoWakes } from '../../src/server/webhooks/match.ts'
import { githubHeaders, hookWorld, post } from './hook-world.ts'

interface Example {
  readonly name: string
  readonly examples: readonly unknown[]
}

// What the package says of its types holds for a module; the file itself is the list.
const examples = recorded as unknown as readonly Example[]

describe('events of GitHub, as recorded', () => {
  const event = (name: string, index = 0) =>
    readEvent('github', name, examples.find((one) => one.name === name)?.examples[index])
  const addresses = [
    'https://github.com/Codertocat/Hello-World.git',
    'git@github.com:Codertocat/Hello-World.git',
    'git://github.com/Codertocat/Hello-World.git',
    'https://github.com/Codertocat/Hello-World',
  ]

  test('every one of them is answered, whoever sent it', async () => {
    const { address, log } = await hookWorld()
    let count = 0
    for (const { name, examples: bodies } of examples) {
      for (const body of bodies) {
        const text = JSON.stringify(body)
        expect([name, (await post(address, 'github', text, githubHeaders(text, name))).status]).toEqual([name, 202])
        for (const provider of providers) expect(readEvent(provider, name, body)).toBeDefined()
        count++
      }
    }
    expect(count).toBeGreaterThan(100)
    expect(log).toEqual([])
  })

  test('what counts is read from them', () => {
    const push = examples.find(({ name }) => name === 'push')?.examples as { ref: string; deleted: boolean }[]
    expect(push.map((body) => readEvent('github', 'push', body)?.ref)).toEqual(push.map(({ ref }) => ref))
    expect(push.map((body) => readEvent('github', 'push', body)?.deleted)).toEqual(push.map(({ deleted }) => deleted))
    expect(event('create')).toMatchObject({ kind: 'push', ref: 'refs/tags/simple-tag', deleted: false })
    expect(event('delete')).toMatchObject({ kind: 'push', ref: 'refs/tags/simple-tag', deleted: true })
    expect(event('ping')).toMatchObject({ kind: 'ping' })
    expect(event('pull_request')).toMatchObject({ kind: 'pullRequest' })
    expect(event('star')).toMatchObject({ kind: 'other' })
    expect(event('create')?.repositories).toEqual(expect.arrayContaining(addresses.slice(0, 2)))
  })

  test.each(addresses)('the repository is known as %s', (repoURL) => {
    const followed = [{ name: 'hello', repoURL, revision: 'simple-tag' }]
    expect(whoWakes(event('create')!, followed).applications).toEqual(['hello'])
  })
})

// Written after the documentation of GitLab ("Webhook events", "System hooks") and of Gitea ("Webhooks").
const gitlabProject = {
  id: 15,
  name: 'Shop',
  web_url: 'https://gitlab.example.com/acme/shop',
  git_ssh_url: 'git@gitlab.example.com:acme/shop.git',
  git_http_url: 'https://gitlab.example.com/acme/shop.git',
  path_with_namespace: 'acme/shop',
  default_branch: 'main',
}
const gitlabPush = {
  object_kind: 'push',
  event_name: 'push',
  before: '95790bf891e76fee5e1747ab589903a6a1f80f22',
  after: 'da1560886d4f094c3e6c9ef40349f7d38b5d27d7',
  ref: 'refs/heads/main',
  checkout_sha: 'da1560886d4f094c3e6c9ef40349f7d38b5d27d7',
  user_name: 'Jo',
  project: gitlabProject,
  repository: {
    name: 'Shop',
    url: 'git@gitlab.example.com:acme/shop.git',
    homepage: 'https://gitlab.example.com/acme/shop',
  },
  commits: [{ id: 'da1560886d4f094c3e6c9ef40349f7d38b5d27d7', message: 'Change', modified: ['app/web.yaml'] }],
  total_commits_count: 1,
}
const zeros = '0'.repeat(40)
const gitlabUpdate = {
  event_name: 'repository_update',
  user_id: 1,
  project: gitlabProject,
  changes: [{ before: zeros, after: gitlabPush.after, ref: 'refs/heads/main' }],
  refs: ['refs/heads/main'],
}
const gitlabMerge = {
  object_kind: 'merge_request',
  event_type: 'merge_request',
  project: gitlabProject,
  object_attributes: { iid: 1, source_branch: 'feature', target_branch: 'main', action: 'open' },
}
const giteaPush = {
  ref: 'refs/heads/main',
  before: '28e1879d029cb852e4844d9c718537df08844e03',
  after: 'bffeb74224043ba2feb48d137756c8a9331c449a',
  compare_url: 'https://gitea.example.com/acme/shop/compare/28e1879...bffeb74',
  commits: [{ id: 'bffeb74224043ba2feb48d137756c8a9331c449a', message: 'Change' }],
  repository: {
    id: 140,
    full_name: 'acme/shop',
    html_url: 'https://gitea.example.com:3000/acme/shop',
    ssh_url: 'ssh://git@gitea.example.com:2222/acme/shop.git',
    clone_url: 'https://gitea.example.com:3000/acme/shop.git',
  },
  pusher: { id: 1, login: 'jo' },
}
const giteaDelete = { ref: 'main', ref_type: 'branch', pusher_type: 'user', repository: giteaPush.repository }

const apps = [
  { name: 'shop-https', repoURL: 'https://gitlab.example.com/acme/shop.git', revision: 'main' },
  { name: 'shop-ssh', repoURL: 'ssh://git@gitlab.example.com/acme/shop', revision: 'v1' },
  { name: 'shop-gitea', repoURL: 'https://gitea.example.com:3000/acme/shop', revision: 'main' },
  { name: 'shop-gitea-ssh', repoURL: 'ssh://git@gitea.example.com:2222/acme/shop.git', revision: 'HEAD' },
]

test.each([
  { title: 'GitLab push', provider: 'gitlab', name: '', body: gitlabPush, woken: ['shop-https'] },
  {
    title: 'GitLab tag push',
    provider: 'gitlab',
    name: '',
    body: { ...gitlabPush, object_kind: 'tag_push', event_name: 'tag_push', ref: 'refs/tags/v1' },
    woken: ['shop-ssh'],
  },
  {
    title: 'GitLab branch deleted',
    provider: 'gitlab',
    name: '',
    body: { ...gitlabPush, after: zeros, checkout_sha: null, commits: [] },
    woken: [],
  },
  {
    title: 'GitLab first push',
    provider: 'gitlab',
    name: '',
    body: { ...gitlabPush, before: zeros },
    woken: ['shop-https'],
  },
  { title: 'GitLab system hook', provider: 'gitlab', name: '', body: gitlabUpdate, woken: ['shop-https', 'shop-ssh'] },
  { title: 'GitLab merge request', provider: 'gitlab', name: '', body: gitlabMerge, woken: [] },
  { title: 'GitLab key created', provider: 'gitlab', name: '', body: { event_name: 'key_create', id: 4 }, woken: [] },
  { title: 'Gitea push', provider: 'gitea', name: 'push', body: giteaPush, woken: ['shop-gitea', 'shop-gitea-ssh'] },
  { title: 'Gitea delete', provider: 'gitea', name: 'delete', body: giteaDelete, woken: [] },
  {
    title: 'Gitea create',
    provider: 'gitea',
    name: 'create',
    body: giteaDelete,
    woken: ['shop-gitea', 'shop-gitea-ssh'],
  },
  { title: 'Gitea pull request', provider: 'gitea', name: 'pull_request', body: { number: 1 }, woken: [] },
  {
    title: 'generic, an address alone',
    provider: 'generic',
    name: '',
    body: { repository: 'git@gitlab.example.com:acme/shop' },
    woken: ['shop-https', 'shop-ssh'],
  },
  {
    title: 'generic, several addresses and a branch',
    provider: 'generic',
    name: '',
    body: { repository: ['https://other.example.com/a', 'https://gitlab.example.com/acme/shop'], ref: 'main' },
    woken: ['shop-https'],
  },
  {
    title: 'generic, a tag',
    provider: 'generic',
    name: '',
    body: { repository: { clone_url: apps[0]!.repoURL }, ref: 'refs/tags/v1' },
    woken: ['shop-ssh'],
  },
] as const)('$title', ({ provider, name, body, woken }) => {
  expect(whoWakes(readEvent(provider, name, body)!, apps).applications).toEqual(woken)
})

test.each(['HEAD', 'a'.repeat(40), 'main', 'refs/heads/main'])('a push of main is one for revision %s', (revision) => {
  const event = readEvent('generic', '', { repository: '/srv/git/shop.git', ref: 'refs/heads/main' })!
  expect(whoWakes(event, [{ name: 'shop', repoURL: 'file:///srv/git/shop', revision }]).applications).toEqual(['shop'])
})

test.each(['master', 'refs/tags/main', 'heads/main', 'mai'])('a push of main is none for revision %s', (revision) => {
  const event = readEvent('generic', '', { repository: '/srv/git/shop.git', ref: 'refs/heads/main' })!
  expect(whoWakes(event, [{ name: 'shop', repoURL: '/srv/git/shop', revision }]).applications).toEqual([])
})

test.each([
  ['https://git.example.com/acme/shop.git', 'https://git.example.com/acme/shop'],
  ['https://git.example.com/acme/shop.git/', 'https://git.example.com/acme/shop'],
  ['https://GIT.example.com/Acme/Shop', 'https://git.example.com/acme/shop'],
  ['https://git.example.com:443/acme/shop', 'http://git.example.com:80/acme/shop'],
  ['https://user:word@git.example.com/acme/shop', 'https://git.example.com/acme/shop'],
  ['git@git.example.com:acme/shop.git', 'https://git.example.com/acme/shop'],
  ['git@git.example.com:/acme/shop.git', 'ssh://git@git.example.com:22/acme/shop'],
  ['ssh://git@git.example.com:2222/acme/shop.git', 'https://git.example.com:3000/acme/shop'],
  ['ssh://git@ssh.github.com:443/acme/shop.git', 'https://github.com/acme/shop'],
  ['ssh://git@altssh.gitlab.com:443/acme/shop.git', 'git@gitlab.com:acme/shop.git'],
  ['git+ssh://git@git.example.com/acme/shop', 'git@git.example.com:acme/shop'],
  ['git.example.com:acme/shop', 'git://git.example.com/acme/shop.git'],
  ['git@[2001:db8::1]:acme/shop', 'https://[2001:db8::1]/acme/shop'],
  ['file:///srv/git/shop.git', '/srv/git/shop'],
  ['/srv/git/shop/.git', '/srv/git/shop'],
])('%s is %s', (a, b) => {
  expect([sameRepository(a, b), sameRepository(b, a)]).toEqual([true, true])
})

test.each([
  ['https://git.example.com/acme/shop', 'https://git.example.com/acme/shop-2'],
  ['https://git.example.com/acme/shop', 'https://git.example.com/shop'],
  ['https://git.example.com/acme/shop', 'https://git.example.com.evil.org/acme/shop'],
  ['https://git.example.com/acme/shop', 'https://git.example.com:8443/acme/shop'],
  ['ssh://git@git.example.com:22/acme/shop', 'ssh://git@git.example.com:2222/acme/shop'],
  ['https://git.example.com/', 'https://git.example.com'],
  ['/srv/git/shop', '/srv/git/shop2'],
  ['', ''],
  ['.git', '.git'],
  ['javascript:alert(1)', 'https://alert/1'],
])('%s is not %s', (a, b) => {
  expect([sameRepository(a, b), sameRepository(b, a)]).toEqual([false, false])
})
