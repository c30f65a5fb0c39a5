// What HAProxy says of itself, taken apart.
import { halfClosedBackend, nextServer } from './haproxy-base.ts'
import type { RunningServer, RunningServers } from './haproxy-commands.ts'
import { type Bind, bindText } from './haproxy-part.ts'
import { previewServers } from './preview-haproxy.ts'

export interface Worker {
  readonly pid: string
  /** It was replaced and finishes what it has. */
  readonly isOld: boolean
}

/** `show proc` of the master. */
export function readWorkers(text: string): {
  readonly workers: readonly Worker[]
  /** Undefined: it does not say. */
  readonly failedReloads: number | undefined
} {
  const workers: Worker[] = []
  let isOld = false
  let failedReloads: number | undefined
  for (const line of text.split('\n')) {
    if (line.startsWith('#')) isOld = /^# old workers/.test(line)
    const [pid = '', type] = line.trim().split(/\s+/)
    if (type === 'worker') workers.push({ pid, isOld })
    if (type === 'master') failedReloads = Number(/\[failed: (\d+)\]/.exec(line)?.[1] ?? 0)
  }
  return { workers, failedReloads }
}

const inMaintenance = 0x01 | 0x08

/** `show servers state`: by backend. Backends without servers are not in it, nor are those that lead to HAProxy itself. */
export function readServersState(text: string): RunningServers {
  const backends = new Map<string, Map<string, RunningServer>>()
  for (const line of text.split('\n')) {
    const fields = line.trim().split(' ')
    if (fields.length < 20 || line.startsWith('#')) continue
    const [, backend = '', , server = '', address = '', , admin = ''] = fields
    if (server === nextServer || previewServers.has(server) || backend === halfClosedBackend) continue
    const servers = backends.get(backend) ?? new Map<string, RunningServer>()
    servers.set(server, { address, port: Number(fields[18]), open: (Number(admin) & inMaintenance) === 0 })
    backends.set(backend, servers)
  }
  return backends
}

/** `show stat`: sessions and queued requests by `backend/server`, summed over all workers that answered. */
export function readSessions(text: string): ReadonlyMap<string, number> {
  const sessions = new Map<string, number>()
  for (const line of text.split('\n')) {
    const [backend = '', server = '', queued = '', , current = ''] = line.split(',')
    if (line.startsWith('#') || server === '' || !/^\d+$/.test(current)) continue
    const name = `${backend}/${server}`
    sessions.set(name, (sessions.get(name) ?? 0) + Number(queued) + Number(current))
  }
  return sessions
}

/** `Stopping` of `show info`: it knows that it was replaced, and chooses no server for new requests any more. */
export function readStopping(text: string): boolean {
  return /^Stopping: 1$/m.test(text)
}

/** `description` of `show info`. */
export function readDescription(text: string): string | undefined {
  return /^description: (.*)$/m.exec(text)?.[1]?.trim()
}

/** `show acl` or `show map`: one entry a line, after an address in memory. */
export function readList(text: string): ReadonlyMap<string, string> {
  const lines = text.split('\n').map((line) => line.trim().split(' '))
  return new Map(
    lines.flatMap(([pointer = '', pattern = '', ...value]): [string, string][] =>
      pointer.startsWith('0x') && pattern !== '' ? [[pattern, value.join(' ')]] : [],
    ),
  )
}

const success = /^(New server registered\.|Server deleted\.|(no need to change|IP changed|port changed).*|)$/

/** What is not the answer of a success. */
export function complaints(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => !success.test(line))
}

/** The words of `haproxy -c` on one file of the folder: path below it -> words. */
export function readConfigErrors(text: string, folder: string): ReadonlyMap<string, string> {
  const errors = new Map<string, string>()
  for (const line of text.split('\n')) {
    const at = line.indexOf(`[${folder}/`)
    if (at < 0 || !line.includes('ALERT')) continue
    const [, path = '', words = ''] = /^([^:\]]+)(?::\d+)?\] *:? *(.*)$/.exec(line.slice(at + folder.length + 2)) ?? []
    if (!errors.has(path)) errors.set(path, words)
  }
  return errors
}

