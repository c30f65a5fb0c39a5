// What is said to a running HAProxy to bring it to a plan without a reload.
import { type BackendServers, type HaproxyList, type HaproxyServer, serverText } from './haproxy-part.ts'

/** A server as it runs. Open: it takes new work. */
export interface RunningServer {
  readonly address: string
  readonly port: number
  readonly open: boolean
}

/** Backend -> server -> how it is. */
export type RunningServers = ReadonlyMap<string, ReadonlyMap<string, RunningServer>>

/** New servers first, so that there is always one to take what comes. */
export function serverCommands(wanted: Iterable<BackendServers>, running: RunningServers): readonly string[] {
  const opening: string[] = []
  const closing: string[] = []
  for (const { name, servers, cookieKey } of wanted) {
    const present = running.get(name)
    if (!present) continue
    const commands = servers.flatMap((server) => openCommands(name, server, present.get(server.name)))
    opening.push(...commands)
    // Servers that are added have no cookie until the key is set again.
    if (cookieKey !== undefined && commands.length > 0) {
      opening.push(`set dynamic-cookie-key backend ${name} ${cookieKey}`)
    }
    const names = new Set(servers.map((server) => server.name))
    for (const [server, { open }] of present) {
      if (open && !names.has(server)) closing.push(closeCommand(name, server))
    }
  }
  return [...opening, ...closing]
}

/** In maintenance a server finishes what it has, and unlike in drain nobody who sticks to it comes back. */
export function closeCommand(backend: string, server: string): string {
  return `set server ${backend}/${server} state maint`
}

export function deleteCommand(backend: string, server: string): string {
  return `del server ${backend}/${server}`
}

function openCommands(backend: string, server: HaproxyServer, present: RunningServer | undefined): readonly string[] {
  const path = `${backend}/${server.name}`
  if (!present) return [`add server ${path} ${serverText(server)}`, `enable server ${path}`]
  const moved = present.address !== server.address || present.port !== server.port
  return [
    ...(moved ? [`set server ${path} addr ${server.address} port ${server.port}`] : []),
    ...(present.open ? [] : [`set server ${path} state ready`]),
  ]
}

/** `entries`: what HAProxy has of each list. A list that it does not have at all needs a reload. */
export function listCommands(
  wanted: Iterable<HaproxyList>,
  running: ReadonlyMap<string, ReadonlyMap<string, string>>,
): readonly string[] {
  return [...wanted].flatMap(({ kind, path, entries }) => {
    const present = running.get(path)
    if (!present) return []
    const file = `/state/${path}`
    const added = [...entries].flatMap(([pattern, value]) => {
      const before = present.get(pattern)
      if (before === value) return []
      const words = kind === 'map' ? [pattern, value] : [pattern]
      return `${before === undefined ? 'add' : 'set'} ${kind} ${file} ${words.map(commandWord).join(' ')}`
    })
    const gone = [...present.keys()].filter((pattern) => !entries.has(pattern))
    return [...added, ...gone.map((pattern) => `del ${kind} ${file} ${commandWord(pattern)}`)]
  })
}

/** A word of a command: blanks and semicolons would end it, and what ends with `<<` would wait for more lines. */
function commandWord(text: string): string {
  return text.replaceAll(/[\s;\\<]/g, '\\$&')
}

/** HAProxy takes no longer line than its buffer (16 kB). */
const longestLine = 12_000

/** Commands joined to as few lines as HAProxy takes. */
export function commandLines(commands: readonly string[]): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const command of commands) {
    if (line !== '' && line.length + command.length > longestLine) {
      lines.push(line)
      line = ''
    }
    line += line === '' ? command : `;${command}`
  }
  return line === '' ? lines : [...lines, line]
}

/** How the servers are once `serverCommands` took effect. */
export function afterCommands(wanted: Iterable<BackendServers>, running: RunningServers): RunningServers {
  const after = new Map(running)
  for (const { name, servers } of wanted) {
    const all = new Map<string, RunningServer>()
    for (const [server, was] of running.get(name) ?? []) all.set(server, { ...was, open: false })
    for (const { name: server, address, port } of servers) all.set(server, { address, port, open: true })
    after.set(name, all)
  }
  return after
}

/** Of `backend/server`. */
export function splitPath(path: string): [string, string] {
  const at = path.indexOf('/')
  return [path.slice(0, at), path.slice(at + 1)]
}

/** Without servers that are gone, `backend/server`. */
export function without(running: RunningServers, paths: readonly string[]): RunningServers {
  const rest = new Map(running)
  for (const path of paths) {
    const [backend, name] = splitPath(path)
    rest.set(backend, new Map([...(rest.get(backend) ?? [])].filter(([server]) => server !== name)))
  }
  return rest
}
