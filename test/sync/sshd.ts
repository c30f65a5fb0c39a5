import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { ensureSshd } from '../../scripts/debian-servers.mjs'
import { freePort } from '../support/free-port.ts'

export interface Sshd {
  readonly port: number
  readonly user: string
  /** The user's key, and the keys of the server. */
  readonly keyFile: string
  readonly knownHostsFile: string
  readonly hostKeys: readonly HostKeyFile[]
  /** Logins so far. */
  logins(): number
  /** What the server runs for each command; `gate.sh` gives its text. */
  setGate(script: string): void
  /** Public keys that may log in, besides the user's own. */
  allow(publicKeyFile: string): void
  close(): Promise<void>
}

const isRoot = process.getuid?.() === 0

export interface HostKeyFile {
  /** `ssh-ed25519` */
  readonly type: string
  /** Line of a known_hosts file, without the names. */
  readonly line: string
  readonly fingerprint: string
}

/** Runs the command as it was asked for. */
export const openGate = 'exec sh -c "$SSH_ORIGINAL_COMMAND"\n'

/** Makes a key with ssh-keygen: `file`, and `file.pub`. */
export function makeKey(file: string, type: string, ...options: readonly string[]): void {
  execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', 'test', '-f', file, ...options])
}

/** A real server of ssh on loopback, with keys of its own; who logs in may do what the tests may. */
export async function startSshd(folder: string, hostKeyTypes: readonly string[] = ['ed25519']): Promise<Sshd> {
  const at = (name: string): string => join(folder, name)
  const hostKeys = hostKeyTypes.map((type) => makeHostKey(at(`host-${type}`), type))
  makeKey(at('id'), 'ed25519')
  const port = await freePort()
  const gate = at('gate.sh')
  writeFileSync(gate, openGate)
  const allowed: string[] = []
  const allow = (publicKeyFile: string): void => {
    allowed.push(`command="/bin/sh ${gate}" ${readFileSync(publicKeyFile, 'utf8')}`)
    writeFileSync(at('authorized_keys'), allowed.join(''))
  }
  allow(at('id.pub'))
  writeFileSync(at('known_hosts'), hostKeys.map(({ line }) => `[127.0.0.1]:${port} ${line}\n`).join(''))
  writeFileSync(at('sshd_config'), configuration(at, port, hostKeyTypes))
  const log: string[] = []
  const child = launch(at('sshd_config'), at('passwd'))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => log.push(text))
  await listening(child, log)
  return {
    port,
    user: isRoot ? 'git' : userInfo().username,
    keyFile: at('id'),
    knownHostsFile: at('known_hosts'),
    hostKeys,
    logins: () => log.join('').split('Accepted publickey').length - 1,
    setGate: (script) => writeFileSync(gate, script),
    allow,
    close: () => ended(child),
  }
}

function makeHostKey(file: string, type: string): HostKeyFile {
  makeKey(file, type, ...(type === 'rsa' ? ['-b', '2048'] : []))
  const [name = '', base64 = ''] = readFileSync(`${file}.pub`, 'utf8').split(' ')
  const shown = execFileSync('ssh-keygen', ['-l', '-f', `${file}.pub`], { encoding: 'utf8' })
  return { type: name, line: `${name} ${base64}`, fingerprint: shown.split(' ')[1] ?? '' }
}

function configuration(at: (name: string) => string, port: number, hostKeyTypes: readonly string[]): string {
  return [
    `ListenAddress 127.0.0.1:${port}`,
    ...hostKeyTypes.map((type) => `HostKey ${at(`host-${type}`)}`),
    `AuthorizedKeysFile ${at('authorized_keys')}`,
    'PidFile none',
    'StrictModes no',
    'PermitRootLogin prohibit-password',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'UsePAM no',
    'AcceptEnv GIT_PROTOCOL',
    'LogLevel INFO',
    '',
  ].join('\n')
}

/** As root it wants a user and a folder of its own, which it is shown in a mount namespace only. */
function launch(config: string, passwd: string): ChildProcess {
  const { program, libraries } = ensureSshd()
  const env = { PATH: process.env.PATH, LD_LIBRARY_PATH: libraries }
  const options = { env, stdio: ['ignore', 'ignore', 'pipe'] as ['ignore', 'ignore', 'pipe'] }
  const args = ['-D', '-e', '-f', config]
  if (!isRoot) return spawn(program, args, options)
  const users = readFileSync('/etc/passwd', 'utf8')
  // A user that is root, too, but has no shell that reads somebody's files first.
  const ours = 'sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin\ngit:x:0:0::/:/bin/sh\n'
  writeFileSync(passwd, users.replace(/^(?:sshd|git):.*\n/gm, '') + ours)
  chmodSync(passwd, 0o644)
  const inside = 'mount -t tmpfs tmpfs /run && mkdir -m 755 /run/sshd && mount --bind "$0" /etc/passwd && exec "$@"'
  return spawn('unshare', ['--mount', 'sh', '-c', inside, passwd, program, ...args], options)
}

function listening(child: ChildProcess, log: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    child.stderr?.on('data', () => {
      if (log.join('').includes('Server listening')) resolve()
    })
    child.once('exit', (code) => reject(new Error(`sshd ended (${code}): ${log.join('')}`)))
  })
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
  })
}
