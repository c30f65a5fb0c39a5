import { expect, test } from 'vitest'
import { limited } from '../../src/preview/limits.ts'
import { preview } from './isolated.ts'

const quota = { pods: '20', 'limits.cpu': '4', 'limits.memory': '4Gi' }

test.each([
  {
    title: 'nothing: an eighth of the quota',
    says: {},
    limits: { cpu: '500m', memory: '512Mi' },
    requests: { cpu: '500m', memory: '512Mi' },
  },
  {
    title: 'a limit of memory: that stays',
    says: { limits: { memory: '64Mi' } },
    limits: { cpu: '500m', memory: '64Mi' },
    requests: { cpu: '500m', memory: '64Mi' },
  },
  {
    title: 'a request above the share: that is the limit',
    says: { requests: { cpu: '20m', memory: '1Gi' } },
    limits: { cpu: '500m', memory: '1Gi' },
    requests: { cpu: '20m', memory: '1Gi' },
  },
  {
    title: 'limits of 0, which Docker takes for none',
    says: { limits: { cpu: '0', memory: '0' } },
    limits: { cpu: '500m', memory: '512Mi' },
    requests: { cpu: '500m', memory: '512Mi' },
  },
])('a container that says $title', ({ says, limits, requests }) => {
  expect(limited(says, quota)).toEqual({ limits, requests })
})

test('what the quota does not count is left as it is', () => {
  const says = { limits: { cpu: '0' }, requests: { cpu: '1' } }
  expect(limited(says, { pods: '20' })).toEqual(says)
  expect(limited({}, { 'requests.memory': '1Gi' })).toEqual({ limits: {}, requests: { memory: '128Mi' } })
})

test('init containers are limited, too', () => {
  const { object } = preview(
    `
apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  initContainers: [{ name: init, image: "a:1" }]
  containers: [{ name: main, image: "a:1" }]
`,
    { quota },
  )
  const { containers, initContainers } = object('Pod/web').spec
  expect([...containers, ...initContainers].map(({ resources }) => resources.limits)).toEqual([
    { cpu: '500m', memory: '512Mi' },
    { cpu: '500m', memory: '512Mi' },
  ])
})
