// What the engine is told: made by the command line from flags and from a configuration file.

export interface EngineSettings {
  /** Installation id: in a label of everything that is ours. Two installations never share one. */
  readonly id: string
  readonly hosts: readonly HostSettings[]
  readonly stateDir: string
  readonly pauseImage: string
  readonly network: NetworkSettings
  readonly applications: readonly ApplicationSettings[]
  /** Where the autoscaler asks for metrics that are not of Docker; undefined: nowhere. */
  readonly prometheusURL?: string | undefined
}

export interface NetworkSettings {
  readonly podCIDR: string
  readonly serviceCIDR: string
  /** 0: that of the host's way out, less the headers of a tunnel. */
  readonly mtu: number
  /** `names`: no node container; Services are names of Docker, without addresses and ports of their own. */
  readonly mode: 'services' | 'names'
  /** Of the node container. */
  readonly nodeImage: string
  /** `cluster.local` */
  readonly zone: string
  readonly ingress: IngressSettings
  /** Undefined: no certificates are asked for. */
  readonly acme: AcmeSettings | undefined
}

export interface IngressSettings {
  /** On every host; 0: none. */
  readonly httpPort: number
  readonly httpsPort: number
  /** Connections begin with the PROXY protocol, as a load balancer before the hosts speaks it. */
  readonly proxyProtocol: boolean
  /** Of the Ingresses that are served; undefined: any. */
  readonly className: string | undefined
}

/** The terms of the server are agreed to. */
export interface AcmeSettings {
  /** Address of the directory; undefined: the usual one. */
  readonly server: string | undefined
  readonly email: string | undefined
  /** Certificates that the server is trusted by; undefined: those of the system. */
  readonly caFile: string | undefined
}

export interface HostSettings {
  readonly name: string
  /** `unix:///path` or `tcp://host:port`. */
  readonly endpoint: string
  /** For placement, besides those that every host has; absent: none. */
  readonly labels?: Readonly<Record<string, string>>
  /** Absent: none. */
  readonly taints?: readonly HostTaintSettings[]
}

export interface HostTaintSettings {
  readonly key: string
  readonly value: string
  readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute'
}

export interface ApplicationSettings {
  readonly name: string
  readonly repoURL: string
  readonly revision: string
  /** Folder inside the repository; '' for its root. */
  readonly path: string
  readonly namespace: string
  readonly secretFile: string | undefined
  readonly intervalMs: number
  readonly prune: boolean
  /** `25%` or a whole number of objects. */
  readonly pruneBudget: string | number
  readonly selfHeal: boolean
  readonly podSecurity: 'privileged' | 'baseline' | 'restricted'
}
