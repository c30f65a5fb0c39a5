import { describe, expect, test } from 'vitest'
import { compareContainer } from '../../../src/diff/compare.ts'
import type { ConfigMap, Container, PodSpec } from '../../../src/manifests/types.ts'
import { containersFor } from '../../../src/reconcile/plan/containers.ts'
import type { Template } from '../../../src/reconcile/plan/desired.ts'
import { onConfigChange } from '../../../src/reconcile/plan/on-config-change.ts'
import { resolveTemplate } from '../../../src/reconcile/plan/template.ts'
import { container, liveContainer, podSpec } from './world.ts'

const annotation = 'berth.dev/on-config-change'
const storage = { claim: () => undefined, claimTemplate: () => undefined, claimTemplates: [] }

const byVariable = podSpec({
  containers: [
    container({
      env: [
        { name: 'LEVEL', valueFrom: { configMapKeyRef: { name: 'settings', key: 'level' } } },
        { name: 'URL', value: 'http://$(LEVEL)' },
        { name: 'FIXED', value: '1' },
      ],
    }),
  ],
})
const byVolume = podSpec({ volumes: [{ name: 'v', configMap: { name: 'settings', defaultMode: 0o644 } }] })
const plain = podSpec()

function resolve(spec: PodSpec, mode: string, level: string): Template {
  const settings: ConfigMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data: { level } }
  const annotations: Record<string, string> = mode === '' ? {} : { [annotation]: mode }
  return resolveTemplate({ spec }, 'shop', 'Deployment/web', () => settings, { storage, annotations, limitRanges: [] })
}

describe('a change of data that is read', () => {
  test.each([
    { mode: '', variables: 'new pods', volumes: 'in place' },
    { mode: 'roll', variables: 'new pods', volumes: 'new pods' },
    { mode: 'update', variables: 'nothing', volumes: 'in place' },
    { mode: 'ignore', variables: 'nothing', volumes: 'nothing' },
  ])('with "$mode": variables $variables, volumes $volumes', ({ mode, variables, volumes }) => {
    const effect = (spec: PodSpec) => {
      const [before, after] = [resolve(spec, mode, '1'), resolve(spec, mode, '2')]
      if (before.hash !== after.hash) return 'new pods'
      const [from, to] = [before, after].map((template) => template.volumes[0]?.contents?.version)
      return from !== to && after.followsConfig ? 'in place' : 'nothing'
    }
    expect([effect(byVariable), effect(byVolume)]).toEqual([variables, volumes])
  })
})

test('with "roll", pods of the old revision keep their files until they are replaced', () => {
  expect(resolve(byVolume, 'roll', '1').followsConfig).toBe(false)
})

test('pods that read nothing have one hash, whatever the workload says', () => {
  const hashes = ['', 'roll', 'update', 'ignore'].map((mode) => resolve(plain, mode, '1').hash)
  expect(new Set(hashes).size).toBe(1)
})

test.each([
  { workload: 'roll', template: 'ignore', expected: 'roll' },
  { workload: undefined, template: 'update', expected: 'update' },
  { workload: undefined, template: undefined, expected: 'usual' },
  { workload: 'sometimes', template: undefined, expected: 'usual' },
])('the workload ($workload) goes before its template ($template)', ({ workload, template, expected }) => {
  const of = (text: string | undefined) => (text === undefined ? {} : { [annotation]: text })
  expect(onConfigChange(of(workload), of(template))).toBe(expected)
})

describe('with "update", a running container', () => {
  const pod = { host: 'local', namespace: 'shop', name: 'web-0' }
  const differences = (changes: Partial<Container>, mode: string) => {
    const [first] = byVariable.containers
    const spec = podSpec({ containers: [container({ ...first, ...changes })] })
    const config = (level: string) => containersFor(resolve(spec, mode, level), pod)[0]
    const [was, wanted] = [config('1'), config('2')]
    if (!was || !wanted) throw new Error('the template has no container')
    return compareContainer(wanted, liveContainer('app', { config: was }), undefined).map(({ path }) => path)
  }
  const command = ['sh', '$(LEVEL)']
  const volumeMounts = [{ name: 'v', mountPath: '/v/', subPathExpr: '$(LEVEL)' }]

  test('keeps its variables, and what they flow into', () => {
    expect(differences({ command, args: ['$(URL)'], volumeMounts }, 'update')).toEqual([])
  })

  test('differs without the annotation', () => {
    const all = ['command', 'args', 'env.LEVEL', 'env.URL', 'mounts./v']
    expect(differences({ command, args: ['$(URL)'], volumeMounts }, '')).toEqual(all)
  })

  test('is not left alone in other things', () => {
    const names = resolve(byVariable, 'update', '1').containers[0]?.unfollowed
    expect(names).toEqual(['env.LEVEL', 'env.URL'])
  })
})