/** Of TCP one that listens, of UDP one that hears everybody. */
const listening = { tcp: '0A', udp: '07' }

/** Listening sockets of the host (as `listenersScript` tells them) that are none of our own: address, or `*`, with port. */
export function readListeners(text: string, protocol: 'tcp' | 'udp' = 'tcp'): readonly Bind[] {
  const own = new Set([...text.matchAll(/^own (\d+)$/gm)].map(([, inode]) => inode))
  return text.split('\n').flatMap((line) => {
    const [of, ...fields] = line.trim().split(/\s+/)
    const [, hex = '', port = ''] = /^([0-9A-F]+):([0-9A-F]{4})$/.exec(fields[1] ?? '') ?? []
    if (of !== protocol || fields[3] !== listening[protocol] || own.has(fields[9])) return []
    return [{ address: /^0+$/.test(hex) ? '*' : addressOf(hex), port: Number.parseInt(port, 16) }]
  })
}

export interface TakenPorts {
  /** As `bindText` writes them. */
  readonly taken: ReadonlySet<string>
  /** Of those at one address only: a port of the same address that is free. */
  readonly moved: ReadonlyMap<string, number>
}

/** Out of reach of what the kernel gives to clients. */
const otherPorts = { first: 61_000, count: 4000 }

/** What of the wanted binds HAProxy cannot have, as others listen there, and what it can have instead. */
export function takenPorts(wanted: readonly Bind[], listeners: readonly Bind[]): TakenPorts {
  const busy = new Map<number, Bind[]>()
  for (const listener of listeners) busy.set(listener.port, [...(busy.get(listener.port) ?? []), listener])
  const isTaken = ({ address, port }: Bind) =>
    (busy.get(port) ?? []).some((other) => [address, other.address].includes('*') || other.address === address)
  const lost = wanted.filter(isTaken)
  const used = new Set(lost.length > 0 ? wanted.flatMap(({ port }) => port) : [])
  const free = (port: number) => {
    for (let step = 0; step < otherPorts.count; step += 1) {
      const other = otherPorts.first + ((port + step) % otherPorts.count)
      if (!busy.has(other) && !used.has(other)) return other
    }
    return undefined
  }
  const moved = new Map<string, number>()
  const numbers = new Map<number, number>()
  for (const bind of lost) {
    if (bind.address === '*') continue
    const other = numbers.get(bind.port) ?? free(bind.port)
    if (other === undefined) continue
    numbers.set(bind.port, other)
    used.add(other)
    moved.set(bindText(bind), other)
  }
  return { taken: new Set(lost.map(bindText)), moved }
}

/** In the byte order of the machine, which is little endian wherever Docker runs. IPv4 in IPv6 ends with it. */
function addressOf(hex: string): string {
  const bytes = hex.slice(-8).match(/../g) ?? []
  return bytes
    .map((byte) => Number.parseInt(byte, 16))
    .reverse()
    .join('.')
}

/** `Uptime_sec` of `show info`. */
export function readUptimeSeconds(text: string): number {
  return Number(/^Uptime_sec: (\d+)$/m.exec(text)?.[1] ?? 0)
}

/** `show table`, of one or several: whom clients stick to, as commands that say the same to another worker. */
export function readAffinity(text: string): readonly string[] {
  let table = ''
  return text.split('\n').flatMap((line) => {
    table = /^# table: ([^,]+)/.exec(line)?.[1] ?? table
    const [, key, id] = / key=(\S+) .*server_id=(\d+)/.exec(line) ?? []
    return key === undefined ? [] : [`set table ${table} key ${key} data.server_id ${id}`]
  })
}
