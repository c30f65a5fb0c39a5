import { createHash } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { type TarEntry, tar } from './tar.ts'

/** An image registry for one test, over plain HTTP on 127.0.0.1, which engines accept without TLS. */
export class Registry implements AsyncDisposable {
  readonly #server: Server
  readonly #blobs = new Map<string, Buffer>()
  readonly #manifests = new Map<string, Buffer>()

  private constructor(server: Server) {
    this.#server = server
  }

  /** `login`: `name:password` that it asks for. */
  static async start(login?: string): Promise<Registry> {
    const server = createServer()
    const registry = new Registry(server)
    const basic = login === undefined ? undefined : `Basic ${Buffer.from(login).toString('base64')}`
    server.on('request', (request, response) => {
      if (basic !== undefined && request.headers.authorization !== basic) {
        response.writeHead(401, { 'www-authenticate': 'Basic realm="test"', 'content-length': locked.length })
        response.end(request.method === 'HEAD' ? undefined : locked)
        return
      }
      const found = registry.#find(request.url ?? '')
      const { bytes, type } = found ?? { bytes: unknown, type: 'application/json' }
      const digest = found && { 'docker-content-digest': digestOf(bytes) }
      response.writeHead(found ? 200 : 404, { ...digest, 'content-type': type, 'content-length': bytes.length })
      response.end(request.method === 'HEAD' ? undefined : bytes)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return registry
  }

  /** Takes in an image; answers the reference to pull it by, and by its digest. */
  put(name: string, tag: string, files: readonly TarEntry[]): { byTag: string; byDigest: string } {
    const layer = tar(files)
    const config = this.#blob(
      Buffer.from(
        JSON.stringify({
          architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
          os: 'linux',
          config: { Cmd: ['/none'] },
          rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
        }),
      ),
    )
    const packed = this.#blob(gzipSync(layer))
    const base = 'application/vnd.docker'
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: manifestType,
        config: { mediaType: `${base}.container.image.v1+json`, ...config },
        layers: [{ mediaType: `${base}.image.rootfs.diff.tar.gzip`, ...packed }],
      }),
    )
    this.#manifests.set(`${name}/${tag}`, manifest)
    this.#manifests.set(`${name}/${digestOf(manifest)}`, manifest)
    return { byTag: `${this.address}/${name}:${tag}`, byDigest: `${this.address}/${name}@${digestOf(manifest)}` }
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #blob(bytes: Buffer): { digest: string; size: number } {
    const digest = digestOf(bytes)
    this.#blobs.set(digest, bytes)
    return { digest, size: bytes.length }
  }

  #find(path: string): { bytes: Buffer; type: string } | undefined {
    if (path === '/v2/') return { bytes: Buffer.from('{}'), type: 'application/json' }
    const [, name = '', kind, reference = ''] = /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(path) ?? []
    const bytes = kind === 'manifests' ? this.#manifests.get(`${name}/${reference}`) : this.#blobs.get(reference)
    return bytes && { bytes, type: kind === 'manifests' ? manifestType : 'application/octet-stream' }
  }
}

const manifestType = 'application/vnd.docker.distribution.manifest.v2+json'

const locked = Buffer.from(JSON.stringify({ errors: [{ code: 'UNAUTHORIZED', message: 'authentication required' }] }))
const unknown = Buffer.from(JSON.stringify({ errors: [{ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' }] }))

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}
