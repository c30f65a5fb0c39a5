import { shortHash } from '../base/hash.ts'
import { claimFolder } from './claim.ts'
import { ClonedStore } from './cloned-store.ts'
import { EmbeddedTransfer } from './embedded.ts'
import { Generations } from './generations.ts'
import { HttpRemote } from './http/client.ts'
import { RemoteRefs } from './http/refs.ts'
import { locateByHttp } from './http-place.ts'
import { LocalStore } from './local-store.ts'
import type { SessionOptions } from './messages.ts'
import { FolderReader } from './objects/folder.ts'
import { Session } from './session.ts'
import type { Store } from './store.ts'

/** Opens the store of one repository; nothing is asked of the remote yet. */
export function openSession(options: SessionOptions): Session {
  const { remote, storeDir, limits } = options
  const { folder, release } = claimFolder(storeDir, shortHash(remote.kind === 'http' ? remote.url : remote.path, 20))
  try {
    return new Session(openStore(options, folder), limits, remote.display, release)
  } catch (error) {
    release()
    throw error
  }
}

function openStore(options: SessionOptions, folder: string): Store {
  const { remote, limits, timeouts, secretFile } = options
  const shown = remote.display
  if (remote.kind === 'local') return new LocalStore(remote.path, folder, shown)
  const http = new HttpRemote(remote.url, secretFile, timeouts)
  const refs = new RemoteRefs(http)
  return new ClonedStore({
    generations: new Generations(folder),
    transfer: new EmbeddedTransfer(http, limits),
    limits,
    timeouts,
    shown,
    locate: (revision, deadline) => locateByHttp(refs, revision, shown, deadline),
    openReader: (gitDir) => new FolderReader(`${gitDir}/objects`),
  })
}
