import { describe, expect, test } from 'vitest'
import { plan } from '../../../src/reconcile/plan/plan.ts'
import { renderPlan } from '../../../src/reconcile/plan/render.ts'
import { callsOf, tables, worldOf } from './rows.ts'

describe.each(tables)('%s', (_name, rows) => {
  test.each(rows)('$title', (row) => {
    const planned = plan(row.desired, worldOf(row))
    expect(renderPlan(planned)).toBe(row.expected)
    if (row.calls) expect(callsOf(planned.tasks[0])).toEqual(row.calls)
  })
})
