import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { adapters } from './vector-adapters/index.ts'
import { runTopic, type Topic } from './vector-adapters/run.ts'

const folder = new URL('./vectors/', import.meta.url)
const topics = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .map((file): Topic => JSON.parse(readFileSync(new URL(file, folder), 'utf8')))
const known = topics.filter(({ topic }) => adapters[topic])

describe.each(known)('$topic', ({ topic, cases }) => {
  const result = runTopic({ topic, cases }, adapters[topic])

  test('holds in every case that is run', () => {
    expect(result.failures).toEqual([])
  })

  test('runs at least one case', () => {
    expect(result.passed).toBeGreaterThan(0)
  })
})

test('every adapter has its topic', () => {
  const names = topics.map(({ topic }) => topic)
  expect(names).toEqual(expect.arrayContaining(Object.keys(adapters)))
})

test('a wrong answer, a thrown one and a missing one are told apart', () => {
  const cases = ['wrong', 'throws', 'missing', 'right'].map((name) => ({ name, input: { fn: name }, expected: 1 }))
  const result = runTopic(
    { topic: 'made up', cases },
    {
      wrong: () => 2,
      throws: () => {
        throw new Error('no')
      },
      right: () => 1,
    },
  )
  expect(result).toMatchObject({ passed: 1, notYetRun: 1 })
  expect(result.failures.map(({ vector, found }) => [vector.name, found])).toEqual([
    ['wrong', 2],
    ['throws', { thrown: 'no' }],
  ])
})

afterAll(() => {
  const notYet = topics.flatMap((topic) => {
    const { notYetRun } = runTopic(topic, adapters[topic.topic])
    return notYetRun > 0 ? [`${topic.topic} (${notYetRun} of ${topic.cases.length})`] : []
  })
  if (notYet.length > 0) process.stdout.write(`vectors not yet run: ${notYet.join(', ')}\n`)
})
