// Let's Encrypt's own server for tests, with names that all lead to this machine.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:https'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ensureServer } from '../../scripts/debian-servers.mjs'
import { freePort } from '../support/free-port.ts'

export interface PebbleOptions {
  /** Where hosts are asked to prove themselves. */
  readonly httpPort: number
  /** Of the certificates. */
  readonly validSeconds?: number
}

/** Remembers nothing once it ends. */
export class Pebble implements AsyncDisposable {
  readonly folder: string
  readonly port: number
  #children: ChildProcess[] = []

  private constructor(folder: string, port: number) {
    this.folder = folder
    this.port = port
  }

  static async start(options: PebbleOptions): Promise<Pebble> {
    const pebble = new Pebble(mkdtempSync(join(tmpdir(), 'berth-pebble-')), await freePort())
    try {
      pebble.#write(options)
      await pebble.resume()
    } catch (error) {
      await pebble[Symbol.asyncDispose]()
      throw error
    }
    return pebble
  }

  get directory(): string {
    return `https://127.0.0.1:${this.port}/dir`
  }

  /** Of who signed the server's own certificate. */
  get caFile(): string {
    return join(this.folder, 'cert.pem')
  }

  async stop(): Promise<void> {
    for (const child of this.#children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  }

  /** At the same address, with the same certificate of its own. */
  async resume(): Promise<void> {
    const program = ensureServer('pebble')
    const dns = `127.0.0.1:${await freePort()}`
    const off = ['-http01', '', '-https01', '', '-tlsalpn01', '', '-management', `127.0.0.1:${await freePort()}`]
    const names = [...off, '-dns01', dns, '-defaultIPv4', '127.0.0.1', '-defaultIPv6', '']
    this.#run(join(dirname(program), 'pebble-challtestsrv'), names)
    this.#run(program, ['-config', join(this.folder, 'config.json'), '-dnsserver', dns])
    await this.#answers()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }

  #write({ httpPort, validSeconds = 7_776_000 }: PebbleOptions): void {
    const key = join(this.folder, 'key.pem')
    const subject = ['-subj', '/CN=pebble', '-addext', 'subjectAltName=IP:127.0.0.1']
    const made = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', this.caFile]
    execFileSync('openssl', ['req', ...made, ...subject], { stdio: 'pipe' })
    const config = {
      listenAddress: `127.0.0.1:${this.port}`,
      managementListenAddress: '',
      certificate: this.caFile,
      privateKey: key,
      httpPort,
      tlsPort: 1,
      certificateValidityPeriod: validSeconds,
    }
    writeFileSync(join(this.folder, 'config.json'), JSON.stringify({ pebble: config }))
  }

  #run(program: string, args: readonly string[]): void {
    const env = { ...process.env, PEBBLE_VA_NOSLEEP: '1', PEBBLE_AUTHZREUSE: '0' }
    this.#children.push(spawn(program, args, { stdio: 'ignore', env }))
  }

  /** It makes keys first, which takes long where many want to. */
  async #answers(): Promise<void> {
    const giveUpAt = Date.now() + 120_000
    while (!(await isAnswered(this.directory))) {
      const ended = this.#children.find(({ exitCode }) => exitCode !== null)
      if (ended) throw new Error(`${ended.spawnfile} ended with ${ended.exitCode}`)
      if (Date.now() > giveUpAt) throw new Error('pebble does not answer')
      await sleep(50)
    }
  }
}

function isAnswered(url: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  get(url, { rejectUnauthorized: false, agent: false }, (response) => {
    response.resume()
    resolve(response.statusCode === 200)
  }).on('error', () => resolve(false))
  return promise
}
