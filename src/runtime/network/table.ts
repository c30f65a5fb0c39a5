// What the data path has to do, as plain data. Computed from wanted objects and live pods (`networking.ts`), rendered for HAProxy, DNS and
// nftables by the pure files beside this one, brought into effect on each host by `runtime/docker/node`. All lists are sorted, so that the
// same state renders to the same bytes.
import type { Key } from '../../base/key.ts'

/** The same for every host of the installation. */
export interface NetworkTable {
  /** By key. */
  readonly services: readonly ServiceRow[]
  readonly ingress: IngressTable
  readonly policies: readonly PolicyRow[]
  /** `cluster.local` */
  readonly zone: string
  /**
   * Namespaces of previews. What becomes of requests of an Ingress while none of the pods behind it is ready: they wait (`holdRequests`), are
   * refused in these words, or, empty, as in production. Absent: there are none.
   */
  readonly previews?: ReadonlyMap<string, string>
  /** Namespaces of previews: their pods reach no Services but their own, and nobody before policies of theirs are in. Absent: none. */
  readonly guests?: readonly string[]
  /** Those of them whose pods reach nothing of their host but Services and names. Absent: none. */
  readonly closed?: readonly string[]
}

/** They wait until a pod is ready. */
export const holdRequests = 'hold'

/** One Service. */
export interface ServiceRow {
  /** `namespace/Service/name` */
  readonly key: Key
  readonly namespace: string
  readonly name: string
  readonly type: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName'
  /** Empty: it has none (ExternalName). `None`: headless. */
  readonly clusterIP: string
  /** Only of ExternalName, else empty. */
  readonly externalName: string
  readonly externalIPs: readonly string[]
  /** Labels of the pods that it is for; empty: its addresses are written down elsewhere. */
  readonly selector: Readonly<Record<string, string>>
  /** LoadBalancer: also served on the hosts' own addresses, at `port`. Source ranges that may use it; empty: all. */
  readonly sourceRanges: readonly string[]
  /** How long a client stays with a pod, s; undefined: no affinity. */
  readonly affinitySeconds: number | undefined
  readonly ports: readonly ServicePortRow[]
  /** Addresses as names see them, headless ones under names of their own. */
  readonly addresses: readonly EndpointRow[]
}

export interface ServicePortRow {
  /** Empty: the only one. */
  readonly name: string
  readonly protocol: 'TCP' | 'UDP' | 'SCTP'
  readonly port: number
  /** 0: none. */
  readonly nodePort: number
  /**
   * How TCP is carried: `tcp` connection by connection, `http` request by request, `detect` by what the client says first (HTTP/1 request by
   * request, all else connection by connection), `kernel` by nftables without a proxy.
   */
  readonly mode: 'tcp' | 'http' | 'detect' | 'kernel'
  readonly backends: readonly BackendRow[]
}

/** One pod (or address of an Endpoints object) behind one port. */
export interface BackendRow {
  /** Unique in its port, stable as long as the pod is there: a server's name in HAProxy (letters, digits, `-`, `_`, `.`). */
  readonly name: string
  /** `namespace/name` of the pod; empty: an address that was written down. */
  readonly pod: string
  /** Empty: not known. */
  readonly host: string
  readonly address: string
  readonly port: number
  /**
   * `ready`: takes new work. `draining`: finishes what it has; one that never was in traffic is not taken in. `unknown`: Berth has just begun
   * to look and has not probed it yet: it stays as it is, in traffic or out of it. Who cannot tell what was takes it for `ready`. `last`: it
   * is to end, and there is nobody to take its place: it takes new work to its end, and its end waits for nothing.
   */
  readonly state: 'ready' | 'draining' | 'unknown' | 'last'
}

/** One address of a Service as DNS tells it. Only ready ones are listed. */
export interface EndpointRow {
  readonly address: string
  /** First label of its own name under the Service; undefined: made from the address. */
  readonly hostname: string | undefined
  readonly ports: readonly { readonly name: string; readonly protocol: string; readonly port: number }[]
}

export interface IngressTable {
  readonly routes: readonly IngressRoute[]
  readonly certificates: readonly Certificate[]
  /** Answers to ACME's HTTP-01 challenges: token -> key authorization. */
  readonly challenges: Readonly<Record<string, string>>
}

