import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { defaultDeadlines, HostApi } from '../../src/runtime/docker/host-api.ts'

test('an engine that was let go is asked nothing more, and is not taken for lost', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'berth-api-'))
  const socketPath = join(folder, 'engine.sock')
  let asked = 0
  const server = createServer((_request, response) => {
    asked += 1
    response.setHeader('content-type', 'application/json').end('[]')
  })
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  try {
    let unanswered = 0
    const api = new HostApi({ socketPath }, defaultDeadlines, () => (unanswered += 1))
    expect(await api.listNodes()).toEqual([])
    api.close()
    await expect(api.listNodes()).rejects.toMatchObject({ code: 'HOST_UNREACHABLE' })
    await expect(api.ping()).rejects.toMatchObject({ code: 'HOST_UNREACHABLE' })
    expect({ asked, unanswered }).toEqual({ asked: 1, unanswered: 0 })
  } finally {
    server.close()
    await rm(folder, { recursive: true })
  }
})
