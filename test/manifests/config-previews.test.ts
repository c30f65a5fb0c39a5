import { expect, test } from 'vitest'
import { readConfig } from '../../src/manifests/config.ts'
import { renderProblem } from '../../src/manifests/problem.ts'

function read(previews: object, forge?: object, quota?: object) {
  const source = { repoURL: 'https://git.example.com/acme/shop.git' }
  const documents = [
    {
      apiVersion: 'berth.dev/v1',
      kind: 'Engine',
      metadata: { name: 'production' },
      spec: quota && { previews: { quota } },
    },
    { apiVersion: 'berth.dev/v1', kind: 'Application', metadata: { name: 'shop' }, spec: { source, previews, forge } },
  ]
  const text = documents.map((document) => JSON.stringify(document)).join('\n---\n')
  const { config, problems } = readConfig({ path: 'berth.yaml', bytes: new TextEncoder().encode(text) })
  return { previews: config.applications[0]?.previews, problems: problems.map(renderProblem) }
}

const hour = 3_600_000

test('what is left out has its default', () => {
  expect(read({ provider: 'branches' })).toEqual({
    previews: {
      ...{ provider: 'branches', branches: 'preview/*', images: undefined, targetBranch: undefined, labels: [] },
      ...{ drafts: false, max: 10, maxAwake: 10, ttlMs: 72 * hour, sleepAfterMs: 2 * hour, intervalMs: 60_000 },
      ...{ keepLabel: 'berth-keep', sleepLabel: 'berth-sleep', approveLabel: 'berth-approve' },
      ...{ hostTemplate: '{{id}}.{{host}}', host: undefined, podSecurity: 'restricted' },
      ...{ comments: true, statuses: true, hookTimeoutMs: 300_000 },
      quota: { pods: '20', 'limits.cpu': '4', 'limits.memory': '4Gi', 'requests.storage': '10Gi' },
    },
    problems: [],
  })
})

test('everything that is written is read', () => {
  const image = { image: 'registry.example.com/app', imageTemplate: 'app:pr-{{number}}-{{shortSha}}' }
  const images = { repository: 'acme/app', ...image, timeout: '2h' }
  const written = {
    ...{ provider: 'github', images, targetBranch: 'next', labels: ['preview'], drafts: true, max: 4, maxAwake: 2 },
    ...{
      keepLabel: 'k',
      sleepLabel: 's',
      approveLabel: 'a',
      hostTemplate: '{{id}}-{{host}}',
      host: '{{id}}.x.example',
    },
    ...{ podSecurity: 'baseline', quota: { pods: '3' } },
  }
  const { previews, problems } = read(
    { ...written, ttl: '1h', sleepAfter: '10m', interval: '5s' },
    { provider: 'github', tokenFile: '/t' },
  )
  expect(problems).toEqual([])
  const normal = { repository: 'acme/app', replace: [image], timeoutMs: 2 * hour }
  expect(previews).toMatchObject({
    ...{ ...written, images: normal },
    ...{ ttlMs: hour, sleepAfterMs: hour / 6, intervalMs: 5000 },
  })
})

test.each([
  [{ provider: 'github' }, 'spec.previews.provider: expected spec.forge with the same provider'],
  [{ branches: 'a*b*' }, 'spec.previews.branches: expected a name, or its beginning and *'],
  [{ max: 2, maxAwake: 3 }, 'spec.previews.maxAwake: expected at most max, which is 2'],
  [{ quota: { pods: 'x' } }, 'spec.previews.quota.pods: expected'],
  [{ quota: { 'limit.cpu': '4' } }, 'such as limits.cpu or pods, found "limit.cpu"'],
  [{ ttl: '3' }, 'spec.previews.ttl: expected a duration from 1s'],
  [{ hostTemplate: '{{host}}' }, 'spec.previews.hostTemplate: expected a host name with {{id}} in it'],
  [{ host: '{{id}} .x' }, 'spec.previews.host: expected a host name with {{id}} in it'],
  [
    { images: { repository: 'a/b', image: 'a', imageTemplate: 'a:{{sha}}' } },
    'spec.previews.images: expected a forge as the provider',
  ],
])('%j', (previews, problem) => {
  const { problems } = read({ provider: 'branches', ...previews })
  expect(problems).toHaveLength(1)
  expect(problems[0]).toContain(problem)
})

