import { expect, test } from 'vitest'
import { leftBehind } from '../src/reporting.ts'

test('pods of applications that nobody configured are told of', () => {
  const pods = [{ app: 'shop' }, { app: 'old' }, { app: 'blog' }, { app: 'old' }]
  expect(leftBehind(pods, (app) => app === 'shop')).toEqual([
    expect.stringMatching(/^1 pod of the application blog, which is not in the configuration: /),
    expect.stringMatching(/^2 pods of the application old, which is not in the configuration: /),
  ])
  expect(leftBehind(pods, () => true)).toEqual([])
})
