import { oneLine } from '../../base/errors.ts'
import { GitError } from '../errors.ts'
import { cut, flush, lineOf, packet, readPackets } from '../http/pkt-line.ts'
import type { SmartRemote } from '../smart-remote.ts'
import type { NewObject } from './draft.ts'
import { writePack } from './pack-writer.ts'
import type { Push, Pushed, Update } from './push.ts'
import { type Report, readReport } from './report.ts'

const service = 'git-receive-pack'
const maxBytes = 64 * 1024 * 1024
const nowhere = '0'.repeat(40)

/** What servers say when the ref is not where it was, or when somebody else is just moving it. */
const moved =
  /fetch first|stale info|failed to update ref|failed to lock|cannot lock|unable to (?:lock|create)|already exists|incorrect old value|reference (?:is at|has)|remote ref updated/i

/** Pushes over Git's "smart" protocol (gitprotocol-pack): one command, one small pack, and the report read to its end. */
export class SmartPush implements Push {
  readonly #remote: SmartRemote

  constructor(remote: SmartRemote) {
    this.#remote = remote
  }

  async push(update: Update): Promise<Pushed> {
    try {
      return await this.#push(update)
    } catch (error) {
      throw withAdvice(error)
    }
  }

  async #push(update: Update): Promise<Pushed> {
    const { host } = this.#remote
    const { ref, old, deadline } = update
    const server = readServer(await this.#remote.advertise({ service, maxBytes, deadline }), host)
    if (server.refs.get(ref) !== old) return { kind: 'moved', reason: 'the branch was moved by somebody else' }
    let report = await this.#send(update, server, update.objects)
    if (/missing necessary objects/.test(report.ref ?? '')) {
      report = await this.#send(update, server, await update.whole())
    }
    return this.#outcome(report, ref)
  }

  async #send({ ref, old, oid, deadline }: Update, server: Server, objects: readonly NewObject[]): Promise<Report> {
    const wanted = ['report-status', 'side-band-64k'].filter((name) => server.capabilities.includes(name))
    const capabilities = [...wanted, ...(server.capabilities.some(isAgent) ? ['agent=berth'] : [])]
    const command = packet(`${old ?? nowhere} ${oid} ${ref}\0 ${capabilities.join(' ')}`)
    const body = Buffer.concat([Buffer.from(command + flush), writePack(objects)])
    const answer = await this.#remote.exchange({ service, body, maxBytes, deadline })
    return readReport(answer, ref, this.#remote.host)
  }

  #outcome({ unpack, ref: status, words }: Report, ref: string): Pushed {
    const { host } = this.#remote
    if (status === 'ok' && (unpack === undefined || unpack === 'ok')) return { kind: 'pushed' }
    const reason = oneLine(status === undefined || status === 'ok' ? (unpack ?? '') : status, 200)
    if (moved.test(reason)) return { kind: 'moved', reason }
    const said = words === '' ? reason : `${reason}: ${words}`
    throw new GitError('PUSH_REFUSED', ref, `${host}: refused the push to ${ref}: ${said}`)
  }
}

interface Server {
  readonly refs: ReadonlyMap<string, string>
  readonly capabilities: readonly string[]
}

function isAgent(capability: string): boolean {
  return capability.startsWith('agent=')
}

function readServer(advertisement: Buffer, host: string): Server {
  const packets = readPackets(advertisement, host)
  if (packets.at(-1) !== 'flush') throw cut(host)
  const lines = packets.filter(Buffer.isBuffer).map(lineOf)
  const refs = new Map<string, string>()
  let capabilities: readonly string[] | undefined
  for (const line of lines) {
    if (line.startsWith('ERR ')) {
      throw new GitError('PUSH_REFUSED', host, `${host}: refused the push: ${oneLine(line.slice(4), 300)}`)
    }
    if (line.startsWith('# service=') || line.startsWith('version ') || line.startsWith('shallow ')) continue
    const [named = '', after] = line.split('\0')
    capabilities ??= after?.trim().split(' ') ?? []
    const [, oid, name] = /^([0-9a-f]{40}) (.+)$/.exec(named) ?? []
    if (oid === undefined || name === undefined) throw cut(host)
    if (name.startsWith('refs/')) refs.set(name, oid)
  }
  return { refs, capabilities: capabilities ?? [] }
}

/** Reading may be allowed where writing is not. */
function withAdvice(error: unknown): unknown {
  if (!(error instanceof GitError) || error.code !== 'FORBIDDEN') return error
  const advice = 'the credentials may not push: give them the right to write to this repository'
  const said = error.message.endsWith('(HTTP 403)') ? ' (HTTP 403)' : `: ${error.message}`
  return new GitError('FORBIDDEN', error.subject, `${error.subject}: ${advice}${said}`, { cause: error })
}
