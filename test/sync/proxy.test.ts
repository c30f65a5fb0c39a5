import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { publicLookup } from '../../src/sync/http/redirect.ts'
import { openRepository } from '../../src/sync/repository.ts'
import { Fixture, Sandbox } from './fixture.ts'
import { startGitServer } from './git-server.ts'

test('every request of both backends goes through http_proxy', async () => {
  using sandbox = new Sandbox()
  const fixture = new Fixture(join(sandbox.path, 'root', 'shop'))
  fixture.commit({ a: '1' })
  const server = await startGitServer(join(sandbox.path, 'root'))
  const proxy = createServer((incoming, outgoing) => {
    const { pathname, search } = new URL(incoming.url ?? '')
    const { method, headers } = incoming
    // The name given does not resolve: only the proxy knows the way.
    const forwarded = request(`${server.origin}${pathname}${search}`, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(outgoing)
    })
    incoming.pipe(forwarded)
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const before = process.env.http_proxy
  process.env.http_proxy = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  try {
    for (const backend of ['embedded', 'native'] as const) {
      const url = 'http://git.invalid/shop/.git'
      const repository = await openRepository({ url, revision: 'main', storeDir: join(sandbox.path, 'state'), backend })
      expect((await repository.fetch()).oid).toBe(fixture.head())
      await repository.close()
    }
    expect(server.requests).toContain('POST /shop/.git/git-upload-pack')
  } finally {
    if (before === undefined) delete process.env.http_proxy
    else process.env.http_proxy = before
    await server.close()
    proxy.closeAllConnections()
    proxy.close()
  }
})

test('G12 a name that leads to an internal address is refused when it is looked up', async () => {
  const error = await new Promise((resolve) => publicLookup('localhost', {}, (refused) => resolve(refused)))
  expect(error).toMatchObject({ code: 'REDIRECT_REFUSED' })
})
