import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { openRepository } from '../../src/sync/repository.ts'
import { repositoryContract } from './conformance.ts'
import { startDaemon } from './daemon.ts'
import { type Sshd, startSshd } from './sshd.ts'

const folder = mkdtempSync(join(tmpdir(), 'berth-sshd-'))
let sshd: Sshd

beforeAll(async () => {
  sshd = await startSshd(folder)
})

afterAll(async () => {
  await sshd.close()
  rmSync(folder, { recursive: true, force: true })
})

for (const backend of ['embedded', 'native'] as const) {
  repositoryContract({
    title: `${backend} over ssh`,
    open: (options) => {
      const ssh = { keyFile: sshd.keyFile, knownHostsFile: sshd.knownHostsFile }
      return openRepository({ ...options, backend, credentials: { ssh } })
    },
    reach: async (root) => ({
      url: (name) => `ssh://${sshd.user}@127.0.0.1:${sshd.port}${join(root, name)}`,
      close: async () => undefined,
    }),
  })
  repositoryContract({
    title: `${backend} over git://`,
    open: (options) => openRepository({ ...options, backend }),
    reach: async (root) => {
      const daemon = await startDaemon(root)
      return { url: (name) => `${daemon.origin}/${name}`, close: daemon.close }
    },
  })
}
