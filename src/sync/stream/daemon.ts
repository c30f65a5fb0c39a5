import { connect, isIP, type Socket } from 'node:net'
import { errorText } from '../../base/errors.ts'
import { badCredentials } from '../credentials/secret.ts'
import { GitError } from '../errors.ts'
import { packet } from '../http/pkt-line.ts'
import type { Credentials, SyncTimeouts } from '../port.ts'
import type { DaemonAddress } from '../url.ts'
import { StreamRemote, type Talk } from './remote.ts'

/** A repository that `git daemon` serves to everybody: a connection for each request, and no pushing. */
export function daemonRemote(
  address: DaemonAddress,
  { secretFile, secretEnv, githubApp, ssh }: Credentials,
  timeouts: SyncTimeouts,
  signal: AbortSignal,
): StreamRemote {
  const host = `${isIP(address.host) === 6 ? `[${address.host}]` : address.host}:${address.port}`
  return new StreamRemote({
    host,
    timeouts,
    signal,
    dial: async (service, version2) => {
      if (service !== 'git-upload-pack') {
        throw new GitError('READ_ONLY', host, `${host}: git:// is for reading: pushing needs https:// or ssh://`)
      }
      if (secretFile ?? secretEnv ?? githubApp ?? ssh) {
        throw badCredentials(host, `${host}: git:// knows no credentials: remove them, or use https:// or ssh://`)
      }
      const socket = await connected(address, host, timeouts.connectMs, signal)
      const extra = version2 ? '\0version=2\0' : ''
      socket.write(packet(`${service} ${address.path}\0host=${host}\0${extra}`))
      return talkOver(socket, host)
    },
  })
}

function talkOver(stream: Socket, host: string): Talk {
  let lost: Error | undefined
  stream.once('error', (error) => {
    lost = error
  })
  const problem = (): GitError | undefined =>
    lost && new GitError('BAD_ANSWER', host, `${host}: the answer was cut (${errorText(lost, 200)})`)
  return { stream, problem }
}

function connected(
  { host, port }: DaemonAddress,
  shown: string,
  connectMs: number,
  signal: AbortSignal,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true, keepAlive: true })
    const stop = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', aborted)
      socket.off('error', unreachable)
    }
    const fail = (error: GitError): void => {
      stop()
      socket.on('error', () => undefined).destroy()
      reject(error)
    }
    const late = () => fail(new GitError('TIMED_OUT', shown, `${shown}: no connection within ${connectMs} ms`))
    const aborted = () => fail(new GitError('TIMED_OUT', shown, `${shown}: closed before it answered`))
    const unreachable = (cause: Error) =>
      fail(new GitError('UNREACHABLE', shown, `${shown}: cannot be reached (${errorText(cause, 200)})`, { cause }))
    const timer = setTimeout(late, connectMs)
    signal.addEventListener('abort', aborted)
    if (signal.aborted) return aborted()
    socket.once('error', unreachable)
    socket.once('connect', () => {
      stop()
      resolve(socket)
    })
  })
}
