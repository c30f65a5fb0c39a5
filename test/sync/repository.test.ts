import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { openRepository } from '../../src/sync/repository.ts'
import { repositoryContract } from './conformance.ts'
import { startGitServer } from './git-server.ts'
import type { Subject } from './world.ts'

const reaches: Readonly<Record<string, Subject['reach']>> = {
  http: async (root) => {
    const server = await startGitServer(root)
    return { url: (name) => `${server.origin}/${name}${name.endsWith('.git') ? '' : '/.git'}`, close: server.close }
  },
  'file://': async (root) => ({ url: (name) => pathToFileURL(join(root, name)).href, close: async () => undefined }),
}

for (const backend of ['embedded', 'native'] as const) {
  for (const [transport, reach] of Object.entries(reaches)) {
    const open: Subject['open'] = (options) => openRepository({ ...options, backend })
    repositoryContract({ title: `${backend} over ${transport}`, open, reach })
  }
}
