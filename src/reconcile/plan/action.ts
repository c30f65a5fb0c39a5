import type { ContainerConfig, ContainerResources } from '../../runtime/live.ts'
import type {
  Attempt,
  PodRef,
  RegistryAuth,
  SandboxSpec,
  VolumeFill,
  VolumeSetup,
  VolumeSpec,
} from '../../runtime/port.ts'

/** One call to one engine. Every member is plain data, so that a plan can be printed, compared and replayed. */
export type Action =
  | { readonly kind: 'ensureNetwork'; readonly host: string; readonly namespace: string }
  | { readonly kind: 'removeNetwork'; readonly host: string; readonly namespace: string }
  | {
      readonly kind: 'pull'
      readonly host: string
      readonly image: string
      readonly auths?: readonly RegistryAuth[]
    }
  | { readonly kind: 'createVolume'; readonly host: string; readonly volume: VolumeSpec }
  | { readonly kind: 'fillVolume'; readonly host: string; readonly fill: VolumeFill }
  | { readonly kind: 'removeVolume'; readonly host: string; readonly name: string }
  | { readonly kind: 'setUpVolumes'; readonly pod: PodRef; readonly volumes: readonly VolumeSetup[] }
  | { readonly kind: 'createSandbox'; readonly pod: PodRef; readonly sandbox: SandboxSpec }
  | { readonly kind: 'createContainer'; readonly pod: PodRef; readonly config: ContainerConfig }
  | { readonly kind: 'recreateContainer'; readonly pod: PodRef; readonly id: string; readonly attempt: Attempt }
  | { readonly kind: 'start'; readonly pod: PodRef; readonly container: string }
  | { readonly kind: 'update'; readonly pod: PodRef; readonly id: string; readonly resources: ContainerResources }
  | { readonly kind: 'unpause'; readonly pod: PodRef; readonly id: string }
  | { readonly kind: 'markLeaving'; readonly pod: PodRef }
  | { readonly kind: 'stop'; readonly pod: PodRef; readonly id: string; readonly graceMs: number }
  | { readonly kind: 'remove'; readonly pod: PodRef; readonly id: string }

/**
 * Actions on one subject, done one after the other; different tasks may run side by side. `text` and `cause` are the words of
 * `berth diff`, of the log, of the history and of the status: `create pod web-5d9f-0 (replaces revision 7c6b)`.
 */
export interface Task {
  readonly host: string
  readonly text: string
  readonly cause: string
  readonly effect: Effect
  readonly actions: readonly Action[]
}

/** What a user notices: nothing, a restart of one container, a replacement that keeps the floor, or an interruption. */
export type Effect = 'none' | 'inPlace' | 'restart' | 'rolling' | 'downtime'

export interface Plan {
  readonly tasks: readonly Task[]
  readonly status: ObjectStatus
  /** Look again at this time (ms) even if nothing wakes the key, because `lookAgainFor` says so. */
  readonly lookAgainAt: number | undefined
  readonly lookAgainFor: string
}

export type Health = 'Healthy' | 'Progressing' | 'Degraded' | 'Suspended' | 'Missing'

/** One line of the sync status report. */
export interface ObjectStatus {
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly sync: 'Synced' | 'OutOfSync'
  readonly health: Health
  /** `2/3` for what has pods, else empty. */
  readonly ready: string
  /** Why, when it is not healthy: reason first, `ImagePullBackOff: …`. */
  readonly message: string
  /** A rollout that will not end by itself (deadline, crash loop). */
  readonly failed: boolean
}