test('a repository of images has a full name', () => {
  const images = { repository: 'https://github.com/acme/app', image: 'app', imageTemplate: 'app:{{sha}}' }
  const { problems } = read({ provider: 'github', images }, { provider: 'github', tokenEnv: 'TOKEN' })
  expect(problems).toEqual([
    expect.stringContaining(
      'spec.previews.images.repository: expected owner/name, found "https://github.com/acme/app"',
    ),
  ])
})

const github = {
  provider: 'github',
  images: { repository: 'a/b', image: 'r.example.com:5000/a', imageTemplate: 'a:{{sha}}' },
}
const { images } = github
const one = { image: 'a', imageTemplate: 'a:{{sha}}' }
const two = { image: 'b', imageTemplate: 'b:{{sha}}' }

test.each([
  [{ ...images }, []],
  [{ ...images, image: 'docker.io/library/a' }, []],
  [{ ...images, image: 'a:1' }, ['images.image: expected an image without a tag or a digest, found "a:1" (string)']],
  [{ ...images, image: 'A b' }, ['images.image: expected an image without a tag or a digest, found "A b" (string)']],
  [{ ...images, imageTemplate: 'a:1' }, ['images.imageTemplate: expected {{number}}, {{sha}}']],
  [
    { ...images, imageTemplate: 'a:{{number}}-{{branch}}' },
    [
      'images.imageTemplate: expected {{number}}, {{sha}}, {{shortSha}}, {{shortSha8}} or {{branchSlug}} only, found {{branch}} in "a:{{number}}-{{branch}}"',
    ],
  ],
  [{ ...images, imageTemplate: 'a:{{ number }}' }, ['images.imageTemplate: expected {{number}}']],
  [{ ...images, imageTemplate: 'a:{{constructor}}' }, ['images.imageTemplate: expected {{number}}']],
  [{ ...images, imageTemplate: 'a:{{number}' }, ['images.imageTemplate: expected {{number}}']],
  [{ ...images, imageTemplate: 'a:{{number}}@sha256:{{sha}}' }, ['images.imageTemplate: expected an image without a']],
  [{ ...images, imageTemplate: 'a:-{{number}}' }, ['images.imageTemplate: expected an image without a']],
  [{ ...images, imageTemplate: 'a:{{sha}}-{{branchSlug}}-{{shortSha8}}' }, []],
  [
    { ...images, imageTemplate: 'a:{{sha}}-{{branchSlug}}-{{sha}}' },
    ['images.imageTemplate: expected a tag of at most 128 characters'],
  ],
  [{ ...images, imageTemplate: 'shop-{{number}}/a-{{branchSlug}}' }, []],
  [{ ...images, imageTemplate: undefined }, ['images: expected image and imageTemplate, or replace']],
  [{ repository: 'a/b' }, ['images: expected image and imageTemplate, or replace']],
  [{ repository: 'a/b', replace: [] }, ['images: expected image and imageTemplate, or replace']],
  [{ repository: 'a/b', replace: [one, two] }, []],
  [{ ...images, replace: [two] }, ['images: expected image and imageTemplate, or replace']],
  [{ repository: 'a/b', replace: [one, one] }, ['images.replace: expected each image once, found "a" (string) twice']],
  [
    { repository: 'a/b', replace: [one, { image: 'b:1', imageTemplate: 'b' }] },
    ['images.replace[1].image: expected an image without', 'images.replace[1].imageTemplate: expected {{number}}'],
  ],
  [{ ...images, timeout: '1' }, ['images.timeout: expected a duration']],
])('images %j', (written, expected) => {
  const { problems } = read({ ...github, images: written }, { provider: 'github', tokenFile: '/t' })
  expect(problems.map((problem) => problem.replace(/^.*spec\.previews\./, ''))).toEqual(
    expected.map((problem) => expect.stringContaining(problem)),
  )
})

test.each([
  ['the usual quota', undefined, { pods: '20', 'limits.cpu': '8', 'limits.memory': '4Gi' }, []],
  [
    'no limit of the member',
    { pods: '3' },
    { 'limits.cpu': '8' },
    ['quota: expected limits.cpu of each preview, as there'],
  ],
  ['one larger than all', { pods: '30' }, { pods: '20' }, ['quota.pods: expected at most the pods of the Engine']],
  ['as large as all', { 'limits.cpu': '2000m' }, { 'limits.cpu': '2' }, []],
])('all previews together: %s', (_title, quota, total, expected) => {
  const { problems } = read({ provider: 'branches', quota }, undefined, total)
  expect(problems.map((problem) => problem.replace(/^berth.yaml:\d+ spec\.previews\./, ''))).toEqual(
    expected.map((problem) => expect.stringContaining(problem)),
  )
})
