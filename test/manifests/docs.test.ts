import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type FieldTable, fields } from '../../src/manifests/fields.ts'
import { kinds } from '../../src/manifests/kinds.ts'
import { ignoredKinds } from '../../src/manifests/known-kinds.ts'
import { limits } from '../../src/manifests/prescan.ts'

const page = readFileSync(resolve(import.meta.dirname, '../../docs/manifests.md'), 'utf8')

/** Rows of the table below a heading, cell by cell, without its head. */
function tableBelow(heading: string): string[][] {
  const start = page.indexOf(`\n### ${heading}\n`)
  if (start < 0) return []
  const lines = page.slice(start).split('\n').slice(2)
  const from = lines.findIndex((line) => line.startsWith('|'))
  const length = lines.slice(from).findIndex((line) => !line.startsWith('|'))
  return lines.slice(from + 2, from + length).map((line) =>
    line
      .slice(1, -1)
      .split(' | ')
      .map((cell) => cell.trim().replaceAll('`', '')),
  )
}

describe('docs/manifests.md says what is done with', () => {
  test.each(Object.keys(fields) as FieldTable[])('each field of %s', (table) => {
    const rows = Object.entries(fields[table]).map(([name, { policy, note }]) => [name, policy, note])
    expect(tableBelow(table)).toEqual(rows)
  })

  test('the fields of each kind', () => {
    // Data is data.
    const plain = ['Namespace', 'ConfigMap', 'Secret']
    const tables = Object.keys(fields)
    const lacking = Object.keys(kinds).filter(
      (kind) => !plain.includes(kind) && !tables.some((table) => table === kind || table.startsWith(`${kind}.spec`)),
    )
    expect(lacking).toEqual([])
  })

  test('each kind that is honoured', () => {
    expect(tableBelow('Kinds').map(([kind]) => kind)).toEqual(Object.keys(kinds))
  })

  test('each kind that is ignored', () => {
    const rows = tableBelow('Ignored kinds').flatMap(([names = '', reason]) =>
      names.split(', ').map((name) => [name, reason]),
    )
    expect(rows.sort()).toEqual(Object.entries(ignoredKinds).sort())
  })

  test('each limit', () => {
    expect(tableBelow('Limits').map(([, value]) => Number(value?.replaceAll(',', '')))).toEqual(Object.values(limits))
  })
})
