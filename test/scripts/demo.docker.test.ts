import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { engineJson } from '../support/engine-call.ts'

const demo = resolve(import.meta.dirname, '../../scripts/demo.ts')
const host = process.env.BERTH_TEST_DOCKER ?? ''

test('the demo holds in every step and leaves nothing', { timeout: 300_000 }, async () => {
  const before = await inventory()
  const { status, stdout, stderr } = spawnSync(process.execPath, [demo, '--exit'], {
    encoding: 'utf8',
    env: { ...process.env, DOCKER_HOST: host },
  })
  expect(`${stdout}${stderr}`).toContain('all 6 steps held')
  expect(status).toBe(0)
  expect(await inventory()).toEqual(before)
})

/** What the demo might leave: its containers and networks on the engine, its folder. */
async function inventory(): Promise<string[]> {
  const filters = encodeURIComponent(JSON.stringify({ label: ['berth.dev/engine'] }))
  const containers = await engineJson<Marked[]>(host, 'GET', `/containers/json?all=1&filters=${filters}`)
  const networks = await engineJson<Marked[]>(host, 'GET', `/networks?filters=${filters}`)
  return [
    ...[...containers, ...networks].map(({ Labels }) => Labels['berth.dev/engine'] ?? ''),
    ...readdirSync(tmpdir()).filter((name) => name.startsWith('berth-demo-')),
  ].filter((name) => name.includes('demo-'))
}

interface Marked {
  readonly Labels: Readonly<Record<string, string>>
}
