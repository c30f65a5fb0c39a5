import { describe, expect, test } from 'vitest'
import { withParagraph } from '../../src/sync/write/notes.ts'
import { failure } from './world.ts'
import { at, author, Scene, ways } from './write-scene.ts'

describe('the text of a note', () => {
  test.each([
    { title: 'the first', before: '', text: 'shop synced', after: 'shop synced\n' },
    {
      title: 'another application',
      before: 'shop synced\n',
      text: 'blog failed\nwhy',
      after: 'shop synced\n\nblog failed\nwhy\n',
    },
    {
      title: 'in place',
      before: 'a 1\n\nshop old\nmore\n\nb 2\n',
      text: 'shop new',
      after: 'a 1\n\nshop new\n\nb 2\n',
    },
    {
      title: 'one paragraph',
      before: 'a 1\n',
      text: '\nshop new\n\n\nand more\n',
      after: 'a 1\n\nshop new\nand more\n',
    },
    { title: 'no start of a word', before: 'shopping 1\n', text: 'shop 1', after: 'shopping 1\n\nshop 1\n' },
  ])('$title', ({ before, text, after }) => {
    expect(withParagraph(before, text)).toBe(after)
  })
})

describe.each(ways)('notes, $backend over $transport', ({ backend, transport }) => {
  const scene = new Scene(backend, transport)

  test('are made, replaced and shown by git, each application beside the others', async () => {
    const one = scene.push({ a: '1' }, 'One')
    const two = scene.push({ a: '2' }, 'Two')
    const repository = await scene.open()
    await repository.fetch()
    await repository.note(two, 'shop synced at noon', author, at)
    await repository.note(two, 'blog failed: Deployment web', author, at)
    await repository.note(one, 'shop synced', author, at)
    await repository.note(two, 'shop synced again', author, at)
    expect(scene.git('notes', '--ref=berth', 'show', two)).toBe('shop synced again\n\nblog failed: Deployment web')
    expect(scene.git('log', '--notes=berth', '--format=%s: %N', 'main').replace(/\n+/g, ' ')).toBe(
      'Two: shop synced again blog failed: Deployment web One: shop synced',
    )
    expect(scene.git('log', '--format=%an %at', 'refs/notes/berth').split('\n')).toHaveLength(4)
    const head = scene.head('refs/notes/berth')
    await repository.note(two, 'shop synced again', author, at)
    expect(scene.head('refs/notes/berth')).toBe(head)
    expect(await repository.fetch()).toEqual({ oid: two, rewritten: false })
    scene.git('fsck', '--strict')
  })

  test('keep the folders that git makes of many, and what others noted', async () => {
    const oid = scene.push({ a: '1' })
    const others = Array.from({ length: 300 }, (_, count) => count.toString(16).padStart(4, '0').padEnd(40, '5'))
    const notes = [oid, ...others].map((id) => `M 100644 inline ${id.slice(0, 2)}/${id.slice(2)}\ndata 5\nother\n`)
    scene.work.feed(
      `commit refs/notes/berth\ncommitter A <a@example.com> 1 +0000\ndata 1\nx\n${notes.join('')}\n`,
      `--git-dir=${scene.bare}`,
      'fast-import',
      '--quiet',
    )
    const repository = await scene.open()
    await repository.note(oid, 'shop synced', author, at)
    expect(scene.git('notes', '--ref=berth', 'show', oid)).toBe('other\n\nshop synced')
    expect(scene.git('notes', '--ref=berth', 'list').split('\n')).toHaveLength(301)
    expect(scene.git('ls-tree', '-r', '--name-only', 'refs/notes/berth')).toContain(
      `${oid.slice(0, 2)}/${oid.slice(2)}`,
    )
    const before = scene.git('rev-list', '--count', 'refs/notes/berth')
    scene.git('-c', 'user.name=a', '-c', 'user.email=a', 'notes', '--ref=berth', 'append', '-m', 'by hand', oid)
    await repository.note(oid, 'shop failed', author, at)
    expect(scene.git('notes', '--ref=berth', 'show', oid)).toBe('other\n\nshop failed\n\nby hand')
    expect(Number(scene.git('rev-list', '--count', 'refs/notes/berth'))).toBe(Number(before) + 2)
  })
})

describe('notes that others write too', () => {
  const scene = new Scene('embedded', 'http')

  test('of two engines at once, both are there', async () => {
    const oid = scene.push({ a: '1' })
    const both = await Promise.all(['one', 'two'].map((name) => scene.open({ storeDir: scene.sandbox.folder(name) })))
    await Promise.all(both.map((repository, engine) => repository.note(oid, `app-${engine} synced`, author, at)))
    const paragraphs = scene.git('notes', '--ref=berth', 'show', oid).split('\n\n')
    expect(paragraphs.sort()).toEqual(['app-0 synced', 'app-1 synced'])
  })

  test('a server that takes none says so', async () => {
    const oid = scene.push({ a: '1' })
    scene.hook('update', '#!/bin/sh\necho "only branches here" >&2\nexit 1\n')
    const error = await failure((await scene.open()).note(oid, 'shop synced', author, at))
    expect([error.code, error.message]).toEqual(['PUSH_REFUSED', expect.stringContaining('only branches here')])
  })
})
