import { beforeEach, expect, test } from 'vitest'
import type { PullRequest } from '../../src/preview/pull-request.ts'
import { type ImageAnswer, ImageRequests, type ImageRequestsOptions } from '../../src/pulls/images.ts'
import { FakeClock } from '../sim/fake-clock.ts'

const byCommit = 'shop:pr-{{number}}-{{shortSha}}'
const [a, b] = ['a'.repeat(40), 'b'.repeat(40)]

let clock: FakeClock
let open: PullRequest[]
let registry: Map<string, string>
let fault: string
let asked: string[]
beforeEach(() => {
  clock = new FakeClock()
  open = [request(1)]
  registry = new Map()
  fault = ''
  asked = []
})

function request(number: number, more: Partial<PullRequest> = {}): PullRequest {
  return {
    ...{
      id: `pr-${number}`,
      number,
      title: '',
      branch: 'b',
      targetBranch: 'main',
      head: a,
      author: 'ann',
      draft: false,
    },
    ...{ labels: [], fork: false, authorMayWrite: true, approvals: [], activeAt: 0, url: '' },
    ...more,
  }
}

const shop = (imageTemplate: string) => [{ image: 'shop', imageTemplate }]

function imageRequests(template: string | ImageRequestsOptions['replace'] = byCommit): ImageRequests {
  return new ImageRequests({
    requests: { list: async () => open },
    replace: typeof template === 'string' ? shop(template) : template,
    fits: ({ draft }) => !draft,
    ask: async (image): Promise<ImageAnswer> => {
      asked.push(image)
      const digest = registry.get(image)
      if (fault !== '') return { is: 'unknown', reason: fault }
      return digest === undefined ? { is: 'missing' } : { is: 'there', digest }
    },
    clock,
  })
}

/** `head image waits`, short. */
async function told(requests: ImageRequests): Promise<string[]> {
  const all = await requests.list()
  return all.map(({ head, newest, images, waits }) => {
    const shown = Object.values(images ?? {}).join(' ') || '-'
    return [head.slice(0, 1) || '-', newest === undefined ? '' : `(${newest[0]})`, shown, waits ?? ''].join(' ').trim()
  })
}

test('a commit is there once the registry has its image, and is not asked for again', async () => {
  const requests = imageRequests()
  expect(await told(requests)).toEqual(['- (a) - the registry does not have shop:pr-1-aaaaaaa yet'])
  registry.set('shop:pr-1-aaaaaaa', 'sha256:1')
  expect(await told(requests)).toEqual(['a  shop:pr-1-aaaaaaa@sha256:1'])
  registry.clear()
  clock.advance(3_600_000)
  expect(await told(requests)).toEqual(['a  shop:pr-1-aaaaaaa@sha256:1'])
  expect(asked).toHaveLength(2)
})

test('a push keeps the commit before until its own image is there', async () => {
  const requests = imageRequests()
  registry.set('shop:pr-1-aaaaaaa', 'sha256:1')
  await told(requests)
  open = [request(1, { head: b })]
  const waits = 'the registry does not have shop:pr-1-bbbbbbb yet'
  expect(await told(requests)).toEqual([`a (b) shop:pr-1-aaaaaaa@sha256:1 ${waits}`])
  registry.set('shop:pr-1-bbbbbbb', 'sha256:2')
  expect(await told(requests)).toEqual(['b  shop:pr-1-bbbbbbb@sha256:2'])
})

test('a registry that cannot be asked is no registry without the image', async () => {
  const requests = imageRequests()
  registry.set('shop:pr-1-aaaaaaa', 'sha256:1')
  await told(requests)
  open = [request(1, { head: b }), request(2)]
  fault = '502'
  expect(await told(requests)).toEqual([
    'a (b) shop:pr-1-aaaaaaa@sha256:1 whether the registry has shop:pr-1-bbbbbbb is not known: 502',
    '- (a) - whether the registry has shop:pr-2-aaaaaaa is not known: 502',
  ])
})

test('the longer an image is missing, the less often it is asked for, and every five minutes at last', async () => {
  const requests = imageRequests()
  for (let minute = 0; minute < 60; minute++) {
    await told(requests)
    clock.advance(60_000)
  }
  expect(asked.length).toBeGreaterThan(10)
  expect(asked.length).toBeLessThan(30)
  asked = []
  for (let minute = 0; minute < 60; minute++) {
    await told(requests)
    clock.advance(60_000)
  }
  expect(asked).toHaveLength(12)
})

test('a name that stays is asked for each minute, and is another image when its digest changes', async () => {
  const requests = imageRequests('shop:pr-{{number}}')
  registry.set('shop:pr-1', 'sha256:1')
  expect(await told(requests)).toEqual(['a  shop:pr-1@sha256:1'])
  registry.set('shop:pr-1', 'sha256:2')
  open = [request(1, { head: b })]
  expect(await told(requests)).toEqual(['b  shop:pr-1@sha256:1'])
  clock.advance(60_000)
  expect(await told(requests)).toEqual(['b  shop:pr-1@sha256:2'])
  clock.advance(60_000)
  fault = 'connection refused'
  const waits = 'whether the registry has shop:pr-1 is not known: connection refused'
  expect(await told(requests)).toEqual([`b  shop:pr-1@sha256:2 ${waits}`])
  expect(asked).toHaveLength(3)
})

