import type { LivePod } from '../../runtime/live.ts'
import { endedAt, hasEnded } from './container-state.ts'
import type { Template } from './desired.ts'
import { indexOfName } from './job-identity.ts'
import { matchFailurePolicy, type PolicyMatch } from './job-policy.ts'
import { podFinishedAt } from './job-rules.ts'
import type { Observed } from './observe.ts'

type JobPodState = 'active' | 'succeeded' | 'failed' | 'ending'

/** One pod of a job. `ending`: on its way out, or what is left of one that cannot come back; it says nothing about the job. */
export interface JobPod {
  readonly observed: Observed
  readonly state: JobPodState
  /** Of an Indexed job. */
  readonly index: number | undefined
  /** When it ended, ms; of others without meaning. */
  readonly finishedAt: number
}

export function jobPod(observed: Observed, template: Template, indexed: boolean): JobPod {
  const { pod } = observed
  return {
    observed,
    state: stateOf(observed, template),
    index: indexed ? indexOfName(pod.name) : undefined,
    finishedAt: podFinishedAt({
      containers: mainContainers(pod, template).map((container) =>
        container && hasEnded(container) ? endedAt(container) : undefined,
      ),
      deletedAt: pod.leavingSince,
      createdAt: pod.createdAt,
    }),
  }
}

function stateOf({ bucket, phase, pod }: Observed, template: Template): JobPodState {
  if (bucket === 'leaving') return 'ending'
  if (phase === 'Succeeded') return 'succeeded'
  if (phase === 'Failed') return 'failed'
  return bucket === 'lost' ? stateOfRemains(pod, template) : 'active'
}

/** Its sandbox, which knew its spec, is gone; what its containers came to still counts. */
function stateOfRemains(pod: LivePod, template: Template): JobPodState {
  const mains = mainContainers(pod, template)
  if (!mains.every((container) => container && hasEnded(container))) return 'ending'
  if (mains.every((container) => container?.exitCode === 0)) return 'succeeded'
  return template.spec.restartPolicy === 'Never' ? 'failed' : 'ending'
}

function mainContainers(pod: LivePod, template: Template) {
  const names = (pod.spec ?? template.spec).containers.map(({ name }) => name)
  return names.map((name) => pod.containers.find((container) => container.name === name))
}

type Rules = Parameters<typeof matchFailurePolicy>[0]

/** What the pod failure policy makes of a failed pod. */
export function policyMatch({ observed }: JobPod, rules: Rules): PolicyMatch {
  const containers = observed.pod.containers.map((container) => ({
    name: container.name,
    exitCode: hasEnded(container) ? container.exitCode : undefined,
  }))
  return matchFailurePolicy(rules, { containers, conditions: [] })
}
