import { describe, expect, test } from 'vitest'
import { nearest } from '../../src/manifests/nearest.ts'
import { pathText } from '../../src/manifests/position.ts'
import { capProblems, renderProblem } from '../../src/manifests/problem.ts'
import { parseQuantity, toBytes, toMillis } from '../../src/manifests/quantity.ts'

describe('quantities as plain numbers', () => {
  test.each([
    ['1', 1000],
    ['500m', 500],
    ['0.1', 100],
    ['100u', 1],
    [undefined, 0],
  ])('%s of cpu', (text, millis) => {
    expect(toMillis(text)).toBe(millis)
  })
  test.each([
    ['64Mi', 67_108_864],
    ['1e3', 1000],
    ['128974848', 128_974_848],
    ['100m', 1],
    [undefined, 0],
  ])('%s of memory', (text, bytes) => {
    expect(toBytes(text)).toBe(bytes)
  })
  test.each(['1e1000000', '1e99', `${'9'.repeat(50)}`, '9223372036854775808', '16Ei'])(
    '%s is beyond what is counted',
    (text) => {
      expect(parseQuantity(text)).toBeUndefined()
    },
  )
  test('what no check let through is a bug, not a zero', () => {
    expect(() => toBytes('many')).toThrow(TypeError)
  })
})

test.each([
  ['replicass', 'replicas'],
  ['replcias', 'replicas'],
  ['Replicas', 'replicas'],
  ['serviceName', undefined],
  ['x', undefined],
])('nearest to %s is %s', (text, expected) => {
  expect(nearest(text, ['selector', 'replicas', 'template'])).toBe(expected)
})

test('paths are written as in manifests', () => {
  expect(pathText(['spec', 'containers', 0, 'ports', 12, 'name'])).toBe('spec.containers[0].ports[12].name')
  expect(pathText(['metadata', 'labels', 'app.kubernetes.io/name'])).toBe('metadata.labels["app.kubernetes.io/name"]')
  expect(pathText([])).toBe('')
})

describe('problems', () => {
  const problem = { file: 'apps/web.yaml', line: 14, path: 'spec.replicas', message: 'expected 1, found 2' }
  test('say where', () => {
    expect(renderProblem(problem)).toBe('apps/web.yaml:14: spec.replicas: expected 1, found 2')
    expect(renderProblem({ ...problem, line: 0, path: '' })).toBe('apps/web.yaml: expected 1, found 2')
  })
  test('escape the names of files', () => {
    expect(renderProblem({ ...problem, file: 'a\u001b[2J\n.yaml', path: '' })).toBe(
      'a\\u{1b}[2J .yaml:14: expected 1, found 2',
    )
  })
  test('are sorted and capped', () => {
    const many = [3, 1, 2].map((line) => ({ ...problem, line }))
    expect(capProblems(many).map(({ line }) => line)).toEqual([1, 2, 3])
    expect(capProblems(many, 1).map(({ line, message }) => [line, message])).toEqual([
      [1, 'expected 1, found 2'],
      [0, 'and 2 more problems from here on'],
    ])
  })
})
