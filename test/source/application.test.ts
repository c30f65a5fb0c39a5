import { expect, test } from 'vitest'
import { ApplicationSource, type Reading } from '../../src/source/application.ts'
import { MemoryRepository } from '../support/memory-repository.ts'

const config = (name: string, value: string, more = '') =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\ndata: { key: "${value}" }\n${more}`
const route = 'apiVersion: v1\nkind: ServiceAccount\nmetadata: { name: robot }\n'

function sourceOf(repository: MemoryRepository) {
  return new ApplicationSource({ repository, path: '', namespace: 'shop', podSecurity: 'baseline' })
}

/** `changed, -removed`, or the problems. */
function told(reading: Reading): string {
  if (reading.kind === 'refused') return reading.problems.map((problem) => `${problem.file}: ${problem.message}`).join()
  const { changed, removed } = reading.revision
  return [...changed, ...removed.map((key) => `-${key}`)].join(' ').replaceAll('shop/ConfigMap/', '')
}

test.each([
  { title: 'one file changes', files: { 'a.yaml': config('a', '2') }, expected: 'a' },
  { title: 'a file is only written differently', files: { 'a.yaml': `# note\n${config('a', '1')}` }, expected: '' },
  { title: 'an object comes', files: { 'a.yaml': `${config('a', '1')}---\n${config('c', '1')}` }, expected: 'c' },
  { title: 'a file comes', files: { 'c.yaml': config('c', '1') }, expected: 'c' },
  { title: 'a file goes', files: { 'b.yaml': null }, expected: '-b' },
  { title: 'a file is moved', files: { 'a.yaml': null, 'z.yaml': config('a', '1') }, expected: '' },
  { title: 'an object is renamed', files: { 'a.yaml': config('c', '1') }, expected: 'c -a' },
  { title: 'two trade places', files: { 'a.yaml': config('b', '1'), 'b.yaml': config('a', '2') }, expected: 'a' },
  { title: 'something ignored comes', files: { 'a.yaml': config('a', '2', `---\n${route}`) }, expected: 'a' },
  { title: 'another file changes', files: { 'notes.txt': 'two' }, expected: '' },
])('$title: only that is told, and the rest is as if read anew', async ({ files, expected }) => {
  const repository = new MemoryRepository()
  const first = repository.add({ 'a.yaml': config('a', '1'), 'b.yaml': config('b', '1'), 'notes.txt': 'one' })
  const source = sourceOf(repository)
  const before = await source.read(first, () => 0)
  if (before.kind === 'refused') throw new Error(told(before))
  source.accept(before.revision)
  const second = repository.add(files)
  const reading = await source.read(second, () => 0)
  expect(told(reading)).toBe(expected)
  const anew = await sourceOf(repository).read(second, () => 0)
  if (reading.kind === 'refused' || anew.kind === 'refused') throw new Error('refused')
  expect([...reading.revision.objects]).toEqual([...anew.revision.objects])
  expect(reading.revision.ignored).toEqual(anew.revision.ignored)
})

test('an object that comes twice is refused, and what was accepted stays the measure', async () => {
  const repository = new MemoryRepository()
  const first = repository.add({ 'a.yaml': config('a', '1'), 'b.yaml': config('b', '1') })
  const source = sourceOf(repository)
  const before = await source.read(first, () => 0)
  if (before.kind === 'refused') throw new Error(told(before))
  source.accept(before.revision)
  const twice = await source.read(repository.add({ 'b.yaml': config('a', '2') }), () => 0)
  expect(told(twice)).toContain('b.yaml')
  expect(told(twice)).toContain('a.yaml')
  expect(twice.kind).toBe('refused')
  expect(told(await source.read(first, () => 0))).toBe('')
})
