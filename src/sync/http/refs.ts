import { oneLine } from '../../base/errors.ts'
import { GitError } from '../errors.ts'
import type { SmartRemote } from '../smart-remote.ts'
import { cut, delimiter, flush, lineOf, type Packet, packet, readPackets } from './pkt-line.ts'

export interface RemoteRef {
  readonly name: string
  readonly oid: string
  /** What an annotated tag points at in the end. */
  readonly peeled?: string
}

export interface Advertisement {
  readonly refs: readonly RemoteRef[]
  /** The whole answer of a server that speaks only the old protocol: what a fetch starts from. */
  readonly v0?: Buffer
}

const maxBytes = 64 * 1024 * 1024
const service = 'git-upload-pack'

/** Lists refs of a remote. Remembers that a server speaks protocol 2, so that the next look is one small request. */
export class RemoteRefs {
  readonly #remote: SmartRemote
  #speaksV2 = false

  constructor(remote: SmartRemote) {
    this.#remote = remote
  }

  /** Refs that start with one of the prefixes (all of them: ['']); servers of the old protocol send all anyway. */
  async list(prefixes: readonly string[], deadline: number): Promise<Advertisement> {
    if (this.#speaksV2) {
      try {
        return await this.#listV2(prefixes, deadline)
      } catch (error) {
        this.#speaksV2 = false
        throw error
      }
    }
    const bytes = await this.#remote.advertise({ service, version2: true, maxBytes, deadline })
    const packets = this.#withoutBanner(readPackets(bytes, this.#remote.host))
    if (packets.at(-1) !== 'flush') throw cut(this.#remote.host)
    const [first] = packets
    if (Buffer.isBuffer(first) && lineOf(first) === 'version 2') {
      expectSha1(packets.filter(Buffer.isBuffer).map(lineOf), this.#remote.host)
      const found = await this.#listV2(prefixes, deadline)
      this.#speaksV2 = true
      return found
    }
    return { refs: this.#parseV0(packets), v0: bytes }
  }

  #withoutBanner(packets: readonly Packet[]): readonly Packet[] {
    const [banner, after] = packets
    if (!Buffer.isBuffer(banner)) throw cut(this.#remote.host)
    const line = lineOf(banner)
    if (line.startsWith('ERR ')) throw refused(this.#remote.host, line)
    if (line !== `# service=${service}`) return packets
    if (after !== 'flush') throw cut(this.#remote.host)
    return packets.slice(2)
  }

  async #listV2(prefixes: readonly string[], deadline: number): Promise<Advertisement> {
    const wanted = prefixes.map((prefix) => packet(`ref-prefix ${prefix}\n`)).join('')
    const body = `${packet('command=ls-refs\n')}${delimiter}${packet('peel\n')}${packet('symrefs\n')}${wanted}${flush}`
    const bytes = await this.#remote.exchange({
      service,
      version2: true,
      body: Buffer.from(body),
      maxBytes,
      deadline,
    })
    const packets = readPackets(bytes, this.#remote.host)
    if (packets.at(-1) !== 'flush') throw cut(this.#remote.host)
    return { refs: packets.filter(Buffer.isBuffer).map((data) => this.#parseV2(lineOf(data))) }
  }

  #parseV2(line: string): RemoteRef {
    if (line.startsWith('ERR ')) throw refused(this.#remote.host, line)
    const [oid = '', name = '', ...attributes] = line.split(' ')
    const peeled = attributes.find((attribute) => attribute.startsWith('peeled:'))?.slice('peeled:'.length)
    if (!isId(oid)) throw cut(this.#remote.host)
    return { name, oid, ...(peeled !== undefined && { peeled }) }
  }

  #parseV0(packets: readonly Packet[]): RemoteRef[] {
    const refs = new Map<string, RemoteRef>()
    for (const [at, data] of packets.filter(Buffer.isBuffer).entries()) {
      const [text = '', capabilities = ''] = lineOf(data).split('\0')
      if (text.startsWith('ERR ')) throw refused(this.#remote.host, text)
      if (at === 0) expectSha1(capabilities.split(' '), this.#remote.host)
      if (text === 'version 1' || text.startsWith('shallow ')) continue
      const [oid = '', name = ''] = text.split(' ')
      if (!isId(oid)) throw cut(this.#remote.host)
      const tag = refs.get(name.replace(/\^\{\}$/, ''))
      if (name === 'capabilities^{}') continue
      if (tag && name.endsWith('^{}')) refs.set(tag.name, { ...tag, peeled: oid })
      else refs.set(name, { name, oid })
    }
    return [...refs.values()]
  }
}

function isId(text: string): boolean {
  return /^[0-9a-f]{40}$/.test(text)
}

function expectSha1(capabilities: readonly string[], host: string): void {
  const format = capabilities.find((capability) => capability.startsWith('object-format='))
  if (format === undefined || format === 'object-format=sha1') return
  const found = oneLine(format.slice('object-format='.length), 20)
  throw new GitError(
    'UNSUPPORTED_REPOSITORY',
    host,
    `${host}: the repository uses ${found} object ids: only SHA-1 repositories are supported yet`,
  )
}

function refused(host: string, line: string): GitError {
  return new GitError('SERVER_ERROR', host, `${host}: refused: ${oneLine(line.replace(/^ERR /, ''), 200)}`)
}
