// Previews in HAProxy: when each was last asked for, and what becomes of requests while it has no pods. All of it stands in the backends of
// previews, so that requests to production never come by.
import { shortHash } from '../../base/hash.ts'
import { keyOf } from '../../base/key.ts'
import type { HaproxyList, HaproxyPart } from './haproxy-part.ts'
import { statePath } from './node-paths.ts'
import { holdRequests, type NetworkTable } from './table.ts'

/** Namespace -> what it has been asked for, by all backends of it. */
export const useTable = 'preview_use'
/** How long HAProxy remembers that, s. */
const useSeconds = 600

/** Requests of one preview that wait at a time. */
export const mostHeld = 100
/** How long each of them does, s. */
export const longestHoldSeconds = 60

const listPath = 'maps/previews.rest'
const listFile = `${statePath}/${listPath}`

/** Of requests that wait in a worker that is about to end: to the one that took its place, which looks for their backend anew. */
const againServers = { http: 'next_http', https: 'next_https' }

/** Servers of backends that lead to HAProxy itself. */
export const previewServers: ReadonlySet<string> = new Set(Object.values(againServers))

export const holdPath = 'haproxy/hold.lua'
/** `lua.hold NAMESPACE BACKEND`: returns once the backend has a server, or says in `txn.held` why it did not wait for one. */
export const holdText = `local rests = Map.new('${listFile}', Map._str)
core.register_action('hold', { 'http-req', 'tcp-req' }, function(txn, namespace, backend)
  local ends = core.now().sec + ${longestHoldSeconds}
  while core.now().sec < ends do
    if txn.f:stopping() ~= 0 then
      return txn:set_var('txn.held', 'again')
    end
    if txn.f:nbsrv(backend) > 0 then
      return
    end
    if rests:lookup(namespace) ~= '${holdRequests}' then
      return txn:set_var('txn.held', 'refused')
    end
    core.msleep(50)
  end
  txn:set_var('txn.held', 'late')
end, 2)
`

const previewsKey = keyOf({ namespace: '', kind: 'Namespace', name: '' })

/** What the backends of all previews need; undefined: there are none. */
export function previewPart(previews: NetworkTable['previews']): HaproxyPart | undefined {
  if (!previews || previews.size === 0) return undefined
  const lines = [
    // Another text needs a new worker.
    `# ${shortHash(holdText, 10)}`,
    'global',
    `  lua-load-per-thread ${statePath}/${holdPath}`,
    '',
    `backend ${useTable} from services`,
    `  stick-table type string len 64 size 10k expire ${useSeconds}s store conn_cur`,
  ]
  return {
    ...{ key: previewsKey, path: 'haproxy/10-previews.cfg', frame: `${lines.join('\n')}\n`, binds: [], backends: [] },
    lists: [restList(previews)],
  }
}

/** Of awake ones there is nothing to be said. */
function restList(previews: NonNullable<NetworkTable['previews']>): HaproxyList {
  const resting = [...previews].filter(([, rest]) => rest !== '').sort(([a], [b]) => (a < b ? -1 : 1))
  const entries = resting.map(([namespace, rest]): [string, string] => [namespace, rest.replaceAll(/\s+/g, ' ').trim()])
  return { kind: 'map', path: listPath, entries: new Map(entries) }
}

export interface Hold {
  /** To stand where a request is let in, before anything of it is rewritten. */
  readonly lines: readonly string[]
  /** What changes requests is to be left to the worker that they go on to. */
  readonly unless: string
  /** To stand beside the servers. */
  readonly servers: readonly string[]
}

