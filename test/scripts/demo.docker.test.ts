import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { engineCall, engineJson } from '../support/engine-call.ts'
import { ensureNodeImage, testNodeImage } from '../support/node-image.ts'

const demo = resolve(import.meta.dirname, '../../scripts/demo.ts')
const host = process.env.BERTH_TEST_DOCKER ?? ''

test('the demo holds in every step and leaves nothing', { timeout: 600_000 }, async () => {
  const temporary = mkdtempSync(join(tmpdir(), 'berth-test-'))
  onTestFinished(() => rmSync(temporary, { recursive: true, force: true }))
  const before = await inventory()
  const { status, stdout, stderr } = spawnSync(process.execPath, [demo, '--exit'], {
    encoding: 'utf8',
    // Other tests listen at port 8080 of many addresses, and cannot where somebody has it at all.
    env: { ...process.env, DOCKER_HOST: host, TMPDIR: temporary, BERTH_DEMO_PORT: '9080' },
  })
  expect(`${stdout}${stderr}`).toContain('all 7 steps held')
  expect(stdout).toMatch(/\$ curl http:\/\/127\.0\.0\.1:\d+\/\n {2}shop-web version 2/)
  expect(stdout).toMatch(/ [1-9]\d{2,} requests meanwhile, 0 failed/)
  expect(stdout).toMatch(/\$ curl http:\/\/evening\.shop\.localhost:\d+\/\n {2}shop-web version 2: .* evening/)
  expect(stdout).toContain('left of the preview: 0 containers, 0 networks, 0 volumes')
  expect(status).toBe(0)
  expect(await inventory()).toEqual(before)
  const [, range = ''] = /Service +shop\/web .* (10\.127\.\d+)\.\d+$/m.exec(stdout) ?? []
  expect(await networkOf(range)).toBe('')
  expect(readdirSync(temporary)).toEqual([])
})

/** What demos have on the engine. */
async function inventory(): Promise<string[]> {
  const filters = encodeURIComponent(JSON.stringify({ label: ['berth.dev/engine'] }))
  const containers = await engineJson<Marked[]>(host, 'GET', `/containers/json?all=1&filters=${filters}`)
  const networks = await engineJson<Marked[]>(host, 'GET', `/networks?filters=${filters}`)
  const { Volumes: volumes } = await engineJson<{ Volumes: Marked[] | null }>(
    host,
    'GET',
    `/volumes?filters=${filters}`,
  )
  const owners = [...containers, ...networks, ...(volumes ?? [])].map(({ Labels }) => Labels['berth.dev/engine'] ?? '')
  return owners.filter((name) => name.startsWith('demo-')).sort()
}

interface Marked {
  readonly Labels: Readonly<Record<string, string>>
}

/** Rules, routes and addresses in the network of the engine's host that are of a demo whose Services are in this range. */
async function networkOf(range: string): Promise<string> {
  expect(range).not.toBe('')
  await ensureNodeImage(host)
  const { Id: id } = await engineJson<{ Id: string }>(host, 'POST', '/containers/create', {
    Image: testNodeImage,
    Tty: true,
    Cmd: ['sh', '-c', '{ nft list tables ip; ip route show table local; } | grep -F -e berth_demo_ -e "$0."', range],
    HostConfig: { NetworkMode: 'host', CapAdd: ['NET_ADMIN'] },
  })
  try {
    await engineJson(host, 'POST', `/containers/${id}/start`)
    await engineJson(host, 'POST', `/containers/${id}/wait`)
    return (await engineCall(host, 'GET', `/containers/${id}/logs?stdout=1&stderr=1`)).text
  } finally {
    await engineCall(host, 'DELETE', `/containers/${id}?force=1`)
  }
}
