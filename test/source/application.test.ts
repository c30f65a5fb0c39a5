import { beforeEach, expect, test } from 'vitest'
import { renderProblem } from '../../src/manifests/problem.ts'
import { ApplicationSource, type Revision } from '../../src/source/application.ts'
import { GitError } from '../../src/sync/errors.ts'
import { FakeRepository } from '../support/fake-repository.ts'

let repository: FakeRepository
let source: ApplicationSource
let read: string[][]

beforeEach(() => {
  repository = new FakeRepository()
  read = []
  const original = repository.read.bind(repository)
  repository.read = (files) => {
    read.push(files.map((file) => file.path))
    return original(files)
  }
  source = new ApplicationSource({ repository, path: '', namespace: 'shop', podSecurity: 'baseline' })
})

const config = (name: string, value = '1'): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\ndata: { a: "${value}" }\n`

async function accepted(files: Record<string, string | null>): Promise<Revision> {
  const reading = await source.read(repository.push('Commit', files), () => 0)
  if (reading.kind === 'refused') throw new Error(reading.problems.map(renderProblem).join('\n'))
  source.accept(reading.revision)
  return reading.revision
}

async function refused(files: Record<string, string | null>): Promise<string[]> {
  const reading = await source.read(repository.push('Commit', files), () => 0)
  return reading.kind === 'refused' ? reading.problems.map(renderProblem) : []
}

const told = ({ changed, removed, objects }: Revision) => ({ changed, removed, all: [...objects.keys()].sort() })
const key = (name: string): string => `shop/ConfigMap/${name}`

test('a commit costs its changed files, and tells what it changes', async () => {
  await accepted({ 'a.yaml': config('a'), 'b.yaml': config('b'), 'README.md': 'words' })
  const next = await accepted({ 'b.yaml': config('b', '2'), 'README.md': 'other words' })
  expect(told(next)).toEqual({ changed: [key('b')], removed: [], all: [key('a'), key('b')] })
  expect(read).toEqual([['a.yaml', 'b.yaml'], ['b.yaml']])
})

test('an object that moves to another file, or is only written otherwise, is no change', async () => {
  await accepted({ 'a.yaml': config('a') })
  const moved = await accepted({ 'a.yaml': null, 'deep/b.yaml': `# moved\n${config('a')}` })
  expect(told(moved)).toEqual({ changed: [], removed: [], all: [key('a')] })
})

test('objects come and go', async () => {
  await accepted({ 'a.yaml': `${config('a')}---\n${config('b')}` })
  const next = await accepted({ 'a.yaml': config('b'), 'c.yaml': config('c') })
  expect(told(next)).toEqual({ changed: [key('c')], removed: [key('a')], all: [key('b'), key('c')] })
})

test('two definitions of one object are refused, naming both places, also when the second one comes later', async () => {
  await accepted({ 'a.yaml': config('a'), 'b.yaml': config('b') })
  const problems = await refused({ 'b.yaml': config('a', '2') })
  expect(problems).toEqual([
    expect.stringMatching(/^b\.yaml:1: metadata\.name: expected one definition of .*a\.yaml:1$/),
  ])
})

test('a refused commit leaves no trace: the next one is compared with the last accepted one', async () => {
  await accepted({ 'a.yaml': config('a') })
  expect(await refused({ 'a.yaml': config('a', '2'), 'bad.yaml': 'kind: [' })).toHaveLength(1)
  const mended = await accepted({ 'bad.yaml': null })
  expect(told(mended)).toEqual({ changed: [key('a')], removed: [], all: [key('a')] })
})

test('places are told from the root of the repository', async () => {
  source = new ApplicationSource({ repository, path: 'deploy/prod', namespace: 'shop', podSecurity: 'baseline' })
  expect((await refused({ 'web.yaml': 'kind: [' }))[0]).toMatch(/^deploy\/prod\/web\.yaml:/)
})

test('all problems of a commit are told at once', async () => {
  const problems = await refused({ 'a.yaml': 'kind: [', 'b.yaml': config('UPPER') })
  expect(problems.map((problem) => problem.split(':')[0])).toEqual(['a.yaml', 'b.yaml'])
})

test('what Git says of the content refuses the commit; what it says of the remote does not', async () => {
  const oid = repository.push('Link', {})
  repository.snapshot = () => Promise.reject(new GitError('LINK', 'a.yaml', 'a link: expected a file'))
  expect(await source.read(oid, () => 0)).toMatchObject({ kind: 'refused', problems: [{ file: 'a.yaml' }] })
  source = new ApplicationSource({ repository, path: 'app', namespace: 'shop', podSecurity: 'baseline' })
  for (const subject of ['app/a.yaml', 'a.yaml']) {
    repository.snapshot = () => Promise.reject(new GitError('LINK', subject, `${subject}: a link`))
    expect(await source.read(oid, () => 0)).toMatchObject({ problems: [{ file: 'app/a.yaml', message: 'a link' }] })
  }
  repository.snapshot = () => Promise.reject(new GitError('TIMED_OUT', 'memory', 'no answer'))
  await expect(source.read(oid, () => 0)).rejects.toThrow('no answer')
})

test('a first read of many files lets others run in between', async () => {
  const files = Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`${index}.yaml`, config(`c${index}`)]))
  const oid = repository.push('Many', files)
  let turns = 0
  const timer = setInterval(() => {
    turns += 1
  }, 1)
  await source.read(oid, () => performance.now())
  clearInterval(timer)
  expect(turns).toBeGreaterThan(0)
})
