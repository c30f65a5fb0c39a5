import { join } from 'node:path'
import { ClonedStore } from './cloned-store.ts'
import { HttpCredentials } from './credentials/http-credentials.ts'
import { EmbeddedTransfer } from './embedded.ts'
import { Generations } from './generations.ts'
import { HttpRemote } from './http/client.ts'
import { RemoteRefs } from './http/refs.ts'
import { openLocal } from './local-refs.ts'
import { LocalStore } from './local-store.ts'
import { NativeMerge } from './merge/native-merge.ts'
import { type Past, pastIn } from './merge/past.ts'
import { RemotePast } from './merge/remote-past.ts'
import type { SessionOptions } from './messages.ts'
import { NativeGit } from './native-git.ts'
import { localBranches, locateLocally } from './native-place.ts'
import { CatFileReader } from './native-read.ts'
import { NativeTransfer } from './native-transfer.ts'
import { FolderReader } from './objects/folder.ts'
import type { ObjectReader } from './objects/reader.ts'
import { locateRemotely, remoteBranches } from './remote-place.ts'
import { Session } from './session.ts'
import { sshRemote } from './ssh/remote.ts'
import type { Store } from './store.ts'
import { daemonRemote } from './stream/daemon.ts'
import type { Remote } from './url.ts'
import { LocalPush } from './write/local-push.ts'
import { SmartPush } from './write/smart-push.ts'

/** Opens the store of one repository; nothing is asked of the remote yet. */
export function openSession(options: SessionOptions): Session {
  const { folder, git, limits, timeouts, remote } = options
  const ending = new AbortController()
  const native = git === undefined ? undefined : new NativeGit(git, join(folder, 'home'), ending.signal)
  const merge = native && new NativeMerge({ git: native, folder: join(folder, 'merge') })
  return new Session({ store: openStore(options), merge, ending, limits, timeouts, shown: remote.display })
}

function openStore(options: SessionOptions): Store {
  const { remote, git, folder } = options
  if (remote.kind === 'http') return httpStore(options, folder, remote)
  if (remote.kind === 'ssh' || remote.kind === 'git') return streamStore(options, folder, remote)
  if (git !== undefined) return copyOfLocal(options, folder, remote, git)
  return new LocalStore(remote.path, folder, remote.display)
}

function httpStore(options: SessionOptions, folder: string, remote: Remote & { kind: 'http' }): Store {
  const { limits, timeouts, credentials, git } = options
  const shown = remote.display
  const ending = new AbortController()
  const shows = new HttpCredentials(credentials, timeouts, ending.signal)
  const http = new HttpRemote(remote.url, shows, timeouts, ending.signal)
  const refs = new RemoteRefs(http)
  const native = git === undefined ? undefined : new NativeGit(git, join(folder, 'home'), ending.signal)
  const transfer = native
    ? new NativeTransfer({
        git: native,
        shown,
        source: async (deadline) => ({
          address: http.base,
          authorization: await http.authorization(deadline),
          trust: shows.trust(),
        }),
        idleMs: timeouts.idleMs,
      })
    : new EmbeddedTransfer(http, limits)
  return new ClonedStore({
    generations: new Generations(folder),
    transfer,
    push: new SmartPush(http),
    past: new RemotePast(http, limits),
    limits,
    timeouts,
    shown,
    ending,
    locate: (revision, deadline) => locateRemotely(refs, revision, shown, deadline),
    branches: (prefix, deadline) => remoteBranches(refs, prefix, deadline),
    openReader: readerWith(native),
  })
}

/** Commits come and go by ourselves, with git at hand or without: it would need programs and files of ssh to get there. */
function streamStore(
  options: SessionOptions,
  folder: string,
  remote: Remote & { readonly kind: 'ssh' | 'git' },
): Store {
  const { limits, timeouts, credentials, git } = options
  const shown = remote.display
  const ending = new AbortController()
  const stream =
    remote.kind === 'ssh'
      ? sshRemote(remote, credentials, timeouts, ending.signal)
      : daemonRemote(remote, credentials, timeouts, ending.signal)
  const refs = new RemoteRefs(stream)
  return new ClonedStore({
    generations: new Generations(folder),
    transfer: new EmbeddedTransfer(stream, limits),
    push: new SmartPush(stream),
    past: new RemotePast(stream, limits),
    limits,
    timeouts,
    shown,
    ending,
    locate: (revision, deadline) => locateRemotely(refs, revision, shown, deadline),
    branches: (prefix, deadline) => remoteBranches(refs, prefix, deadline),
    openReader: readerWith(git === undefined ? undefined : new NativeGit(git, join(folder, 'home'), ending.signal)),
  })
}

/** With git, a local repository is copied too: it then may use any layout that git reads. */
function copyOfLocal(
  options: SessionOptions,
  folder: string,
  remote: Remote & { kind: 'local' },
  binary: string,
): Store {
  const { limits, timeouts } = options
  const shown = remote.display
  const ending = new AbortController()
  const git = new NativeGit(binary, join(folder, 'home'), ending.signal)
  const source = async () => ({ address: remote.path, authorization: undefined, trust: undefined })
  return new ClonedStore({
    generations: new Generations(folder),
    transfer: new NativeTransfer({ git, shown, source, idleMs: timeouts.idleMs }),
    push: new LocalPush(remote.path),
    past: localPast(git, remote.path),
    limits,
    timeouts,
    shown,
    ending,
    locate: (revision, deadline) => locateLocally(git, remote.path, revision, shown, deadline),
    branches: (prefix, deadline) => localBranches(git, remote.path, prefix, deadline),
    openReader: readerWith(git),
  })
}

function localPast(git: NativeGit, path: string): Past {
  let opened: ObjectReader | undefined
  return pastIn({
    reader: () => {
      opened ??= new CatFileReader(git, openLocal(path).common)
      return opened
    },
    folders: () => [join(openLocal(path).common, 'objects')],
    forget: () => opened?.close(),
  })
}

function readerWith(git: NativeGit | undefined): (gitDir: string) => ObjectReader {
  return (gitDir) => (git ? new CatFileReader(git, gitDir) : new FolderReader(join(gitDir, 'objects')))
}
