import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { Sandbox } from './fixture.ts'

const scenario = new URL('./disk-scenario.ts', import.meta.url).pathname
const longestMs = 120_000

/** Runs the scenario in a mount namespace with a disk of 2 MB, which is gone with the process. */
async function onSmallDisk(what: string): Promise<unknown> {
  using sandbox = new Sandbox()
  const disk = sandbox.folder('disk')
  const inside = 'mount -t tmpfs -o size=2m none "$0" && exec "$@"'
  const namespaces = process.getuid?.() === 0 ? ['--mount'] : ['--user', '--map-root-user', '--mount']
  const args = [...namespaces, 'sh', '-c', inside, disk, process.execPath, scenario, disk, what]
  const { stdout } = await promisify(execFile)('unshare', args, { timeout: longestMs, killSignal: 'SIGKILL' })
  return JSON.parse(stdout)
}

test.each(['embedded', 'native'])(
  'G08 a full disk while fetching keeps what is there, %s',
  { timeout: longestMs },
  async (backend) => {
    const full = 'NO_SPACE, retried'
    expect(await onSmallDisk(backend)).toEqual({
      firstOnFull: full,
      firstAfter: 'done',
      onFull: [full, full],
      kept: ['a.yaml'],
      onSmall: [full, full],
      keptOnSmall: ['a.yaml'],
      after: 'done',
      found: ['a.yaml', 'b.bin'],
      leftovers: [],
    })
  },
)

test('a full disk leaves gaps in the journal, and nothing else', { timeout: longestMs }, async () => {
  expect(await onSmallDisk('journal')).toEqual({
    onFull: { applied: 'one', history: ['one'] },
    after: { applied: 'three', history: ['three', 'one'] },
    warned: true,
  })
})