/** One path of one host. Several of one host and path: the first in the list wins (older Ingress, then name). */
export interface IngressRoute {
  /** `namespace/Ingress/name` */
  readonly ingress: Key
  /** Lower case; `*.example.com`; empty: any. */
  readonly host: string
  readonly path: string
  readonly pathType: 'Exact' | 'Prefix' | 'ImplementationSpecific'
  /** The last resort: whatever no other route serves. Of an Ingress without rules, or of `defaultBackend`. */
  readonly isDefault: boolean
  /** A port of `services`, by number; undefined: there is no such Service or port, 503. */
  readonly backend: { readonly service: Key; readonly port: number } | undefined
  /** TLS is configured for the host. */
  readonly tls: boolean
  readonly options: RouteOptions
}

/** What annotations ask for; undefined or empty: nothing, the default. Times in ms, sizes in bytes. */
export interface RouteOptions {
  readonly backendProtocol: 'http' | 'https' | 'h2c' | 'grpcs'
  /** Takes the place of the path; `$1`, `$2` are groups of the path taken as a regular expression. */
  readonly rewriteTarget: string | undefined
  readonly useRegex: boolean
  /** `https` instead of `http`, where the host has TLS; `forceRedirect` also where it has not (behind another proxy). */
  readonly sslRedirect: boolean
  readonly forceRedirect: boolean
  readonly redirect: { readonly code: number; readonly target: string } | undefined
  readonly appRoot: string | undefined
  readonly maxBodyBytes: number | undefined
  readonly connectTimeoutMs: number | undefined
  readonly readTimeoutMs: number | undefined
  readonly sendTimeoutMs: number | undefined
  readonly auth: { readonly realm: string; readonly users: Readonly<Record<string, string>> } | undefined
  readonly cors: CorsOptions | undefined
  readonly stickyCookie: { readonly name: string; readonly maxAgeSeconds: number | undefined } | undefined
  /** CIDRs; empty: all. */
  readonly allowSources: readonly string[]
  readonly denySources: readonly string[]
  readonly limitRequestsPerSecond: number | undefined
  readonly limitConnections: number | undefined
  /** Sent to the pod as Host; undefined: the client's. */
  readonly upstreamHost: string | undefined
  readonly requestHeaders: Readonly<Record<string, string>>
  readonly responseHeaders: Readonly<Record<string, string>>
  /** Canary: taken instead of the route of the same host and path that is none, for this share of requests or by this header or cookie. */
  readonly canary:
    | { readonly weight: number; readonly header: string; readonly headerValue: string; readonly cookie: string }
    | undefined
}

export interface CorsOptions {
  readonly origins: readonly string[]
  readonly methods: string
  readonly headers: string
  readonly exposeHeaders: string
  readonly credentials: boolean
  readonly maxAgeSeconds: number
}

/** A certificate with its key: secret, never shown or logged. */
export interface Certificate {
  /** `namespace/Secret/name`, or `/Certificate/<host>` for one obtained by ACME. */
  readonly key: Key
  /** Hosts that it is for, from the Ingresses; empty: the default one. */
  readonly hosts: readonly string[]
  /** Certificate chain and key, PEM. */
  readonly pem: string
}

/** A pod that some NetworkPolicy selects. Pods that none selects are not listed: their namespace's isolation is all. */
export interface PolicyRow {
  /** `namespace/name` */
  readonly pod: string
  readonly address: string
  readonly host: string
  /** Undefined: not restricted. Empty: nothing may. */
  readonly ingress: readonly PolicyRule[] | undefined
  readonly egress: readonly PolicyRule[] | undefined
}

/** Traffic that is let through. */
export interface PolicyRule {
  /** Addresses or CIDRs, sorted; undefined: anybody. */
  readonly peers: readonly string[] | undefined
  /** Of the peers those not meant (`except` of an ipBlock). */
  readonly except: readonly string[]
  /** Undefined: any. Of an ingress rule the pod's own, of an egress rule the peer's. */
  readonly ports:
    | readonly { readonly protocol: 'TCP' | 'UDP' | 'SCTP'; readonly from: number; readonly to: number }[]
    | undefined
}

/** Something of the table that a host cannot do; told in the status of the object. */
export interface NetworkProblem {
  readonly key: Key
  readonly message: string
}

/** What was given to a Service that did not ask for it, and is kept: in the node container's volume, read back on start. */
export interface Allocation {
  /** Empty: none. */
  readonly clusterIP: string
  /** `80/TCP` -> node port. */
  readonly nodePorts: Readonly<Record<string, number>>
}
