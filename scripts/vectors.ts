// Runs conformance vectors and prints one row per topic.
//   node scripts/vectors.ts [FOLDER]     FOLDER: instead of test/vectors
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { adapters } from '../test/vector-adapters/index.ts'
import { runTopic, type Topic, type TopicResult } from '../test/vector-adapters/run.ts'

const folder = process.argv[2] ?? fileURLToPath(new URL('../test/vectors', import.meta.url))

try {
  const results = await runFolder(folder)
  print(results)
  process.exitCode = results.some(({ failures }) => failures.length > 0) ? 1 : 0
} catch (error) {
  process.stderr.write(
    `cannot run the vectors in ${folder}: ${error instanceof Error ? error.message : String(error)}\n`,
  )
  process.exitCode = 2
}

async function runFolder(path: string): Promise<TopicResult[]> {
  const files = (await readdir(path)).filter((file) => file.endsWith('.json')).sort()
  if (files.length === 0) throw new Error('expected .json files, found none')
  const topics = await Promise.all(
    files.map(async (file): Promise<Topic> => JSON.parse(await readFile(join(path, file), 'utf8'))),
  )
  return topics.map((topic) => runTopic(topic, adapters[topic.topic]))
}

function print(results: readonly TopicResult[]): void {
  for (const { topic, failures } of results) {
    for (const { vector, found } of failures) {
      process.stdout.write(`FAILED ${topic}: ${vector.name}\n`)
      process.stdout.write(`  input    ${JSON.stringify(vector.input)}\n`)
      process.stdout.write(`  expected ${JSON.stringify(vector.expected)}\n`)
      process.stdout.write(`  found    ${JSON.stringify(found)}\n`)
    }
  }
  const width = Math.max(...results.map(({ topic }) => topic.length), 'topic'.length)
  const row = (topic: string, ...figures: (string | number)[]) =>
    process.stdout.write(`${topic.padEnd(width)}${figures.map((figure) => String(figure).padStart(13)).join('')}\n`)
  row('topic', 'cases', 'passed', 'failed', 'not yet run')
  for (const { topic, cases, passed, failures, notYetRun } of results)
    row(topic, cases, passed, failures.length, notYetRun)
  const sum = (of: (result: TopicResult) => number) => results.reduce((total, result) => total + of(result), 0)
  row(
    'all',
    sum((result) => result.cases),
    sum((result) => result.passed),
    sum((result) => result.failures.length),
    sum((result) => result.notYetRun),
  )
}
