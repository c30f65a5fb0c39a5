import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { PinnedRepository } from '../../src/sync/pinned.ts'
import type { Repository } from '../../src/sync/port.ts'
import { openRepository } from '../../src/sync/repository.ts'
import { Fixture, Sandbox } from './fixture.ts'
import { type GitServer, startGitServer } from './git-server.ts'
import { failure, texts } from './world.ts'

const refs = ['refs/pull/7/head', 'refs/merge-requests/7/head']

describe.each(['embedded', 'native'] as const)('heads of forks, by the %s back end', (backend) => {
  let sandbox: Sandbox
  let fixture: Fixture
  let server: GitServer
  const opened: Repository[] = []

  beforeEach(async () => {
    sandbox = new Sandbox()
    fixture = new Fixture(join(sandbox.path, 'root', 'shop'))
    fixture.commit({ 'k8s/web.yaml': 'a: 1\n', README: 'x' })
    server = await startGitServer(join(sandbox.path, 'root'))
  })
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((repository) => repository.close()))
    await server.close()
    sandbox[Symbol.dispose]()
  })

  /** Production's repository, as it is when a pull request comes. */
  async function production(): Promise<Repository> {
    const url = `${server.origin}/shop/.git`
    const repository = await openRepository({ url, revision: 'main', storeDir: join(sandbox.path, 'state'), backend })
    opened.push(repository)
    await repository.fetch()
    return repository
  }

  /** A commit as a forge has it of a fork: in no branch, and known by one ref only. */
  function proposed(ref: string, text: string): string {
    fixture.git('checkout', '-q', '--detach', 'main')
    const oid = fixture.commit({ 'k8s/web.yaml': text })
    fixture.git('update-ref', ref, oid)
    fixture.git('checkout', '-q', 'main')
    return oid
  }

  const contents = async (repository: Repository, oid: string) =>
    texts(repository, await repository.snapshot(oid, 'k8s'))

  test.each(refs)('a commit that only %s has is brought, and followed', async (ref) => {
    const base = await production()
    const head = proposed(ref, 'a: 2\n')
    const pinned = new PinnedRepository(base, 'fix', head)
    expect(await pinned.fetch()).toEqual({ oid: head, rewritten: false })
    expect(await contents(pinned, head)).toEqual({ 'web.yaml': 'a: 2\n' })
    const next = proposed(ref, 'a: 3\n')
    pinned.pin(next)
    expect((await pinned.fetch()).oid).toBe(next)
    expect(await contents(pinned, next)).toEqual({ 'web.yaml': 'a: 3\n' })
    // Production's own head is where it was.
    expect((await base.fetch()).oid).toBe(fixture.head('main'))
  })

  test('of a server of the old protocol a head is brought as long as it is one', async () => {
    const [ref = ''] = refs
    server.intercept = (request) => {
      delete request.headers['git-protocol']
      return false
    }
    const base = await production()
    const before = proposed(ref, 'a: 2\n')
    const head = proposed(ref, 'a: 3\n')
    const pinned = new PinnedRepository(base, 'fix', head)
    expect((await pinned.fetch()).oid).toBe(head)
    expect(await contents(pinned, head)).toEqual({ 'web.yaml': 'a: 3\n' })
    // One that was pushed over is nobody's head any more: such a server does not give it, and says so.
    pinned.pin(before)
    expect((await failure(pinned.fetch())).code).toBe('NO_SUCH_REVISION')
    pinned.pin(head)
    expect((await pinned.fetch()).oid).toBe(head)
  })
})
