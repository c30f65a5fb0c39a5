import { isDeepStrictEqual } from 'node:util'
import type { Adapter } from './index.ts'

export interface Vector {
  readonly name: string
  readonly input: { readonly fn: string }
  readonly expected: unknown
}

export interface Topic {
  readonly topic: string
  readonly cases: readonly Vector[]
}

export interface Failure {
  readonly vector: Vector
  readonly found: unknown
}

export interface TopicResult {
  readonly topic: string
  readonly cases: number
  readonly passed: number
  readonly notYetRun: number
  readonly failures: readonly Failure[]
}

/** An adapter that answers undefined says that the case speaks of something that is not built yet. */
export function runTopic({ topic, cases }: Topic, adapters: Readonly<Record<string, Adapter>> = {}): TopicResult {
  const failures: Failure[] = []
  let passed = 0
  let notYetRun = 0
  for (const vector of cases) {
    const found = answer(adapters[vector.input.fn], vector)
    if (found === undefined) notYetRun += 1
    else if (isDeepStrictEqual(found, vector.expected)) passed += 1
    else failures.push({ vector, found })
  }
  return { topic, cases: cases.length, passed, notYetRun, failures }
}

function answer(adapter: Adapter | undefined, { input }: Vector): unknown {
  try {
    // A case's input fits the adapter of the rule that it names.
    return adapter?.(input as never)
  } catch (error) {
    return { thrown: error instanceof Error ? error.message : String(error) }
  }
}
