import { badCredentials } from '../credentials/secret.ts'
import type { Credentials, SyncTimeouts } from '../port.ts'
import { StreamRemote } from '../stream/remote.ts'
import type { SshRemoteAddress } from '../url.ts'
import { SshConnection } from './connection.ts'

/** A repository that is reached by ssh, without any program of ssh or git here. Asking it throws BAD_CREDENTIALS without an identity. */
export function sshRemote(
  address: SshRemoteAddress,
  { ssh }: Credentials,
  timeouts: SyncTimeouts,
  signal: AbortSignal,
): StreamRemote {
  const connection = new SshConnection({ address, timeouts, signal })
  return new StreamRemote({
    host: connection.host,
    timeouts,
    signal,
    dial: async (service, version2, deadline) => {
      if (!ssh) throw badCredentials(address.display, `${address.display}: name an ssh key and a known_hosts file`)
      // A server that does not take the variable speaks the old protocol.
      const env = version2 ? { GIT_PROTOCOL: 'version=2' } : {}
      return connection.run(ssh, { command: `${service} ${quoted(address.path)}`, env }, deadline)
    },
  })
}

/** For the shell at the other end, or what plays its part there. */
function quoted(path: string): string {
  return `'${path.replaceAll("'", "'\\''")}'`
}