/** For one backend of an Ingress of a preview. */
export function holdOf(namespace: string, backend: string): Hold {
  const rests = `set-var(txn.rest) str(${namespace}),map_str(${listFile})`
  const isHeld = `{ var(txn.rest) -m str ${holdRequests} }`
  const refuse = (seconds: number, format: string) =>
    `http-request return status 503 content-type text/plain hdr Retry-After ${seconds} ${format}`
  const again = '{ var(txn.held) -m str again }'
  return {
    lines: [
      `  http-request track-sc1 str(${namespace}) table ${useTable}`,
      `  http-request ${rests} if { nbsrv(${backend}) eq 0 }`,
      `  ${refuse(10, 'string "the preview wakes; too many requests wait for it\\n"')} if ${isHeld} { sc1_conn_cur(${useTable}) gt ${mostHeld} }`,
      `  http-request lua.hold ${namespace} ${backend} if ${isHeld}`,
      `  ${refuse(10, `string "the preview wakes; no pod was ready within ${longestHoldSeconds} s\\n"`)} if { var(txn.held) -m str late }`,
      // What is said of it may be another thing by now.
      '  http-request unset-var(txn.rest) if { var(txn.held) -m str refused }',
      `  http-request ${rests} if { var(txn.held) -m str refused }`,
      `  ${refuse(60, 'lf-string "the preview sleeps: %[var(txn.rest)]\\n"')} if { var(txn.rest) -m found } !${isHeld}`,
      // It may wait there once more, longer than a pod may take for an answer.
      `  http-request set-timeout server ${2 * longestHoldSeconds}s if ${again}`,
      `  http-response set-header connection close if ${again}`,
    ],
    unless: `unless ${again}`,
    servers: Object.entries(againServers).flatMap(([scheme, server]) => [
      `  use-server ${server} if ${again} { var(txn.scheme) -m str ${scheme} }`,
      // No request gets there by its turn, nor does it count as a pod.
      `  server ${server} unix@${statePath}/run/ingress-${scheme}.sock send-proxy-v2 weight 0`,
    ]),
  }
}

/** A node port of a preview. Who comes through it uses the preview and is held while it wakes; who comes from within it is neither. */
export interface HeldPort {
  readonly namespace: string
  /** The node port, and on which other one it is listened for. */
  readonly ports: readonly number[]
}

const comesBy = ({ ports }: HeldPort) => `{ dst_port ${ports.join(' ')} }`
const isToWake = ({ namespace }: HeldPort) => `{ str(${namespace}),map_str(${listFile}) -m str ${holdRequests} }`

/** In the frontend of the port. */
export function nodePortLines(port: HeldPort): string[] {
  return [`  tcp-request connection track-sc1 str(${port.namespace}) table ${useTable} if ${comesBy(port)}`]
}

/** In the frontend of a port that looks at connections alone, `tcp`: the backend of these. Without a pod there is nobody to give one to. */
export function nodePortRefusals(port: HeldPort, tcp: string): string[] {
  const refuse = `  tcp-request connection reject if { nbsrv(${tcp}) eq 0 } !{ stopping }`
  return [`${refuse} !${comesBy(port)}`, `${refuse} !${isToWake(port)}`]
}

/** In a backend of the port. What is held in a worker that is about to end goes on nowhere: nobody tells that one of pods. */
export function nodePortHold(port: HeldPort, backend: string, isHttp: boolean): string[] {
  const request = isHttp ? 'http-request' : 'tcp-request content'
  const refuse = isHttp ? 'http-request return status 503 hdr Retry-After 10' : 'tcp-request content reject'
  const held = `${comesBy(port)} { nbsrv(${backend}) eq 0 } ${isToWake(port)}`
  return [
    // A rule that takes its time needs it to be given; no other one does here.
    ...(isHttp ? [] : [`  tcp-request inspect-delay ${longestHoldSeconds + 1}s`]),
    `  ${refuse} if ${held} { sc1_conn_cur(${useTable}) gt ${mostHeld} }`,
    `  ${request} lua.hold ${port.namespace} ${backend} if ${held}`,
    `  ${refuse} if { var(txn.held) -m found }`,
  ]
}

/** `show table preview_use` of one or several workers: namespace -> how long ago it was last used, ms; 0: it is right now. */
export function readUses(text: string): ReadonlyMap<string, number> {
  const uses = new Map<string, number>()
  for (const [, namespace = '', users, left] of text.matchAll(/ key=(\S+) use=(\d+) exp=(\d+)/g)) {
    const age = users === '0' ? Math.max(0, useSeconds * 1000 - Number(left)) : 0
    uses.set(namespace, Math.min(age, uses.get(namespace) ?? age))
  }
  return uses
}
