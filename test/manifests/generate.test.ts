import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const handWritten = ['application.json', 'engine.json']

async function textsOf(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).filter((name) => !handWritten.includes(name)).sort()
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))
  return Object.fromEntries(names.map((name, index) => [name, texts[index]!]))
}

test('schemas, types and validators are what the generator makes', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'berth-generate-'))
  try {
    await promisify(execFile)(process.execPath, [join(root, 'scripts/generate.ts'), folder])
    for (const part of ['schema', 'generated']) {
      const made = await textsOf(join(folder, part))
      const committed = await textsOf(join(root, 'src/manifests', part))
      expect(Object.keys(committed)).toEqual(Object.keys(made))
      for (const [name, text] of Object.entries(made))
        expect(committed[name] === text, `${part}/${name} is stale`).toBe(true)
    }
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('the validators need nothing but themselves', async () => {
  const text = await readFile(join(root, 'src/manifests/generated/validators.js'), 'utf8')
  expect(text).not.toMatch(/\brequire\(|^import /m)
})
