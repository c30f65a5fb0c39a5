import { createHmac } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { ensureTestImages, testImages } from '../support/images.ts'
import { type GitServer, startGitServer } from '../sync/git-server.ts'
import { deployment, TestBerth } from './berth.ts'

const secret = 'a secret of the test'
let berth: TestBerth
let server: GitServer
beforeAll(() => ensureTestImages(process.env.BERTH_TEST_DOCKER ?? ''))
beforeEach(async () => {
  berth = new TestBerth('webhook')
  server = await startGitServer(berth.dir)
})
afterEach(async () => {
  await berth.close()
  await server.close()
})

/** Follows a bare repository over http, takes webhooks on a port of its own, and polls once an hour. */
function configure(): string {
  const repoURL = `${server.origin}/bare.git`
  berth.configure({})
  const file = join(berth.dir, 'berth.yaml')
  writeFileSync(join(berth.dir, 'secret'), `${secret}\n`)
  const webhooks = { listen: '127.0.0.1:0', secretFile: join(berth.dir, 'secret') }
  const [engine = '', application = ''] = readFileSync(file, 'utf8').split('\n---\n')
  const withWebhooks = { ...JSON.parse(engine), spec: { ...JSON.parse(engine).spec, server: { webhooks } } }
  const text = application.replace(JSON.stringify(berth.repository.dir), JSON.stringify(repoURL))
  writeFileSync(file, [JSON.stringify(withWebhooks), text].join('\n---\n'))
  return repoURL
}

const small = (image: string): string => deployment({ replicas: 1, image })

function pushed(message: string, image: string): string {
  const commit = berth.repository.commit(message, { 'app/web.yaml': small(image) })
  berth.repository.git('push', '-q', join(berth.dir, 'bare.git'), 'HEAD:main')
  return commit
}

async function post(body: string, headers: Record<string, string>): Promise<number> {
  const address = /webhooks=(http:\/\/\S+)/.exec(berth.log)?.[1]
  const answer = await fetch(`${address}github`, {
    method: 'POST',
    body,
    headers: { 'x-github-event': 'push', ...headers },
  })
  await answer.text()
  return answer.status
}

test('a signed webhook rolls a push out at once; one that is not signed changes nothing', async () => {
  const repoURL = configure()
  berth.repository.git('init', '-q', '--bare', join(berth.dir, 'bare.git'))
  const first = pushed('Add', testImages.one)
  berth.start('--interval', '1h')
  await berth.synced(first)
  const asked = server.requests.length
  const pods = await berth.pods()

  const second = pushed('Change', testImages.two)
  const body = JSON.stringify({ ref: 'refs/heads/main', after: second, repository: { clone_url: repoURL } })
  expect(await post(body, {})).toBe(401)
  expect(await post(body, { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` })).toBe(401)
  expect((await berth.status()).commit).toBe(first)
  expect(server.requests.length).toBe(asked)

  const signature = createHmac('sha256', secret).update(body).digest('hex')
  expect(await post(body, { 'x-hub-signature-256': `sha256=${signature}` })).toBe(202)
  await berth.synced(second)
  await berth.until('the old pod is gone', async () => {
    const now = await berth.pods()
    return now.length === 1 && now[0] !== pods[0]
  })
  expect(berth.log).toContain('a webhook was refused')
  expect(berth.log).not.toContain(secret)
})
