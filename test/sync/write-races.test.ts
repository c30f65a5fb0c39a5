import type { IncomingMessage } from 'node:http'
import { describe, expect, test } from 'vitest'
import { failure } from './world.ts'
import { restore, Scene } from './write-scene.ts'

const isPush = ({ method, url }: IncomingMessage) => method === 'POST' && url!.endsWith('/git-receive-pack')
const isPushStart = ({ url }: IncomingMessage) => url!.endsWith('service=git-receive-pack')

describe('pushes that somebody or something comes between', () => {
  const scene = new Scene('embedded', 'http')

  test.each([
    { title: 'before the server is asked to take it', when: isPushStart },
    { title: 'while it is on its way', when: isPush },
  ])('a race lost $title is run again on the new head', async ({ when }) => {
    const good = scene.push({ 'shop/a': '1', 'other/a': '1' })
    scene.push({ 'shop/a': '2' })
    const repository = await scene.open()
    let theirs = ''
    scene.server.intercept = (request) => {
      if (when(request) && theirs === '') theirs = scene.push({ 'other/a': '2' })
      return false
    }
    expect(await repository.write(restore('shop', good))).toMatchObject({ kind: 'written', onto: theirs })
    expect(scene.git('show', 'main:other/a')).toBe('2')
    expect(scene.git('show', 'main:shop/a')).toBe('1')
    expect(scene.git('rev-list', '--count', 'main')).toBe('4')
  })

  test('of a lost race the folder is looked at again', async () => {
    const good = scene.push({ 'shop/a': '1' })
    scene.push({ 'shop/a': '2' })
    const treeIsNot = scene.head('main:shop')
    const repository = await scene.open()
    let theirs = ''
    scene.server.intercept = (request) => {
      if (isPush(request) && theirs === '') theirs = scene.push({ 'shop/a': '3' })
      return false
    }
    const result = await repository.write(restore('shop', good, { unless: { path: 'shop', treeIsNot } }))
    expect(result).toEqual({ kind: 'overtaken', head: theirs })
  })

  test('five lost races in a row are the end', async () => {
    const good = scene.push({ 'shop/a': '1' })
    scene.push({ 'shop/a': '2' })
    const repository = await scene.open()
    let count = 0
    scene.server.intercept = (request) => {
      if (isPushStart(request)) scene.push({ 'other/a': String(++count) })
      return false
    }
    const error = await failure(repository.write(restore('shop', good)))
    expect([error.code, error.retryable, count]).toEqual(['RACE_LOST', true, 5])
    expect(scene.git('log', '--format=%an', 'main')).not.toContain('Berth')
  })

  test('a push whose answer is cut was done, and is not done again', async () => {
    const good = scene.push({ 'shop/a': '1' })
    const head = scene.push({ 'shop/a': '2' })
    const repository = await scene.open()
    for (const cut of [0, 20]) {
      scene.server.intercept = async (request, response) => {
        if (!isPush(request)) return false
        const { headers, body } = await scene.server.answer(request)
        response.writeHead(200, { ...headers, 'content-length': String(body.length) })
        if (cut > 0) response.write(body.subarray(0, cut))
        response.destroy()
        return true
      }
      const result = await repository.write(restore('shop', cut === 0 ? good : head))
      expect(result).toMatchObject({ kind: 'written', oid: scene.head() })
    }
    expect(scene.git('rev-list', '--count', 'main')).toBe('4')
    scene.server.intercept = () => false
    expect(await repository.fetch()).toEqual({ oid: scene.head(), rewritten: false })
  })

  test('an answer that was lost, and somebody who pushed on top at once', async () => {
    const good = scene.push({ 'shop/a': '1' })
    scene.push({ 'shop/a': '2' })
    const repository = await scene.open()
    let done = false
    scene.server.intercept = async (request, response) => {
      if (!isPush(request) || done) return false
      done = true
      await scene.server.answer(request)
      scene.pull()
      scene.push({ 'other/a': '1' })
      response.destroy()
      return true
    }
    const result = await repository.write(restore('shop', good))
    expect(result).toMatchObject({ kind: 'written', oid: scene.head('main^') })
  })

  test('a push that never reached the server is an error to try again after', async () => {
    const good = scene.push({ 'shop/a': '1' })
    const head = scene.push({ 'shop/a': '2' })
    const repository = await scene.open()
    const broken = { status: 503 }
    scene.server.intercept = (request, response) => {
      if (!isPush(request)) return false
      response.writeHead(broken.status).end()
      return true
    }
    const error = await failure(repository.write(restore('shop', good)))
    expect([error.code, error.retryable, scene.head()]).toEqual(['SERVER_ERROR', true, head])
    scene.server.intercept = () => false
    expect(await repository.write(restore('shop', good))).toMatchObject({ kind: 'written' })
  })

  test('two engines that write the same at once make one commit', async () => {
    const good = scene.push({ 'shop/a': '1' })
    scene.push({ 'shop/a': '2' })
    const treeIsNot = scene.head('main:shop')
    const both = await Promise.all(['one', 'two'].map((name) => scene.open({ storeDir: scene.sandbox.folder(name) })))
    const results = await Promise.all(
      both.map((repository, engine) =>
        repository.write(restore('shop', good, { message: `By ${engine}`, unless: { path: 'shop', treeIsNot } })),
      ),
    )
    expect(results.map(({ kind }) => kind).sort()).toEqual(['overtaken', 'written'])
    expect(scene.git('rev-list', '--count', 'main')).toBe('3')
  })

  test('what the server has thrown away is sent along', async () => {
    const first = scene.push({ 'shop/a': '1', 'shop/deep/b': '1' })
    const repository = await scene.open()
    await repository.fetch()
    scene.work.git('checkout', '-q', '--orphan', 'fresh')
    scene.work.git('rm', '-q', '-r', '-f', '.')
    scene.work.git('branch', '-q', '-D', 'main')
    scene.work.git('branch', '-q', '-m', 'main')
    const head = scene.push({ 'shop/a': 'other' })
    scene.git('reflog', 'expire', '--expire=now', '--all')
    scene.git('gc', '-q', '--prune=now')
    const result = await repository.write(restore('shop', first))
    expect(result).toMatchObject({ kind: 'written', onto: head, paths: ['shop/a', 'shop/deep/b'] })
    scene.git('fsck', '--strict')
    expect(scene.git('show', 'main:shop/deep/b')).toBe('1')
  })
})
