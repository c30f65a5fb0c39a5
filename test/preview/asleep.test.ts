import { expect, test } from 'vitest'
import { asleep } from '../../src/preview/asleep.ts'
import { check } from '../manifests/manifest.ts'

const template = (more = '') =>
  `template: { metadata: { labels: { app: a } }, spec: { containers: [{ name: main, image: a }]${more} } }`
const selector = 'selector: { matchLabels: { app: a } }'
const object = (kind: string, apiVersion: string, spec: string) =>
  `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: { name: a }\nspec: { ${spec} }\n`
const never = ', restartPolicy: Never'

test.each([
  ['Deployment', object('Deployment', 'apps/v1', `replicas: 3, ${selector}, ${template()}`), { replicas: 0 }],
  ['ReplicaSet', object('ReplicaSet', 'apps/v1', `replicas: 3, ${selector}, ${template()}`), { replicas: 0 }],
  ['StatefulSet', object('StatefulSet', 'apps/v1', `serviceName: a, ${selector}, ${template()}`), { replicas: 0 }],
  ['ReplicationController', object('ReplicationController', 'v1', template()), { replicas: 0 }],
  ['Job', object('Job', 'batch/v1', template(never)), { suspend: true }],
  [
    'CronJob',
    object('CronJob', 'batch/v1', `schedule: "* * * * *", jobTemplate: { spec: { ${template(never)} } }`),
    { suspend: true },
  ],
  ['Service', object('Service', 'v1', 'selector: { app: a }, ports: [{ port: 80 }]'), { selector: { app: 'a' } }],
  ['DaemonSet', object('DaemonSet', 'apps/v1', `${selector}, ${template()}`), undefined],
  ['Pod', object('Pod', 'v1', 'containers: [{ name: main, image: a }]'), undefined],
  [
    'HorizontalPodAutoscaler',
    object(
      'HorizontalPodAutoscaler',
      'autoscaling/v2',
      'maxReplicas: 3, scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: a }',
    ),
    undefined,
  ],
])('a %s that sleeps has no pods', (_kind, text, expected) => {
  const { objects, problems } = check(text)
  expect(problems).toEqual([])
  const [slept] = [...asleep(objects).values()].map(({ object }) => ('spec' in object ? object.spec : {}))
  if (expected === undefined) expect(slept).toBeUndefined()
  else expect(slept).toMatchObject(expected)
})
