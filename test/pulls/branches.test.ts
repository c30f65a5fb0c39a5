// Branches that stand for pull requests, as they come and are merged, in real repositories.
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { BranchRequests } from '../../src/pulls/branches.ts'
import { Scene, ways } from '../sync/write-scene.ts'

describe.each(ways)('branches as pull requests: $backend over $transport', ({ backend, transport }) => {
  const scene = new Scene(backend, transport)

  async function opened(store = 'state') {
    const repository = await scene.open({ storeDir: join(scene.sandbox.path, store) })
    await repository.fetch()
    const requests = new BranchRequests({
      repository: async () => repository,
      pattern: 'preview/*',
      targetBranch: 'main',
    })
    const merged = async () => {
      await requests.list()
      await requests.settled()
      return (await requests.list()).filter((request) => request.merged !== undefined).map(({ id }) => id)
    }
    return { repository, merged, ids: async () => (await requests.list()).map(({ id }) => id) }
  }

  /** On a branch of its own, pushed. */
  function propose(name: string): void {
    scene.work.git('checkout', '-q', '-b', name)
    const oid = scene.work.commit({ [name]: '1' })
    scene.git('update-ref', `refs/heads/${name}`, oid)
    scene.work.git('checkout', '-q', 'main')
  }

  test('a branch that was merged stays so, whoever moves the target on', async () => {
    scene.push({ a: '1' })
    const { repository, ids } = await opened()
    propose('preview/blue')
    propose('preview/red')
    expect(await ids()).toEqual(['blue', 'red'])
    scene.work.git('merge', '-q', '--no-ff', '-m', 'Merge', 'preview/blue')
    scene.push({ b: '1' })
    await repository.fetch()
    expect(await ids()).toEqual(['red'])
    // The list knows of more than was fetched.
    scene.push({ b: '2' })
    scene.push({ b: '3' })
    expect(await ids()).toEqual(['red'])
    await repository.fetch()
    expect(await ids()).toEqual(['red'])
    // One that has seen nothing of all that.
    const anew = await opened('another')
    expect(await anew.ids()).toEqual(['red'])
  })

  test('a branch that was squashed is merged, until it has something new', async () => {
    scene.push({ a: '1' })
    const { repository, merged } = await opened()
    propose('preview/blue')
    propose('preview/red')
    // It has commits, and nothing in them.
    scene.work.git('checkout', '-q', '-b', 'preview/idle')
    scene.git('update-ref', 'refs/heads/preview/idle', scene.work.commit({}))
    scene.work.git('checkout', '-q', 'main')
    scene.push({ b: '1' })
    await repository.fetch()
    expect(await merged()).toEqual([])
    scene.work.git('merge', '-q', '--squash', 'preview/blue')
    scene.push({})
    await repository.fetch()
    expect(await merged()).toEqual(['blue'])
    // The target goes on with what it was given.
    scene.push({ 'preview/blue': '2' })
    await repository.fetch()
    expect(await merged()).toEqual(['blue'])
    scene.work.git('checkout', '-q', 'preview/blue')
    scene.git('update-ref', 'refs/heads/preview/blue', scene.work.commit({ c: '1' }))
    scene.work.git('checkout', '-q', 'main')
    expect(await merged()).toEqual([])
  })
})
