import { statePath, workerSocket } from './node-paths.ts'

/** What HAProxy's configuration depends on beside the table. */
export interface HaproxySettings {
  readonly engine: string
  readonly serviceCIDR: string
  /** 0: none. */
  readonly ingressHttpPort: number
  readonly ingressHttpsPort: number
  readonly proxyProtocol: boolean
}

export const basePath = 'haproxy/00-base.cfg'

/** For requests that come to a worker that is about to end: they go on to the one that took its place. */
export const nextBackend = 'next'
/** The same for connections. */
export const nextTcpBackend = 'next_tcp'
/** In each backend that leads to the next worker; names of pods' servers bear their ports. */
export const nextServer = 'next'

/**
 * HTTP of clients that have closed their sending side: HAProxy loses the answer to those when it takes a connection for HTTP half way. So
 * they go through a socket to a frontend that does nothing but HTTP, which is told the backend as the connection's unique id. All others
 * are spared that way round.
 */
export const halfClosedBackend = 'half_closed'
/** The only server of it. */
export const halfClosedServer = 'http'
export const halfClosedSocket = `${statePath}/run/half-closed.sock`

/** A fetch that HAProxy lacks: whether a client has closed its sending side. */
export const halfClosedFetch = 'lua.half_closed'
export const luaPath = 'haproxy/half-closed.lua'
export const luaText = `core.register_fetches('half_closed', function(txn)
  return not txn.req:may_recv()
end)
`

export const peersSection = 'berth'

/**
 * Time-outs are as long as HAProxy can count, because Kubernetes has none: a peer that is gone is found by keep-alive probes of the kernel.
 * Only idle connections of HTTP end, so that a worker that was replaced can end too.
 */
export function baseConfig(hash: string): string {
  return `global
  description ${hash}
  stats socket ${workerSocket} mode 600 level admin expose-fd listeners
  stats timeout 1m
  fd-hard-limit 100000
  # Connections may be open for days; memory of workers that carry nothing but those is what limits them.
  mworker-max-reloads 30
  localpeer berth
  lua-load-per-thread ${statePath}/${luaPath}
  # A connection that is closed while it is idle may just have been sent a request: it ends with its next answer.
  close-spread-time infinite

defaults services
  mode tcp
  balance roundrobin
  timeout connect 1s
  timeout client 24d
  timeout server 24d
  timeout tunnel 24d
  timeout http-keep-alive 10m
  retries 3
  option redispatch 1
  option idle-close-on-response
  option clitcpka
  clitcpka-idle 60s
  clitcpka-intvl 15s
  clitcpka-cnt 8
  option srvtcpka
  srvtcpka-idle 60s
  srvtcpka-intvl 15s
  srvtcpka-cnt 8

# What clients stick to outlives a reload: the worker that ends teaches the one that comes.
peers ${peersSection}
  peer berth unix@${statePath}/run/peers.sock

# The address that the client called, on this host, where the next worker listens.
backend ${nextBackend} from services
  mode http
  http-reuse never
  http-response set-header connection close
  retry-on conn-failure empty-response
  http-request disable-l7-retry unless { method GET HEAD OPTIONS }
  server ${nextServer} 0.0.0.0

backend ${nextTcpBackend} from services
  server ${nextServer} 0.0.0.0

backend ${halfClosedBackend} from services
  server ${halfClosedServer} unix@${halfClosedSocket} send-proxy-v2 proxy-v2-options unique-id

frontend f_${halfClosedBackend} from services
  mode http
  bind unix@${halfClosedSocket} mode 600 accept-proxy
  use_backend ${nextBackend} if { stopping }
  use_backend %[fc_pp_unique_id]
`
}
