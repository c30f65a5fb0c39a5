import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

const program = new URL('../../bin/berth.js', import.meta.url).pathname

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'berth-program-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

/** Exit code and standard error; `deaf`: nobody reads standard output. */
function berth(argv: readonly string[], deaf = false): Promise<{ code: number | null; stderr: string }> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [program, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] })
    if (deaf) child.stdout.destroy()
    else child.stdout.resume()
    let stderr = ''
    child.stderr.on('data', (part: Buffer) => {
      stderr += part.toString()
    })
    child.once('error', fail)
    child.once('close', (code) => done({ code, stderr }))
  })
}

test.each([
  [['diff', 'shop'], 'diff: nothing is expected where "shop" stands'],
  [['status', 'shop', 'more'], 'status: nothing is expected where "more" stands'],
  [['preview', 'frob'], 'preview: expected list, open, sleep, wake, delete, found "frob"'],
  [['preview', 'open', 'shop'], 'preview open: expected an application and an id'],
])('%j has a word too many, or too few', async (argv, words) => {
  const { code, stderr } = await berth([...argv, '--repo', dir])
  expect(code).toBe(2)
  expect(stderr).toContain(words)
})

test('a reader that goes away does not break a command', async () => {
  const file = join(dir, 'c.yaml')
  writeFileSync(file, 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: c }\n')
  expect(await berth(['validate', file], true)).toEqual({ code: 0, stderr: '' })
})

test.each(['run', 'sync', 'diff', 'status', 'history'])(
  '%s on a state directory that is a file says so',
  async (command) => {
    const file = join(dir, 'state')
    writeFileSync(file, '')
    const { code, stderr } = await berth([command, '--repo', dir, '--state-dir', file])
    expect(code).toBe(2)
    expect(stderr).toContain(`cannot write to the state directory ${file}`)
    expect(stderr).toContain('--state-dir')
  },
)
