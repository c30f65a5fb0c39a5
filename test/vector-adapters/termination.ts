import { stopTimes } from '../../src/runtime/termination.ts'
import { container, object, pod } from '../manifests/manifest.ts'

interface TimelineInput {
  readonly gracePeriodSeconds: number
  readonly preStopSeconds: number | null
  readonly exitsAfterSigtermSeconds: number | null
}

export const termination = {
  timeline: ({ gracePeriodSeconds, preStopSeconds, exitsAfterSigtermSeconds }: TimelineInput) => {
    const hookMs = preStopSeconds === null ? undefined : preStopSeconds * 1000
    const { signalMs, killMs } = stopTimes(gracePeriodSeconds * 1000, hookMs)
    const [sigtermAt, killAt] = [signalMs / 1000, killMs / 1000]
    const exitsAt = exitsAfterSigtermSeconds === null ? Number.POSITIVE_INFINITY : sigtermAt + exitsAfterSigtermSeconds
    return { sigtermAt, sigkillAt: exitsAt < killAt ? null : killAt, stoppedAt: Math.min(exitsAt, killAt) }
  },
  effectiveGrace: ({ specSeconds }: { specSeconds: number | null }) => {
    const spec = specSeconds === null ? {} : { terminationGracePeriodSeconds: specSeconds }
    return { seconds: object('Pod', pod({ containers: [container], ...spec })).spec.terminationGracePeriodSeconds }
  },
}
