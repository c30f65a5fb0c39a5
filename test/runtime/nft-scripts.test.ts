import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { nftScripts } from '../../src/runtime/docker/node/nft-scripts.ts'

const scripts = nftScripts({ table: 'berth_test', podCIDR: '10.244.0.0/14', serviceCIDR: '10.96.0.0/16' })

/** Runs docker.sh where these programs say that they know Docker's chains or not; answers what they were told to put in. */
function inserted(programs: Readonly<Record<string, 'knows' | 'knows not'>>) {
  const folder = mkdtempSync(join(tmpdir(), 'berth-nft-'))
  mkdirSync(join(folder, 'state/nft'), { recursive: true })
  const log = join(folder, 'log')
  for (const [name, answer] of Object.entries(programs)) {
    const listing = answer === 'knows' ? 0 : 1
    const text = `#!/bin/sh
case "$*" in *"-L DOCKER-USER"*) exit ${listing};; *" -C "*) exit 1;; *" -I "*) echo "${name} $*" >>${log};; esac
`
    writeFileSync(join(folder, name), text)
    chmodSync(join(folder, name), 0o755)
  }
  const script = (scripts.get('nft/docker.sh') ?? '').replaceAll('/state/', `${folder}/state/`)
  const said = execFileSync('/bin/sh', ['-c', script], { env: { PATH: folder }, encoding: 'utf8' })
  const lines = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []
  return { said, lines: lines.map((line) => line.split(' ').slice(0, 1).join()) }
}

test.each([
  { programs: { 'iptables-nft': 'knows', 'iptables-legacy': 'knows not' }, used: 'iptables-nft' },
  { programs: { 'iptables-nft': 'knows not', 'iptables-legacy': 'knows' }, used: 'iptables-legacy' },
  { programs: { 'iptables-nft': 'knows not', iptables: 'knows' }, used: 'iptables' },
] as const)('rules go where those of Docker are: $used', ({ programs, used }) => {
  expect(inserted(programs)).toEqual({ said: '', lines: [used, used] })
})

test('says so where Docker has no rules any more', () => {
  const { said, lines } = inserted({ 'iptables-nft': 'knows not', 'iptables-legacy': 'knows not' })
  expect(said).toContain('the packet rules of Docker are gone')
  expect(lines).toEqual([])
})
