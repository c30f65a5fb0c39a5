import { expect, test } from 'vitest'
import { completeOther } from '../../src/manifests/other-defaults.ts'

test('what is given stays, inside maps too', () => {
  const spec = { replicas: 0, updateStrategy: { rollingUpdate: { partition: 2 } } }
  expect(completeOther({ kind: 'StatefulSet', spec })).toMatchObject({
    spec: { replicas: 0, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } },
  })
})

test('OnDelete has no rolling parameters', () => {
  const filled = completeOther({ kind: 'DaemonSet', spec: { updateStrategy: { type: 'OnDelete' } } })
  expect(filled?.spec).toEqual({ updateStrategy: { type: 'OnDelete' }, revisionHistoryLimit: 10 })
})

test('a Job with parallelism alone is a work queue: no number of completions is made up', () => {
  expect(completeOther({ kind: 'Job', spec: { parallelism: 3 } })?.spec).not.toHaveProperty('completions')
  expect(completeOther({ kind: 'Job', spec: {} })?.spec).toMatchObject({ parallelism: 1, completions: 1 })
})

test('other kinds are left to others', () => {
  expect(completeOther({ kind: 'Deployment' })).toBeUndefined()
  expect(completeOther({ kind: 'constructor' })).toBeUndefined()
})
