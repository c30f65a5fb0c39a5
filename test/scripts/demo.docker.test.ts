import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { engineJson } from '../support/engine-call.ts'

const demo = resolve(import.meta.dirname, '../../scripts/demo.ts')
const host = process.env.BERTH_TEST_DOCKER ?? ''

test('the demo holds in every step and leaves nothing', { timeout: 300_000 }, async () => {
  const temporary = mkdtempSync(join(tmpdir(), 'berth-test-'))
  onTestFinished(() => rmSync(temporary, { recursive: true, force: true }))
  const before = await inventory()
  const { status, stdout, stderr } = spawnSync(process.execPath, [demo, '--exit'], {
    encoding: 'utf8',
    env: { ...process.env, DOCKER_HOST: host, TMPDIR: temporary },
  })
  expect(`${stdout}${stderr}`).toContain('all 6 steps held')
  expect(status).toBe(0)
  expect(await inventory()).toEqual(before)
  expect(readdirSync(temporary)).toEqual([])
})

/** What demos have on the engine. */
async function inventory(): Promise<string[]> {
  const filters = encodeURIComponent(JSON.stringify({ label: ['berth.dev/engine'] }))
  const containers = await engineJson<Marked[]>(host, 'GET', `/containers/json?all=1&filters=${filters}`)
  const networks = await engineJson<Marked[]>(host, 'GET', `/networks?filters=${filters}`)
  const owners = [...containers, ...networks].map(({ Labels }) => Labels['berth.dev/engine'] ?? '')
  return owners.filter((name) => name.startsWith('demo-')).sort()
}

interface Marked {
  readonly Labels: Readonly<Record<string, string>>
}
