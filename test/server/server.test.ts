import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { ask } from '../../src/server/client.ts'
import type { RunningServer } from '../../src/server/listen.ts'
import { hostAndPort, isLoopback, startServer } from '../../src/server/server.ts'
import { leaveStateDir, runningEngine, takeStateDir, writeAddress } from '../../src/server/state-dir.ts'

let server: RunningServer | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})

async function started(): Promise<string> {
  server = await startServer({
    listen: '127.0.0.1:0',
    routes: {
      '/status': { type: 'application/json', answer: () => '{"apps":[]}' },
      '/sync': { method: 'POST', type: 'application/json', answer: () => '{}' },
      '/broken': {
        type: 'text/plain',
        answer: () => {
          throw new Error('secret detail')
        },
      },
    },
  })
  return server.address
}

/** Status and body, with any request head. */
function raw(
  address: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: string }> {
  const { host, port } = hostAndPort(address)
  return new Promise((done, fail) => {
    request({ host, port, path, headers }, (response) => {
      let body = ''
      response.on('data', (part: Buffer) => {
        body += part.toString()
      })
      response.on('end', () => done({ status: response.statusCode ?? 0, body }))
    })
      .on('error', fail)
      .end()
  })
}

test('what a page of a browser sends changes nothing', async () => {
  const address = await started()
  const { host, port } = hostAndPort(address)
  const headers = { origin: 'https://evil.example.com' }
  const status = await new Promise((done, fail) => {
    const call = request({ host, port, path: '/sync', method: 'POST', headers }, (response) => {
      response.resume()
      done(response.statusCode)
    })
    call.on('error', fail).end()
  })
  expect(status).toBe(403)
})

test('answers its routes, and nothing else', async () => {
  const address = await started()
  expect(await ask(address, 'GET', '/status')).toBe('{"apps":[]}')
  expect(await ask(address, 'POST', '/sync')).toBe('{}')
  expect((await raw(address, '/sync')).status).toBe(405)
  expect((await raw(address, '/../etc/passwd')).status).toBe(404)
  expect((await raw(address, '/constructor')).status).toBe(404)
  expect((await raw(address, '//localhost/status')).status).toBe(404)
  expect((await raw(address, '/webhooks/github')).status).toBe(404)
})

test('a bug in a route does not show its words', async () => {
  const address = await started()
  expect(await raw(address, '/broken')).toEqual({ status: 500, body: 'internal error\n' })
})

test('a page of another name cannot ask it (DNS rebinding)', async () => {
  const address = await started()
  expect((await raw(address, '/status', { host: 'evil.example.com' })).status).toBe(403)
  expect((await raw(address, '/status', { host: 'localhost:7070' })).status).toBe(200)
})

test.each(['7070', 'localhost', 'localhost:99999', ':80', '[::1]', 'a:b:c'])('refuses to listen on %j', (listen) => {
  expect(() => hostAndPort(listen)).toThrow(/expected host:port/)
})

test('loopback is this machine only', () => {
  expect(['127.0.0.1', '127.8.8.8', 'localhost', '::1'].every(isLoopback)).toBe(true)
  expect(['0.0.0.0', '10.0.0.1', '127.0.0.1.evil.com', '::'].some(isLoopback)).toBe(false)
})

test('one engine a state directory; the note of a killed one is taken over', () => {
  const dir = mkdtempSync(join(tmpdir(), 'berth-state-'))
  try {
    writeFileSync(join(dir, 'engine.json'), JSON.stringify({ pid: 2 ** 22 + 1, engine: 'old', address: '127.0.0.1:1' }))
    expect(runningEngine(dir)).toBeUndefined()
    expect(takeStateDir(dir, 'shop')).toBeUndefined()
    writeAddress(dir, 'shop', '127.0.0.1:7070')
    expect(runningEngine(dir)).toBeUndefined() // our own note is not another engine
    leaveStateDir(dir)
    writeFileSync(join(dir, 'engine.json'), 'torn')
    expect(takeStateDir(dir, 'shop')).toBeUndefined()
  } finally {
    rmSync(dir, { recursive: true })
  }
})
