import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLog } from '../../src/base/log.ts'
import { readArguments, UsageError } from '../../src/cli/arguments.ts'
import { rollback } from '../../src/cli/rollback.ts'
import { Journal } from '../../src/journal/journal.ts'
import { TestRepository } from '../e2e/repository.ts'

let dir: string
let work: TestRepository
let bare: string
let out: string
let err: string

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'berth-rollback-'))
  work = new TestRepository(join(dir, 'work'))
  bare = join(dir, 'shop.git')
  execFileSync('git', ['init', '-q', '--bare', '-b', 'main', bare])
  out = ''
  err = ''
})
afterEach(() => {
  rmSync(dir, { recursive: true })
})

function push(message: string, files: Readonly<Record<string, string | null>>): string {
  const oid = work.commit(message, files)
  work.git('push', '-q', bare, 'HEAD:main')
  return oid
}

const git = (...args: string[]): string => execFileSync('git', ['-C', bare, ...args], { encoding: 'utf8' }).trim()

function berth(...more: string[]): Promise<number> {
  const argv = ['rollback', '--repo', bare, '--path', 'app', '--state-dir', join(dir, 'state'), ...more]
  const say = (text: string): void => {
    out += text
  }
  const complain = (text: string): void => {
    err += text
  }
  return rollback(readArguments(argv), { say, complain })
}

/** As the engine writes it down; newest last. */
function applied(...entries: readonly (readonly [commit: string, result: 'synced' | 'degraded'])[]): void {
  const journal = Journal.open(join(dir, 'state'), silentLog)
  entries.forEach(([commit, result], at) => {
    const id = journal.begin({ app: 'app', commit, subject: `Subject ${at}`, author: 'Ann', startedAt: at, stages: {} })
    journal.finish(id, result, '', at + 1, {})
  })
  journal.close()
}

test('goes back to the last healthy commit of the journal, and leaves all other paths as they are', async () => {
  const good = push('Good', { 'app/web.yaml': 'a: 1\n', 'other/x': '1\n' })
  const bad = push('Bad', { 'app/web.yaml': 'a: 2\n', 'app/more.yaml': 'b: 1\n' })
  const other = push('Elsewhere', { 'other/x': '2\n' })
  applied([good, 'synced'], [bad, 'degraded'], [other, 'degraded'])
  expect(await berth('--dry-run')).toBe(0)
  expect(out).toContain('nothing was pushed')
  expect(git('rev-parse', 'main')).toBe(other)

  out = ''
  expect(await berth('app')).toBe(0)
  const head = git('rev-parse', 'main')
  expect(out).toContain(`pushed ${head} to main of ${bare}`)
  expect(out).toContain('    app/more.yaml\n    app/web.yaml\n')
  expect(git('rev-parse', `${head}^`)).toBe(other)
  expect(git('rev-parse', 'main:app')).toBe(git('rev-parse', `${good}:app`))
  expect(git('rev-parse', 'main:other')).toBe(git('rev-parse', `${other}:other`))
  expect(git('log', '-1', '--format=%B', 'main')).toBe(
    `Roll back app to ${good.slice(0, 7)}\n\nThis takes back:\n\n- ${bad.slice(0, 7)} Bad\n\nBerth-Reverts: ${bad}\nBerth-Restores: ${good}\nBerth-App: app\nBerth-Manual: yes`,
  )
})

test('what is like the head already is no state to go back to', async () => {
  const good = push('Good', { 'app/web.yaml': 'a: 1\n' })
  const same = push('Elsewhere', { 'other/x': '2\n' })
  applied([good, 'synced'], [same, 'synced'])
  expect(await berth()).toBe(1)
  expect(err).toContain('nothing to roll back to')
  expect(await berth('--to', good)).toBe(1)
  expect(err).toContain('the head is like that already')
})

test('without a journal a revision can be named', async () => {
  const good = push('Good', { 'app/web.yaml': 'a: 1\n' })
  const middle = push('Two', { 'app/web.yaml': 'a: 2\n' })
  push('Three', { 'app/web.yaml': 'a: 3\n' })
  expect(await berth()).toBe(1)
  expect(await berth('--to', good, '-o', 'json')).toBe(0)
  const report = JSON.parse(out)
  expect(report).toMatchObject({ app: 'app', to: { oid: good }, paths: ['app/web.yaml'], pushed: true, branch: null })
  expect(report.commit).toBe(git('rev-parse', 'main'))
  expect(report.message).toContain(`Berth-Reverts: ${middle}`)
})

test('takes one commit back, and refuses with the paths when later ones stand in the way', async () => {
  const text = (first: string, last: string): string => `${first}\n${'same\n'.repeat(10)}${last}\n`
  push('Good', { 'app/web.yaml': text('1', '1') })
  const one = push('Change the first line', { 'app/web.yaml': text('2', '1') })
  push('Change the last line', { 'app/web.yaml': text('2', '2') })
  expect(await berth('--commit', one)).toBe(0)
  expect(git('show', 'main:app/web.yaml')).toBe(text('1', '2').trim())
  work.git('pull', '-q', bare, 'main')
  const next = push('Change the first line again', { 'app/web.yaml': text('3', '2') })
  push('And again', { 'app/web.yaml': text('4', '2') })
  expect(await berth('--commit', next)).toBe(1)
  expect(err).toContain('app/web.yaml')
})

test('a branch that is protected is told in the words of the remote', async () => {
  const good = push('Good', { 'app/web.yaml': 'a: 1\n' })
  push('Bad', { 'app/web.yaml': 'a: 2\n' })
  const hook = join(bare, 'hooks/pre-receive')
  writeFileSync(hook, '#!/bin/sh\necho main is protected >&2\nexit 1\n', { mode: 0o755 })
  expect(await berth('--to', good)).toBe(1)
  expect(err).not.toBe('')
  expect(git('log', '-1', '--format=%s', 'main')).toBe('Bad')
})

test('what is asked for has to make sense, and the repository has to be there', async () => {
  push('Good', { 'app/web.yaml': 'a: 1\n' })
  await expect(berth('--to', 'x', '--commit', 'y')).rejects.toThrow(UsageError)
  await expect(berth('blog')).rejects.toThrow('expected one of the applications app, found "blog"')
  await expect(berth('--to', 'f'.repeat(40))).rejects.toThrow('f'.repeat(40))
  rmSync(bare, { recursive: true })
  await expect(berth('--to', 'main')).rejects.toThrow()
})
