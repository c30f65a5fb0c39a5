export const appEventKinds = [
  'applying',
  'synced',
  'degraded',
  'refused',
  'held',
  'unreachable',
  'rolledBack',
  'rollbackFailed',
] as const

export type AppEventKind = (typeof appEventKinds)[number]

/** One thing that people may want to hear of an application. Safe to print: no Secrets. */
export interface AppEvent {
  readonly app: string
  readonly kind: AppEventKind
  /** Full id of the commit it is about; empty when it is about none, as with `unreachable`. */
  readonly commit: string
  readonly subject: string
  readonly author: string
  /** Why, in one or several lines; may be empty. */
  readonly message: string
  /** ms. */
  readonly at: number
  /** Of `synced`: how long it took, ms. */
  readonly durationMs?: number
  /** Of `rolledBack`: the commit that Berth wrote, or the address of the pull request. */
  readonly rollback?: string
  /** The commit changed nothing of the application: it is of interest only to whoever looks at that commit. */
  readonly unchanged?: boolean
}
