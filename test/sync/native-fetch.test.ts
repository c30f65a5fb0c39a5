// What a fetch with Git's own program asks of the server.
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Repository } from '../../src/sync/port.ts'
import { openRepository } from '../../src/sync/repository.ts'
import { Fixture, Sandbox } from './fixture.ts'
import { type GitServer, startGitServer } from './git-server.ts'

let sandbox: Sandbox
let origin: Fixture
let server: GitServer
let repository: Repository

beforeEach(async () => {
  sandbox = new Sandbox()
  origin = new Fixture(join(sandbox.path, 'origin'))
  origin.commit({ 'web.yaml': 'first' })
  server = await startGitServer(sandbox.path)
  repository = await openRepository({
    ...{
      url: `${server.origin}/origin/.git`,
      revision: 'main',
      storeDir: join(sandbox.path, 'store'),
      backend: 'native',
    },
  })
  await repository.fetch()
  server.requests.length = 0
})
afterEach(async () => {
  await repository.close()
  await server.close()
  sandbox[Symbol.dispose]()
})

test('the list of branches is asked for once', async () => {
  const head = origin.commit({ 'web.yaml': 'second' })
  expect(await repository.fetch()).toMatchObject({ oid: head, rewritten: false })
  const [list, greeting, ...more] = server.requests.map((request) => request.replace(/^(\S+) \/origin\/\.git/, '$1 '))
  expect(list).toBe('POST /git-upload-pack')
  expect(greeting).toBe('GET /info/refs?service=git-upload-pack')
  expect(more).toEqual(['POST /git-upload-pack'])
})

test('a commit that is gone before it could be fetched makes room for the one in its place', async () => {
  const base = origin.head()
  origin.commit({ 'web.yaml': 'thrown away' })
  let head = ''
  server.intercept = (request) => {
    if (request.method === 'GET' && head === '') {
      origin.git('reset', '-q', '--hard', base)
      origin.git('reflog', 'expire', '--expire=all', '--all')
      origin.git('gc', '-q', '--prune=now')
      head = origin.commit({ 'web.yaml': 'in its place' })
    }
    return false
  }
  const fetched = await repository.fetch()
  expect(head).not.toBe('')
  expect(fetched.oid).toBe(head)
})
