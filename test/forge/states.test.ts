import { expect, test } from 'vitest'
import { deploymentWords, statusWords, supersededWords } from '../../src/forge/states.ts'
import type { AppEvent } from '../../src/report/event.ts'

const about = { app: 'shop', commit: 'a'.repeat(40), subject: 'Add web', author: 'Ada', message: '', at: 0 }
const problems = 'web.yaml:3: spec.replicas: expected a number\nweb.yaml:9: kind: expected one'

const rows: readonly [Partial<AppEvent> & Pick<AppEvent, 'kind'>, string, string][] = [
  [{ kind: 'applying' }, 'pending Applying', 'in_progress Applying'],
  [{ kind: 'synced', durationMs: 12_300 }, 'success Synced in 12 s, healthy', 'success Synced in 12 s, healthy'],
  [
    { kind: 'synced', durationMs: 150_000 },
    'success Synced in 2 min 30 s, healthy',
    'success Synced in 2 min 30 s, healthy',
  ],
  [
    { kind: 'degraded', message: '\nDeployment web: exit code 1\nlast words: oops' },
    'failure Degraded: Deployment web: exit code 1',
    'failure Degraded: Deployment web: exit code 1',
  ],
  [
    { kind: 'refused', message: problems },
    'failure Refused: web.yaml:3: spec.replicas: expected a number (and 1 more)',
    'nothing',
  ],
  [
    { kind: 'held', message: 'it removes 3 of 4 objects; approve with Berth-Allow-Prune: yes' },
    'failure Held: it removes 3 of 4 objects; approve with Berth-Allow-Prune: yes',
    'nothing',
  ],
  [{ kind: 'unreachable', commit: '' }, 'nothing', 'nothing'],
  [{ kind: 'unreachable' }, 'nothing', 'nothing'],
  [
    { kind: 'rolledBack', rollback: 'b'.repeat(40), message: 'web crashed' },
    'failure Rolled back by bbbbbbb: web crashed',
    'failure Rolled back by bbbbbbb',
  ],
  [
    { kind: 'rolledBack', rollback: 'https://f/pull/1' },
    'failure Rolled back by https://f/pull/1',
    'failure Rolled back by https://f/pull/1',
  ],
  [
    { kind: 'rollbackFailed', message: 'no right to push' },
    'failure Failed, and could not be rolled back: no right to push',
    'failure Could not be rolled back: no right to push',
  ],
]

test.each(rows)('%o', (event, status, deployment) => {
  const words = (one: ReturnType<typeof statusWords> | ReturnType<typeof deploymentWords>): string =>
    one ? `${one.state} ${one.description}` : 'nothing'
  expect(words(statusWords({ ...about, ...event }))).toBe(status)
  expect(words(deploymentWords({ ...about, ...event }))).toBe(deployment)
})

test('a commit that was overtaken', () => {
  expect(supersededWords('c'.repeat(40))).toMatchObject({
    status: { state: 'error', description: 'Superseded by ccccccc before everything was there' },
    deployment: { state: 'inactive' },
  })
})
