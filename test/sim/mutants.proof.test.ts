import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { amiss, tables, worldOf } from '../reconcile/plan/rows.ts'
import { type Mutant, mutants } from './mutants.ts'
import { setMutants } from './mutants-sets.ts'
import { trafficMutants } from './mutants-traffic.ts'
import { type Planner, simulate } from './simulation.ts'

const source = fileURLToPath(new URL('../../src/', import.meta.url))
/** What bugs are planted in, and what they call: loaded again for each of them. */
const copied = ['cron', 'reconcile/plan']
/** Loaded once: a link leads to the very same modules. */
const linked = ['base', 'manifests', 'diff', 'runtime']
const mostSeeds = 120

describe('planted bugs are noticed', () => {
  let folder: string

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'berth-mutants-'))
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  test('the unchanged copy passes', async () => {
    const planner = await planted(folder, { title: 'none', file: 'reconcile/plan/plan.ts', from: '', to: '' })
    expect(failingRow(planner)).toBe('')
    expect((await simulate(1, planner)).failure).toBe('')
  })

  test.each([...mutants, ...setMutants, ...trafficMutants])('$title', async (mutant) => {
    expect(await noticedBy(await planted(folder, mutant), mutant.seed)).not.toBe('')
  })
})

/** The planner with one bug, loaded from a copy of the pure rooms. */
async function planted(folder: string, mutant: Mutant): Promise<Planner> {
  const copy = mkdtempSync(join(folder, 'src-'))
  mkdirSync(join(copy, 'reconcile'))
  for (const room of linked) symlinkSync(join(source, room), join(copy, room))
  for (const room of copied) cpSync(join(source, room), join(copy, room), { recursive: true })
  const file = join(copy, mutant.file)
  const text = readFileSync(file, 'utf8')
  if (mutant.from !== '') {
    expect(text.split(mutant.from), `"${mutant.from}" stands once in ${mutant.file}`).toHaveLength(2)
    writeFileSync(
      file,
      text.replace(mutant.from, () => mutant.to),
    )
  }
  cpSync(join(source, 'reconcile/admission.ts'), join(copy, 'reconcile/admission.ts'))
  const load = (path: string) => import(/* @vite-ignore */ pathToFileURL(join(copy, path)).href)
  return { ...(await load('reconcile/plan/plan.ts')), ...(await load('reconcile/admission.ts')) }
}

/** The table row or the seed that tells; empty: nothing did. */
async function noticedBy(planner: Planner, hint: number | undefined): Promise<string> {
  const row = failingRow(planner)
  if (row !== '') return row
  const seeds = Array.from({ length: mostSeeds }, (_, index) => index + 1)
  for (const seed of hint === undefined ? seeds : [hint, ...seeds]) {
    const { failure } = await attempt(() => simulate(seed, planner))
    if (failure !== '') return `seed ${seed}: ${failure}`
  }
  return ''
}

function failingRow(planner: Planner): string {
  for (const row of tables.flatMap(([, rows]) => rows)) {
    try {
      if (amiss(row, planner.plan(row.desired, worldOf(row))) !== '') return row.title
    } catch (error) {
      return `${row.title}: ${error}`
    }
  }
  return ''
}

/** A planner that throws is noticed too. */
async function attempt(run: () => Promise<{ readonly failure: string }>): Promise<{ readonly failure: string }> {
  try {
    return await run()
  } catch (error) {
    return { failure: String(error) }
  }
}
