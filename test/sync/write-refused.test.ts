import { describe, expect, test } from 'vitest'
import { failure } from './world.ts'
import { restore, Scene } from './write-scene.ts'

const gh006 = `#!/bin/sh
echo 'error: GH006: Protected branch update failed for refs/heads/main.' >&2
printf 'error: Changes must be made through a pull request.\\n' >&2
exit 1
`

describe('pushes that are refused', () => {
  const scene = new Scene('embedded', 'http')

  const write = async () => {
    const good = scene.push({ 'shop/a': '1' })
    const head = scene.push({ 'shop/a': '2' })
    const repository = await scene.open()
    return { repository, head, run: () => repository.write(restore('shop', good)) }
  }

  test.each(['pre-receive', 'update'])('by a %s hook: with its words', async (name) => {
    const { run, head } = await write()
    scene.hook(name, gh006)
    const error = await failure(run())
    expect([error.code, error.retryable, scene.head()]).toEqual(['PUSH_REFUSED', false, head])
    expect(error.message).toContain('hook declined')
    expect(error.message).toContain('GH006: Protected branch update failed for refs/heads/main. error: Changes must')
  })

  test('by a server that knows no side band', async () => {
    const { run } = await write()
    scene.hook('pre-receive', gh006)
    scene.server.intercept = async (request, response) => {
      if (!request.url!.endsWith('service=git-receive-pack')) return false
      const { status, headers, body } = await scene.server.answer(request)
      response.writeHead(status, headers)
      response.end(body.toString('latin1').replace('side-band-64k', 'side-band-xxx'))
      return true
    }
    const error = await failure(run())
    expect([error.code, error.message]).toEqual(['PUSH_REFUSED', expect.stringContaining('hook declined')])
  })

  test('by configuration of the server', async () => {
    const { run } = await write()
    scene.git('config', 'http.receivepack', 'false')
    const forbidden = await failure(run())
    expect([forbidden.code, forbidden.message]).toEqual(['FORBIDDEN', expect.stringContaining('right to write')])
    scene.git('config', 'http.receivepack', 'true')
    scene.git('config', 'receive.maxInputSize', '1')
    const small = await failure(run())
    expect([small.code, small.message]).toEqual(['PUSH_REFUSED', expect.stringContaining('unpack')])
  })

  test.each([
    { status: 401, code: 'AUTH_REQUIRED', words: 'credentials are needed' },
    { status: 403, code: 'FORBIDDEN', words: 'right to write' },
  ])('with $status', async ({ status, code, words }) => {
    const { run, head } = await write()
    for (const part of ['service=git-receive-pack', '/git-receive-pack']) {
      scene.server.intercept = (request, response) => {
        if (!request.url!.endsWith(part)) return false
        response.writeHead(status, { 'www-authenticate': 'Basic realm="x"' }).end('no')
        return true
      }
      const error = await failure(run())
      expect([error.code, error.message, scene.head()]).toEqual([code, expect.stringContaining(words), head])
    }
  })

  test('a lock that stays is told, not taken for a race', async () => {
    const { run } = await write()
    scene.hook('post-receive', '#!/bin/sh\n')
    scene.git('update-ref', 'refs/heads/other', 'main')
    scene.lock('refs/heads/main')
    const error = await failure(run())
    expect([error.code, error.message]).toEqual(['PUSH_REFUSED', expect.stringContaining('failed to update ref')])
  })
})
