import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import type { NodeShell } from '../../src/runtime/docker/node/contract.ts'
import { HaproxyClient } from '../../src/runtime/docker/node/haproxy-client.ts'
import { PreviewUses } from '../../src/runtime/docker/node/preview-uses.ts'
import { holdRequests } from '../../src/runtime/network/table.ts'
import { FakeClock } from '../sim/fake-clock.ts'

const own = '10 master 1 [failed: 0] 0d00h00m08s 2.6\n# workers\n11 worker 0 0d00h00m08s 2.6\n'
const before = '7 master 0 [failed: 0] 0d00h09m08s 2.6\n# workers\n8 worker 0 0d00h09m08s 2.6\n'
const info = (stopping: number) => `Name: HAProxy\nStopping: ${stopping}\n`
const stat = (sessions: number) => `# pxname,svname,qcur,qmax,scur\nh_shop_web_80,web-0_8080,0,0,${sessions},4,,12,\n`
const count = 'show info;show fd 0;show stat h_shop_web_80 4 -1'
const table = 'show table preview_use'
const uses = (millis: number) => `# table: preview_use, type: string\n0x1: key=shop use=0 exp=${millis}\n`

/** What each socket answers to each command: one that is not there cannot be connected to, an empty one ends the connection. */
type Answers = Record<string, string>

/** A shell whose `socat` answers so. */
function client(answers: () => Answers): { readonly client: HaproxyClient; readonly asked: string[] } {
  const asked: string[] = []
  const run: NodeShell['run'] = async (script) => {
    asked.push(...[...script.matchAll(/echo '([^']*)' \| socat/g)].map(([, line = '']) => line))
    const cases = Object.entries(answers()).map(
      ([to, text]) => `'-t10 - UNIX-CONNECT:/state/run/${to}') printf '%s' '${text}';;`,
    )
    const socat = `socat() { read -r line; case "$* $line" in\n${cases.join('\n')}\n*) return 1;; esac; }`
    return execFileSync('sh', ['-c', `${socat}\n${script}`], { encoding: 'utf8' })
  }
  const shell = { run } as NodeShell
  return { client: new HaproxyClient(shell), asked }
}

const counted: { what: string; answers: Answers; sessions: number | undefined }[] = [
  {
    what: 'two containers',
    answers: {
      'master.sock show proc': own,
      'master.old.sock show proc': before,
      [`master.sock @!11;${count}`]: info(0) + stat(2),
      [`master.old.sock @!8;${count}`]: info(1) + stat(1),
    },
    sessions: 3,
  },
  {
    what: 'a worker that was replaced and does not know it yet',
    answers: {
      'master.sock show proc': own,
      'master.old.sock show proc': before,
      [`master.sock @!11;${count}`]: info(0) + stat(2),
      [`master.old.sock @!8;${count}`]: info(0) + stat(1),
    },
    sessions: undefined,
  },
  {
    what: 'a worker whose answer did not come',
    answers: { 'master.sock show proc': own, [`master.sock @!11;${count}`]: '' },
    sessions: undefined,
  },
  {
    what: 'a master that starts a worker, beside that of the container before',
    answers: { 'master.old.sock show proc': before, [`master.old.sock @!8;${count}`]: info(1) + stat(0) },
    sessions: undefined,
  },
  {
    what: 'a master that ends the connection, beside that of the container before',
    answers: {
      'master.sock show proc': '',
      'master.old.sock show proc': before,
      [`master.old.sock @!8;${count}`]: info(1) + stat(0),
    },
    sessions: undefined,
  },
]

test.each(counted)('sessions of $what: $sessions', async ({ answers, sessions }) => {
  const found = await client(() => answers).client.sessions(['h_shop_web_80'])
  expect(found?.get('h_shop_web_80/web-0_8080')).toBe(sessions)
})

test('workers that were replaced are asked again soon when their master was busy', async () => {
  const clock = new FakeClock()
  const found: string[] = []
  let answers: Answers = {
    [`haproxy.sock ${table}`]: '# table: preview_use, type: string\n',
    'master.sock show proc': '',
  }
  const { client: haproxy, asked } = client(() => answers)
  const watch = new PreviewUses(clock, (used) => found.push(...used.keys()))
  watch.follow(haproxy, new Map([['shop', holdRequests]]))
  const turn = async () => {
    clock.advance(500)
    for (let step = 0; step < 20; step++) await new Promise((next) => setImmediate(next))
  }
  await turn()
  expect(asked).toContain('show proc')
  expect(found).toEqual([])
  answers = { ...answers, 'master.sock show proc': `${own}# old workers\n9 worker 1 0d00h09m08s 2.6\n` }
  answers[`master.sock @!9;${table}`] = uses(600_000)
  await turn()
  expect(found).toEqual(['shop'])
  const times = () => asked.filter((line) => line === 'show proc').length
  const before = times()
  await turn()
  expect(times()).toBe(before)
  watch.stop()
})
