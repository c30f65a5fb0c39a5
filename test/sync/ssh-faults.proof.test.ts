import { execFileSync } from 'node:child_process'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { GitErrorCode } from '../../src/sync/errors.ts'
import type { Repository, SyncTimeouts } from '../../src/sync/port.ts'
import { openRepository } from '../../src/sync/repository.ts'
import { Fixture, Sandbox } from './fixture.ts'
import { openGate, type Sshd, startSshd } from './sshd.ts'
import { failure, texts } from './world.ts'

/** Stands between us and the server, and cuts. */
class Wire {
  /** Bytes of the server that are let through on each connection from now on. */
  left = Number.POSITIVE_INFINITY
  readonly #sockets = new Set<Socket>()
  readonly #server: Server

  constructor(port: number) {
    this.#server = createServer((socket) => {
      const inside = connect(port, '127.0.0.1')
      for (const [one, other] of [
        [socket, inside],
        [inside, socket],
      ] as const) {
        this.#sockets.add(one)
        one.on('error', () => other.destroy()).on('close', () => other.destroy())
        one.on('close', () => this.#sockets.delete(one))
      }
      socket.pipe(inside)
      inside.on('data', (chunk) => {
        this.left -= chunk.length
        if (this.left < 0) socket.destroy()
        else socket.write(chunk)
      })
    })
  }

  async open(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return (this.#server.address() as AddressInfo).port
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  close(): void {
    this.cut()
    this.#server.close()
  }
}

const sandbox = new Sandbox()
let fixture: Fixture
let sshd: Sshd
let wire: Wire
let port: number
let repository: Repository | undefined
let stores = 0

beforeAll(async () => {
  fixture = new Fixture(join(sandbox.path, 'root', 'shop'))
  fixture.commit({ a: '1' })
  sshd = await startSshd(sandbox.folder('sshd'))
  wire = new Wire(sshd.port)
  port = await wire.open()
})

afterEach(async () => {
  await repository?.close()
  repository = undefined
  sshd.setGate(openGate)
  wire.left = Number.POSITIVE_INFINITY
})

afterAll(async () => {
  wire.close()
  await sshd.close()
  sandbox[Symbol.dispose]()
})

interface Way {
  readonly path?: string
  readonly at?: number
  readonly store?: string
}

async function open(timeouts: Partial<SyncTimeouts> = {}, way: Way = {}): Promise<Repository> {
  const { path = fixture.path, at = port, store = `state-${stores++}` } = way
  // The server is known by its name alone, whatever its port.
  const knownHostsFile = join(sandbox.path, 'known')
  execFileSync('sh', [
    '-c',
    `sed 's/^\\[127.0.0.1\\]:[0-9]* /127.0.0.1 /' "$0" > "$1"`,
    sshd.knownHostsFile,
    knownHostsFile,
  ])
  repository = await openRepository({
    url: `ssh://${sshd.user}@127.0.0.1:${at}${path}`,
    revision: 'main',
    storeDir: sandbox.folder(store),
    backend: 'embedded',
    credentials: { ssh: { keyFile: sshd.keyFile, knownHostsFile } },
    timeouts,
  })
  return repository
}

interface Fault {
  readonly title: string
  /** What the server runs in place of git. */
  readonly gate: string
  readonly code: GitErrorCode
  readonly words: string
  readonly timeouts?: Partial<SyncTimeouts>
}

const saying = (words: string, exit = 1): string => `echo '${words}' >&2; exit ${exit}\n`

const faults: readonly Fault[] = [
  {
    title: 'nothing happens after the login',
    gate: 'exec cat > /dev/null\n',
    code: 'TIMED_OUT',
    words: 'nothing received for 1000 ms',
    timeouts: { idleMs: 1000 },
  },
  {
    title: 'a byte now and then',
    gate: 'printf 00ff; while printf x; do sleep 0.1; done\n',
    code: 'TIMED_OUT',
    words: 'in the time allowed',
    timeouts: { totalMs: 3000 },
  },
  {
    title: 'the pack is cut',
    gate: 'sh -c "$SSH_ORIGINAL_COMMAND" | dd bs=1 count=90000 status=none\n',
    code: 'BAD_ANSWER',
    words: 'cut',
  },
  { title: 'no Git data', gate: 'echo Welcome to this machine\n', code: 'BAD_ANSWER', words: 'is not Git data' },
  { title: 'not a word', gate: 'exit 0\n', code: 'BAD_ANSWER', words: 'cut' },
  { title: 'git is killed', gate: 'kill -9 $$\n', code: 'SERVER_ERROR', words: 'refused: Killed' },
  {
    title: 'a forge without that repository',
    gate: saying('ERROR: Repository not found.\nfatal: ignored'),
    code: 'NO_SUCH_REPOSITORY',
    words: 'refused: Repository not found.',
  },
  {
    title: 'a forge that does not let us in',
    gate: saying('remote:\nremote: ERROR: Permission to acme/shop.git denied to ada.'),
    code: 'FORBIDDEN',
    words: 'Permission to acme/shop.git denied to ada.',
  },
  {
    title: 'a machine without git',
    gate: saying('sh: 1: git-upload-pack: not found', 127),
    code: 'SERVER_ERROR',
    words: 'git-upload-pack: not found',
  },
  { title: 'words for a terminal', gate: saying('\u001b[31mno'), code: 'SERVER_ERROR', words: '\\u{1b}[31mno' },
]

test.each(faults)('$title: $code, and what was fetched stays', async ({ gate, code, words, timeouts }) => {
  const store = 'faults'
  const patient = await open({}, { store })
  const before = await patient.fetch()
  const oid = fixture.commit({ a: code, noise: execFileSync('head', ['-c', '200000', '/dev/urandom']) })
  await patient.close()
  sshd.setGate(gate)
  const subject = await open(timeouts, { store })
  const error = await failure(subject.fetch())
  expect([error.code, error.message]).toEqual([code, expect.stringContaining(words)])
  expect(await subject.head()).toEqual({ oid: before.oid, rewritten: false })
  expect((await texts(subject, await subject.snapshot(before.oid, ''))).a).toBeDefined()
  await subject.close()
  sshd.setGate(openGate)
  expect(await (await open({}, { store })).fetch()).toEqual({ oid, rewritten: false })
})

test('the connection is cut in the middle of a pack', async () => {
  const subject = await open()
  const before = await subject.fetch()
  const oid = fixture.commit({ noise: execFileSync('head', ['-c', '200000', '/dev/urandom']) })
  wire.left = 100_000
  const error = await failure(subject.fetch())
  expect([error.code, error.message]).toEqual(['BAD_ANSWER', expect.stringContaining('cut')])
  expect(await subject.head()).toEqual(before)
  wire.left = Number.POSITIVE_INFINITY
  expect(await subject.fetch()).toEqual({ oid, rewritten: false })
})

test('a connection that was cut while nobody looked is made anew', async () => {
  const subject = await open()
  await subject.fetch()
  const logins = sshd.logins()
  wire.cut()
  const oid = fixture.commit({ a: 'anew' })
  expect(await subject.fetch()).toEqual({ oid, rewritten: false })
  expect(sshd.logins()).toBe(logins + 1)
})

test('no such repository on a plain server', async () => {
  const subject = await open({}, { path: `${fixture.path}/nowhere` })
  const error = await failure(subject.fetch())
  expect([error.code, error.message]).toEqual([
    'NO_SUCH_REPOSITORY',
    expect.stringContaining('does not appear to be a git repository'),
  ])
})

test('a server that is none of ssh, says nothing, or is not there', async () => {
  const sockets = new Set<Socket>()
  for (const [greeting, code, connectMs] of [
    [undefined, 'TIMED_OUT', 500],
    ['HTTP/1.1 400 Bad Request\r\n\r\n', 'BAD_ANSWER', 10_000],
  ] as const) {
    const server = createServer((socket) => {
      sockets.add(socket.on('error', () => undefined))
      if (greeting !== undefined) socket.end(greeting)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port: other } = server.address() as AddressInfo
    const subject = await open({ connectMs }, { path: '/x', at: other })
    expect((await failure(subject.fetch())).code).toBe(code)
    await subject.close()
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
    const gone = await open({}, { path: '/x', at: other })
    expect((await failure(gone.fetch())).code).toBe('UNREACHABLE')
    await gone.close()
  }
})

test('closing ends a fetch under way', async () => {
  const subject = await open()
  await subject.fetch()
  sshd.setGate('exec cat > /dev/null\n')
  const ended = failure(subject.fetch())
  await subject.close()
  expect((await ended).code).toBe('TIMED_OUT')
})
