import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensureTestImages } from '../support/images.ts'
import { deployment, TestBerth } from './berth.ts'

let berth: TestBerth
let good: string
let pods: string[]

beforeAll(async () => {
  await ensureTestImages(process.env.BERTH_TEST_DOCKER ?? '')
  berth = new TestBerth('hostile')
  good = berth.repository.commit('Add', { 'app/web.yaml': deployment({ replicas: 1 }) })
  berth.start()
  await berth.synced(good)
  pods = await berth.pods()
})
afterAll(() => berth.close())

const config = (data: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: c }\ndata: ${data}\n`
const bomb = Array.from({ length: 9 }, (_, level) =>
  level === 0
    ? 'a0: &a0 [x]'
    : `a${level}: &a${level} [${Array(9)
        .fill(`*a${level - 1}`)
        .join(', ')}]`,
).join('\n')
const manyKeys = `\n${Array.from({ length: 50_000 }, (_, index) => `  k${index}: v`).join('\n')}`

/** What a commit adds below the watched folder, and words of the refusal. */
const commits: readonly { title: string; words: RegExp; add: (dir: string) => void }[] = [
  { title: 'flow nesting of 20,000', words: /nest|deep/i, add: file('bad.yaml', config('['.repeat(20_000))) },
  { title: 'a run of 1,000 dashes', words: /nest|deep/i, add: file('bad.yaml', '- '.repeat(1_000)) },
  { title: 'an alias bomb', words: /alias|anchor/i, add: file('bad.yaml', `${bomb}\n`) },
  { title: '50,000 keys', words: /5,?000|keys|entries/i, add: file('bad.yaml', config(manyKeys)) },
  {
    title: 'a key that stands twice',
    words: /twice|once|duplicate|already/i,
    add: file('bad.yaml', config('{ a: x, a: y }')),
  },
  { title: 'half a file', words: /bad\.yaml/, add: file('bad.yaml', deployment().slice(0, 300)) },
  { title: 'UTF-16', words: /UTF-16/, add: file('bad.yaml', Buffer.from(`\ufeff${config('{}')}`, 'utf16le')) },
  {
    title: 'bytes that are no text',
    words: /bad\.yaml/,
    add: file('bad.yaml', Buffer.from([0xff, 0xfe, 0x00, 0x80, 0x81])),
  },
  { title: 'a file of 2 MiB', words: /bytes|MiB|large/i, add: file('bad.yaml', `# ${'x'.repeat(2 ** 21)}\n`) },
  {
    title: 'an LFS pointer',
    words: /LFS/,
    add: file('bad.yaml', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n'),
  },
  { title: 'a link to /etc/passwd', words: /link/, add: (dir) => symlinkSync('/etc/passwd', join(dir, 'bad.yaml')) },
  { title: 'an unrendered template', words: /template/, add: file('bad.yaml', config('{{ .Values.data }}')) },
  { title: 'a kustomization', words: /kustomize/, add: file('kustomization.yaml', 'resources: [web.yaml]\n') },
]

function file(name: string, content: string | Buffer): (dir: string) => void {
  return (dir) => writeFileSync(join(dir, name), content)
}

/** Memory of the engine's process, bytes. */
function memory(): number {
  const { pid } = JSON.parse(readFileSync(join(berth.dir, 'state/engine.json'), 'utf8')) as { pid: number }
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kib) * 1024
}

test.each(commits)('$title is refused with the file, and everything keeps running', async ({ add, words }) => {
  const app = join(berth.repository.dir, 'app')
  const before = memory()
  add(app)
  const bad = berth.repository.commit('Something hostile', {})
  const status = await berth.until('it is refused', ({ head, sync }) => head === bad && sync === 'Refused')
  expect(JSON.stringify([status.message, status.problems])).toMatch(words)
  expect(status).toMatchObject({ commit: good, health: 'Healthy' })
  expect(status.problems.every((problem) => problem.file !== '' && problem.message.length < 1_000)).toBe(true)
  expect(await berth.pods()).toEqual(pods)
  expect(memory() - before).toBeLessThan(200 * 2 ** 20)

  execFileSync('git', ['rm', '-q', '-f', '--cached', '-r', 'app'], { cwd: berth.repository.dir })
  for (const name of ['bad.yaml', 'kustomization.yaml']) rmSync(join(app, name), { force: true })
  good = berth.repository.commit('Take it back', {})
  await berth.synced(good)
})
