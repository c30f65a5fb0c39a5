import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ensureServer } from '../../scripts/debian-servers.mjs'
import { engineCall } from './engine-call.ts'
import { freePort } from './free-port.ts'
import { rootFolder, testImages } from './images.ts'
import { Registry } from './registry.ts'

export interface LockedRegistry extends AsyncDisposable {
  /** `127.0.0.1:port` */
  readonly address: string
  /** Puts an image in, if need be by way of the engine at `socket`: there it is `image` of the tests. */
  push(socket: string, name: string, tag?: string, image?: string): Promise<{ byTag: string; byDigest: string }>
}

const user = { username: 'ann', password: 'open sesame' }

/** Credentials that the registries take. */
export const registryUser = (serverAddress: string) => ({ ...user, serverAddress })

/** `open sesame`, as htpasswd writes it. */
const passwords = 'ann:$2y$05$iqYOXyKNppXRYiYrN.Cc3ujjv6ICsbhTQXG2SSmbg7lb7N0XbZn0.\n'

/** One that is always there, and the real thing. */
export const lockedRegistries: readonly (readonly [string, () => Promise<LockedRegistry>])[] = [
  ['a registry of the tests', ownRegistry],
  ["Debian's docker-registry", () => debianRegistry()],
]

async function ownRegistry(): Promise<LockedRegistry> {
  const registry = await Registry.start(`${user.username}:${user.password}`)
  return {
    address: registry.address,
    push: async (_socket, name, tag = '1') => registry.put(name, tag, rootFolder()),
    [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose](),
  }
}

/** The real thing on 127.0.0.1. `tells`: whom it tells of what is pushed and pulled. */
export async function debianRegistry(
  tells?: string,
  headers: Readonly<Record<string, string[]>> = {},
): Promise<LockedRegistry> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-registry-'))
  const address = `127.0.0.1:${await freePort()}`
  await writeFile(join(folder, 'htpasswd'), passwords)
  const config = {
    version: 0.1,
    log: { accesslog: { disabled: true }, level: 'error' },
    storage: { filesystem: { rootdirectory: join(folder, 'data') } },
    http: { addr: address },
    auth: { htpasswd: { realm: 'berth-test', path: join(folder, 'htpasswd') } },
    ...(tells !== undefined && {
      notifications: {
        endpoints: [{ name: 'berth', url: tells, headers, timeout: '10s', threshold: 3, backoff: '1s' }],
      },
    }),
  }
  await writeFile(join(folder, 'config.yml'), JSON.stringify(config))
  const child = spawn(ensureServer('docker-registry'), ['serve', join(folder, 'config.yml')], { stdio: 'ignore' })
  const ended = once(child, 'close')
  const close = async () => {
    child.kill()
    await ended.catch(() => {})
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await Promise.race([answers(address), ended.then(([code]) => Promise.reject(new Error(`ended with ${code}`)))])
  } catch (error) {
    await close()
    throw new Error('docker-registry did not start', { cause: error })
  }
  return {
    address,
    push: (socket, name, tag = '1', image = testImages.one) => push(address, socket, { name, tag, image }),
    [Symbol.asyncDispose]: close,
  }
}

async function push(
  address: string,
  socket: string,
  { name, tag, image }: { readonly name: string; readonly tag: string; readonly image: string },
) {
  const repo = `${address}/${name}`
  await engineCall(socket, 'POST', `/images/${image}/tag?${new URLSearchParams({ repo, tag })}`)
  const auth = Buffer.from(JSON.stringify(user)).toString('base64')
  const pushed = await engineCall(socket, 'POST', `/images/${repo}/push?tag=${tag}`, undefined, undefined, {
    'x-registry-auth': auth,
  })
  const [digest] = /sha256:[0-9a-f]{64}(?=[^"]*size)/.exec(pushed.text) ?? []
  if (digest === undefined) throw new Error(`push of ${repo}:${tag} failed: ${pushed.text}`)
  return { byTag: `${repo}:${tag}`, byDigest: `${repo}@${digest}` }
}

async function answers(address: string): Promise<void> {
  for (;;) {
    const answer = await fetch(`http://${address}/v2/`).catch(() => undefined)
    if (answer?.status === 401) return
    await sleep(20)
  }
}
