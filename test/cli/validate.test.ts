import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

const program = new URL('../../bin/berth.js', import.meta.url).pathname
let dir: string

const config = (name: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\n`

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'berth-validate-'))
  mkdirSync(join(dir, 'good/deep'), { recursive: true })
  mkdirSync(join(dir, 'cwd'))
  writeFileSync(join(dir, 'good/a.yaml'), config('a'))
  writeFileSync(join(dir, 'good/deep/b.JSON'), '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"b"}}')
  writeFileSync(join(dir, 'good/notes.txt'), 'not a manifest')
  mkdirSync(join(dir, 'bad'))
  writeFileSync(join(dir, 'bad/a.yaml'), `${config('UPPER')}---\nkind: Podd\napiVersion: v1\n`)
  mkdirSync(join(dir, 'linked'))
  symlinkSync('/etc/passwd', join(dir, 'linked/a.yaml'))
})
afterAll(() => rmSync(dir, { recursive: true }))

function validate(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((done) => {
    execFile(process.execPath, [program, 'validate', ...args], { cwd: join(dir, 'cwd') }, (error, stdout, stderr) =>
      done({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    )
  })
}

test('reads folders wherever they lie', async () => {
  expect(await validate('../good')).toEqual({ code: 0, stdout: '2 objects in 2 files: no problems\n', stderr: '' })
})

test('tells all problems with file and line, and ends with 1', async () => {
  const { code, stdout } = await validate('../bad', '../good')
  expect(code).toBe(1)
  expect(stdout).toContain('../bad/a.yaml:3: metadata.name: ')
  expect(stdout).toContain('../bad/a.yaml:5: kind: ')
})

test.each([
  [['../none'], 'cannot read ../none'],
  [['../linked'], 'is a link'],
  [[], 'expected files or folders'],
])('%j ends with 2 and says why', async (paths, words) => {
  const { code, stderr } = await validate(...paths)
  expect(code).toBe(2)
  expect(stderr).toContain(words)
})
