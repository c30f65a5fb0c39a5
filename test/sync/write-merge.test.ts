import { describe, expect, test } from 'vitest'
import { mergeLines } from '../../src/sync/write/merge-lines.ts'
import { Fixture, Sandbox } from './fixture.ts'
import { compareReverts, revertBoth } from './revert-histories.ts'

const merged = (base: string, ours: string, theirs: string): string | undefined =>
  mergeLines(
    ...([base, ours, theirs].map((text) => text.replaceAll(' ', '\n')) as [string, string, string]),
  )?.replaceAll('\n', ' ')

describe('merging lines', () => {
  test.each([
    { title: 'apart', base: 'a b c d e ', ours: 'A b c d e ', theirs: 'a b c d E ', expected: 'A b c d E ' },
    { title: 'one line between', base: 'a b c ', ours: 'A b c ', theirs: 'a b C ', expected: 'A b C ' },
    { title: 'touching', base: 'a b c ', ours: 'A b c ', theirs: 'a B c ', expected: undefined },
    { title: 'the same line', base: 'a b c ', ours: 'a X c ', theirs: 'a Y c ', expected: undefined },
    { title: 'alike', base: 'a b c ', ours: 'a X c ', theirs: 'a X c ', expected: 'a X c ' },
    { title: 'added at both ends', base: 'a b c ', ours: '0 a b c ', theirs: 'a b c d ', expected: '0 a b c d ' },
    { title: 'added at one place', base: 'a b ', ours: 'a x b ', theirs: 'a y b ', expected: undefined },
    { title: 'removed and changed', base: 'a b c d ', ours: 'a c d ', theirs: 'a b c D ', expected: 'a c D ' },
    { title: 'no line end', base: 'a b c', ours: 'A b c', theirs: 'a b c d', expected: 'A b c d' },
    { title: 'a new line end', base: 'a b c', ours: 'a b c ', theirs: 'A b c', expected: 'A b c ' },
    { title: 'everything gone', base: 'a b c ', ours: '', theirs: 'a b C ', expected: undefined },
    { title: 'nothing before', base: '', ours: 'a ', theirs: 'b ', expected: undefined },
    // Which of the equal lines went is nowhere written, so that nobody knows where the new one stands.
    { title: 'one of many', base: 'a a a a ', ours: 'a a a ', theirs: 'a a X a a ', expected: undefined },
  ])('$title', ({ base, ours, theirs, expected }) => {
    expect(merged(base, ours, theirs)).toBe(expected)
    expect(merged(base, theirs, ours)).toBe(expected)
  })

  test('a text too different to compare is a conflict, soon', () => {
    const text = (seed: string) => Array.from({ length: 20_000 }, (_, line) => `${seed}${line}\n`).join('')
    expect(mergeLines(text('a'), text('b'), text('c'))).toBeUndefined()
  })
})

describe('taking back a commit whose files have moved', () => {
  const text = (word: string) => Array.from({ length: 20 }, (_, line) => `${word} ${line}\n`).join('')
  const folder = { 'a/1': text('one'), 'a/2': text('two'), 'a/3': text('three') }

  test.each([
    { title: 'a new file has another name now', before: {}, bad: { x: text('x') }, move: ['x', 'y'], after: {} },
    {
      title: 'and is a little different',
      before: {},
      bad: { x: text('x') },
      move: ['x', 'y'],
      after: { y: `${text('x')}z` },
    },
    { title: 'into a folder that moved', before: folder, remove: 'a/1', bad: {}, move: ['a', 'b'], after: {} },
    {
      title: 'a new file in a folder that the commit moved',
      before: folder,
      moved: ['a', 'b'],
      bad: {},
      after: { 'b/new': '1' },
    },
  ])('is a conflict: $title', async ({ before, bad, after, move, moved, remove }) => {
    using sandbox = new Sandbox()
    const fixture = new Fixture(sandbox.path)
    fixture.commit({ other: '1', ...before })
    if (moved) fixture.git('mv', ...moved)
    if (remove) fixture.git('rm', '-q', remove)
    const commit = fixture.commit(bad)
    if (move) fixture.git('mv', ...move)
    fixture.commit(after)
    expect(await revertBoth(fixture, commit)).toEqual({ ours: undefined, theirs: undefined })
  })

  test('is none where files only went', async () => {
    using sandbox = new Sandbox()
    const fixture = new Fixture(sandbox.path)
    fixture.commit({ other: '1', ...folder })
    fixture.git('rm', '-q', 'a/1')
    const commit = fixture.commit({ x: text('x') })
    fixture.git('rm', '-q', '-r', 'a', 'x')
    fixture.commit({ y: text('y') })
    const { ours, theirs } = await revertBoth(fixture, commit)
    expect(ours).toMatch(/^[0-9a-f]{40}$/)
    expect(theirs).toBe(ours)
  })
})

describe('taking commits back in histories made at random', () => {
  test('gives the tree that git revert gives, or a conflict', { timeout: 120_000 }, async () => {
    const counts = await compareReverts([4, 6])
    expect(counts.differing).toEqual([])
    expect(counts.clean).toBeGreaterThan(3)
    expect(counts.conflicts).toBeGreaterThan(3)
  })
})