test.each([{ fork: true }, { authorMayWrite: false }, { authorMayWrite: undefined }])(
  'of %j an approval is of one commit, so its image has to name it',
  async (author) => {
    registry.set('shop:pr-1', 'sha256:1').set('shop:pr-1-aaaaaaa', 'sha256:1')
    open = [request(1, author)]
    expect((await told(imageRequests('shop:pr-{{number}}')))[0]).toMatch(/^- \(a\) - an approval is of one commit/)
    expect(asked).toEqual([])
    expect(await told(imageRequests())).toEqual(['a  shop:pr-1-aaaaaaa@sha256:1'])
  },
)

test('of hundreds some are asked for at a time, all in turn, and none that cannot have a preview', async () => {
  open = Array.from({ length: 70 }, (_, index) => request(index + 1, { draft: index % 7 === 0 }))
  for (const { number } of open) registry.set(`shop:pr-${number}-aaaaaaa`, `sha256:${number}`)
  const requests = imageRequests()
  const first = await requests.list()
  expect(asked).toHaveLength(30)
  expect(first.filter(({ images }) => images !== undefined)).toHaveLength(30)
  expect(first.find(({ waits }) => waits !== undefined)?.waits).toMatch(/has not been asked for shop:pr-\d+-a+ yet/)
  expect(first[0]).toEqual(open[0])
  await requests.list()
  expect(new Set(asked)).toHaveProperty('size', 60)
})

test('a registry that answers slowly does not hold the list up', async () => {
  open = [request(1), request(2), request(3)]
  const requests = new ImageRequests({
    requests: { list: async () => open },
    ...{ replace: shop(byCommit), fits: () => true, clock },
    ask: async (image) => {
      asked.push(image)
      clock.advance(9_000)
      return { is: 'unknown', reason: 'no answer' }
    },
  })
  await requests.list()
  expect(asked).toHaveLength(2)
})

test('what was closed is forgotten', async () => {
  const requests = imageRequests()
  registry.set('shop:pr-1-aaaaaaa', 'sha256:1')
  await told(requests)
  open = []
  await told(requests)
  registry.clear()
  open = [request(1)]
  expect((await told(requests))[0]).toMatch(/^- \(a\) - the registry does not have/)
})

test('where pull requests cannot be listed, nothing is said of images', async () => {
  const requests = new ImageRequests({
    requests: { list: () => Promise.reject(new Error('502')) },
    ...{ replace: shop(byCommit), fits: () => true, clock, ask: async () => ({ is: 'missing' }) },
  })
  await expect(requests.list()).rejects.toThrow('502')
})

test('of several images a commit waits for all, and says which are missing', async () => {
  const requests = imageRequests([
    { image: 'web', imageTemplate: 'r/web:{{shortSha}}' },
    { image: 'api', imageTemplate: 'r/api:{{shortSha}}' },
  ])
  expect(await told(requests)).toEqual(['- (a) - the registry does not have r/web:aaaaaaa and r/api:aaaaaaa yet'])
  registry.set('r/web:aaaaaaa', 'sha256:1')
  expect(await told(requests)).toEqual(['- (a) - the registry does not have r/api:aaaaaaa yet'])
  registry.set('r/api:aaaaaaa', 'sha256:2')
  const [first] = await requests.list()
  expect(first).toMatchObject({ head: a, images: { web: 'r/web:aaaaaaa@sha256:1', api: 'r/api:aaaaaaa@sha256:2' } })
  expect(asked).toEqual(['r/web:aaaaaaa', 'r/api:aaaaaaa', 'r/web:aaaaaaa', 'r/api:aaaaaaa', 'r/api:aaaaaaa'])
  open = [request(1, { head: b })]
  registry.set('r/web:bbbbbbb', 'sha256:3')
  const shown = 'r/web:aaaaaaa@sha256:1 r/api:aaaaaaa@sha256:2'
  expect(await told(requests)).toEqual([`a (b) ${shown} the registry does not have r/api:bbbbbbb yet`])
})

test('a branch of which no image can be made is asked for nowhere', async () => {
  open = [request(1, { branch: '\u{1F680}' }), request(2, { branch: 'Ship/It' })]
  registry.set('shop:ship-it-aaaaaaa', 'sha256:1')
  expect(await told(imageRequests('shop:{{branchSlug}}-{{shortSha}}'))).toEqual([
    '- (a) - imageTemplate shop:{{branchSlug}}-{{shortSha}} makes no image of its branch',
    'a  shop:ship-it-aaaaaaa@sha256:1',
  ])
  expect(asked).toEqual(['shop:ship-it-aaaaaaa'])
})

test('what a registry says that it has is asked for with the next list', async () => {
  const requests = imageRequests()
  await told(requests)
  clock.advance(3_600_000)
  await told(requests)
  clock.advance(1_000)
  await told(requests)
  expect(asked).toHaveLength(2)
  expect(requests.awaited).toEqual(['shop:pr-1-aaaaaaa'])
  requests.askSoon(['shop:pr-2-aaaaaaa'])
  await told(requests)
  expect(asked).toHaveLength(2)
  requests.askSoon(requests.awaited)
  registry.set('shop:pr-1-aaaaaaa', 'sha256:1')
  expect(await told(requests)).toEqual(['a  shop:pr-1-aaaaaaa@sha256:1'])
  expect(requests.awaited).toEqual([])
})

test('a name that stays is always waited for', async () => {
  const requests = imageRequests('shop:pr-{{number}}')
  registry.set('shop:pr-1', 'sha256:1')
  await told(requests)
  expect(requests.awaited).toEqual(['shop:pr-1'])
  requests.askSoon(requests.awaited)
  registry.set('shop:pr-1', 'sha256:2')
  expect(await told(requests)).toEqual(['a  shop:pr-1@sha256:2'])
})
