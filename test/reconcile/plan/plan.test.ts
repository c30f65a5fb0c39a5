import { describe, expect, test } from 'vitest'
import { plan } from '../../../src/reconcile/plan/plan.ts'
import { renderPlan } from '../../../src/reconcile/plan/render.ts'
import { tables, worldOf } from './rows.ts'

describe.each(tables)('%s', (_name, rows) => {
  test.each(rows)('$title', (row) => {
    expect(renderPlan(plan(row.desired, worldOf(row)))).toBe(row.expected)
  })
})
