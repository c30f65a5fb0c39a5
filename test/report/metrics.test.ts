import { expect, test } from 'vitest'
import { renderMetrics } from '../../src/report/metrics.ts'
import { type AppFacts, appStatus } from '../../src/report/status.ts'

const object = { namespace: 'shop', sync: 'Synced', ready: '', message: '', failed: false } as const
const facts: AppFacts = {
  name: 'shop',
  repo: 'https://git.example.com/shop.git',
  revision: 'main',
  path: '',
  commit: 'aaaaaaaaaa',
  subject: 'Add web',
  head: 'aaaaaaaaaa',
  stage: 'idle',
  error: '',
  refusal: undefined,
  objects: [
    { ...object, kind: 'Deployment', name: 'web', health: 'Degraded' },
    { ...object, kind: 'Deployment', name: 'api', health: 'Healthy' },
    { ...object, kind: 'ConfigMap', name: 'settings', health: 'Healthy' },
  ],
  unseen: 0,
  ignored: [],
  warnings: [],
  conflicts: ['a copy'],
  lastSync: { commit: 'aaaaaaaaaa', startedAt: 1_000, finishedAt: 3_500 },
}

test('an application is a set of gauges, one a state', () => {
  const lines = renderMetrics([appStatus(facts)]).split('\n')
  expect(lines.filter((line) => !line.startsWith('#') && !line.endsWith(' 0'))).toEqual([
    'berth_application_sync{app="shop",sync="Synced"} 1',
    'berth_application_health{app="shop",health="Degraded"} 1',
    'berth_application_objects{app="shop",health="Healthy"} 2',
    'berth_application_objects{app="shop",health="Degraded"} 1',
    'berth_application_conflicts{app="shop"} 1',
    'berth_application_last_sync_seconds{app="shop"} 2.5',
    'berth_application_last_sync_timestamp_seconds{app="shop"} 3.5',
    '',
  ])
  expect(lines).toContain('berth_application_sync{app="shop",sync="Unknown"} 0')
  expect(lines).toContain('# TYPE berth_application_sync gauge')
})

test('a commit under way has no duration, and names are quoted', () => {
  const lastSync = { commit: 'aaaaaaaaaa', startedAt: 1_000, finishedAt: undefined }
  const text = renderMetrics([appStatus({ ...facts, name: 'a"\\\nb', lastSync })])
  expect(text).not.toMatch(/^berth_application_last_sync/m)
  expect(text).toContain('berth_application_conflicts{app="a\\"\\\\\\nb"} 1')
})
