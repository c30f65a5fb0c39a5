// What the engine is told: made by the command line from flags and from a configuration file.

import type { AppEventKind } from './report/event.ts'

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
  /** Where people reach the status server, for links; absent: there are none. */
  readonly externalURL?: string | undefined
  /** Absent: webhooks are off. */
  readonly webhooks?: WebhookSettings | undefined
  /** Absent: nobody. */
  readonly notifications?: readonly NotificationSettings[]
  /** Limits of all previews of all applications together, as in a ResourceQuota: `limits.cpu`, `limits.memory`, `pods`. Absent: none. */
  readonly previewQuota?: Readonly<Record<string, string>> | undefined
}

export interface WebhookSettings {
  /** `host:port` that serves webhooks only; undefined: the status server does. */
  readonly listen: string | undefined
  /** What senders sign with, or send as a token: one of the two. */
  readonly secretFile: string | undefined
  readonly secretEnv: string | undefined
}

/** Who is told of what. */
export interface NotificationSettings {
  readonly name: string
  readonly type: 'webhook' | 'slack' | 'matrix'
  /** One of the three. */
  readonly url: string | undefined
  readonly urlFile: string | undefined
  readonly urlEnv: string | undefined
  /** Bearer token; undefined: none. */
  readonly tokenFile: string | undefined
  readonly events: readonly AppEventKind[]
  /** None: all. */
  readonly applications: readonly string[]
  /** With `{{app}}` and the like; undefined: the usual words. */
  readonly template: string | undefined
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
  readonly credentials: CredentialSettings
  /** Undefined: signatures are not looked at. */
  readonly verify: VerifySettings | undefined
  readonly rollback: RollbackSettings
  /** Undefined: nothing is reported there. */
  readonly forge: ForgeSettings | undefined
  /** Whether the outcome of each commit is written as a Git note. */
  readonly notes: boolean
  /** Undefined: pull requests have no previews. */
  readonly previews: PreviewSettings | undefined
  readonly intervalMs: number
  readonly prune: boolean
  /** `25%` or a whole number of objects. */
  readonly pruneBudget: string | number
  readonly selfHeal: boolean
  readonly podSecurity: 'privileged' | 'baseline' | 'restricted'
}

/** At most one of `secretFile`, `secretEnv`, `githubApp` and `ssh`. Files and variables are read again at each use. */
export interface CredentialSettings {
  /** File with `token` or `user:password`. */
  readonly secretFile: string | undefined
  /** Environment variable with the same. */
  readonly secretEnv: string | undefined
  readonly githubApp: GitHubAppSettings | undefined
  readonly ssh: SshSettings | undefined
  /** Certificates (PEM) by which the server is trusted, besides those of the system. */
  readonly caFile: string | undefined
}

export interface GitHubAppSettings {
  readonly appId: string
  readonly installationId: string
  readonly privateKeyFile: string
  /** Undefined: that of github.com. */
  readonly apiURL: string | undefined
}

export interface SshSettings {
  readonly keyFile: string
  readonly passphraseFile: string | undefined
  readonly knownHostsFile: string
}

/** Whose signature a commit must bear to be applied. */
export interface VerifySettings {
  readonly mode: 'head'
  /** Each an absolute path of a file, or a public key itself: a line of ssh, or an armored OpenPGP block. */
  readonly keys: readonly string[]
}

export interface RollbackSettings {
  readonly onFailure: 'off' | 'revert' | 'pullRequest'
  /** How long a commit must have been healthy before it is one to go back to; a failure before that is the commit's own. */
  readonly observeMs: number
  /** ssh key that signs the commits that Berth writes; undefined: unsigned. */
  readonly signingKeyFile: string | undefined
  readonly author: { readonly name: string; readonly email: string }
}

/** Where commit statuses, deployments and pull requests are. One of `tokenFile`, `tokenEnv` and `githubApp`. */
export interface ForgeSettings {
  readonly provider: 'github' | 'gitlab' | 'gitea'
  /** Undefined: follows from the repository's address. */
  readonly apiURL: string | undefined
  /** `owner/name`; undefined: follows from the repository's address. */
  readonly repository: string | undefined
  readonly tokenFile: string | undefined
  readonly tokenEnv: string | undefined
  readonly githubApp: GitHubAppSettings | undefined
  readonly caFile: string | undefined
  readonly statuses: boolean
  readonly deployments: boolean
  readonly environment: string
}

/** Images that CI makes of each commit. */
export interface PreviewImageSettings {
  /** `owner/name` of the pull requests. */
  readonly repository: string
  /** Each takes the place of an image in the manifests, which is without tag. */
  readonly replace: readonly { readonly image: string; readonly imageTemplate: string }[]
  /** After so long a commit without an image is told to have failed. */
  readonly timeoutMs: number
}

/** Which pull requests have a running copy, and what that may do. */
export interface PreviewSettings {
  /** `branches`: each branch that fits stands for a pull request, without any forge. */
  readonly provider: 'github' | 'gitlab' | 'gitea' | 'branches'
  /** Of the provider `branches`: a name, or its beginning and `*`. */
  readonly branches: string
  /** Pull requests are those of another repository, whose image CI makes; undefined: those of the manifests. */
  readonly images: PreviewImageSettings | undefined
  /** Undefined: the branch that the application follows. */
  readonly targetBranch: string | undefined
  /** All of these must be there. */
  readonly labels: readonly string[]
  readonly drafts: boolean
  /** Previews at a time, and of these not asleep. */
  readonly max: number
  readonly maxAwake: number
  readonly ttlMs: number
  readonly sleepAfterMs: number
  readonly keepLabel: string
  readonly sleepLabel: string
  readonly approveLabel: string
  /** With `{{id}}` and `{{host}}`. */
  readonly hostTemplate: string
  /** Of Ingresses without a host, with `{{id}}`; undefined: such are refused. */
  readonly host: string | undefined
  readonly podSecurity: 'privileged' | 'baseline' | 'restricted'
  /** As in a ResourceQuota, of each preview. */
  readonly quota: Readonly<Record<string, string>>
  /** Whether pull requests are told of their previews, by a comment and by statuses of their commits; of a forge only. */
  readonly comments: boolean
  readonly statuses: boolean
  /** How long a hook on deletion may take before the preview goes all the same. */
  readonly hookTimeoutMs: number
  readonly intervalMs: number
}
