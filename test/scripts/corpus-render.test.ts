import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { deflateRawSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkFolder } from '../../scripts/corpus/check.ts'
import { foldersOf, projectsOf } from '../../scripts/corpus/folders.ts'
import { conflicts, leftOut, refusals, tables } from '../../scripts/corpus/print.ts'
import { filesOf, type Rendered, reasonOf, render } from '../../scripts/corpus/render.ts'
import { ensureCorpusTools, unzip } from '../../scripts/corpus-tools.mjs'

const configMap = (name: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n`
const chart = (name: string, more = '') => `apiVersion: v2\nname: ${name}\nversion: 1.0.0\n${more}`
const dependency = (name: string, repository: string) =>
  `dependencies: [{ name: ${name}, version: 1.0.0, repository: "${repository}" }]\n`

const corpus: Readonly<Record<string, string>> = {
  'plain/one.yaml': configMap('plain'),
  'base/kustomization.yaml': 'resources: [one.yaml]\n',
  'base/one.yaml': configMap('one'),
  'overlay/kustomization.yml': 'namePrefix: my-\nresources: [../base]\n',
  'part/kustomization.yaml': 'kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\nimages: []\n',
  'remote/kustomization.yaml': 'resources: ["https://github.com/example/shop//base?ref=main"]\n',
  'lone/kustomization.yaml': 'resources: [gone.yaml]\n',
  'shop/Chart.yaml': chart('shop', dependency('cart', 'file://../cart')),
  'shop/values.yaml': 'size: large\n',
  'shop/templates/front.yaml': `${configMap('front')}data: { size: {{ .Values.size }} }\n---\n${configMap('back')}`,
  'shop/templates/tests/try.yaml': `${configMap('try')}  annotations: { helm.sh/hook: test }\n`,
  'cart/Chart.yaml': chart('cart'),
  'cart/templates/pod.yaml':
    'apiVersion: v1\nkind: Pod\nmetadata: { name: cart }\nspec: { containers: [{ name: a }] }\n',
  'far/Chart.yaml': chart('far', dependency('redis', 'https://charts.example.com')),
}

let root = ''
let rendered: Rendered

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'corpus-'))
  for (const [path, text] of Object.entries(corpus)) {
    mkdirSync(join(root, dirname(path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  rendered = await render(root, projectsOf(root), ensureCorpusTools())
}, 240_000)

afterAll(() => rmSync(root, { recursive: true }))

test('kubectl and helm render what they can, each file named by what it came from', () => {
  const files = rendered.folders.map(({ source, files }) => [source, ...files.map(({ path }) => path).sort()])
  expect(files).toEqual([
    ['kustomization', 'base/configmap-one.yaml'],
    ['chart', 'cart/templates/pod.yaml'],
    ['kustomization', 'overlay/configmap-my-one.yaml'],
    ['chart', 'shop/charts/cart/templates/pod.yaml', 'shop/templates/front.yaml'],
  ])
  const front = rendered.folders.at(-1)?.files.find(({ path }) => path === 'shop/templates/front.yaml')
  expect(new TextDecoder().decode(front?.bytes)).toMatch(
    /name: front\ndata: \{ size: large \}\n[\s\S]*---\n[\s\S]*name: back/,
  )
})

test('the rest is listed with the reason, and asks nobody on the network', () => {
  expect(leftOut(rendered.notRendered)).toEqual([
    '4 charts and kustomizations are not rendered:',
    '  chart far: needs network: the charts redis',
    expect.stringMatching(/^ {2}kustomization lone: accumulating resources: .*'gone.yaml'/),
    '  kustomization part: a component, which is part of others only',
    '  kustomization remote: needs network: https://github.com/example/shop//base?ref=main',
  ])
})

test('what was rendered is judged as what was written, in a table of its own', () => {
  const verdicts = [...foldersOf(root), ...rendered.folders].map(checkFolder)
  const totals = tables(verdicts).filter((line) => !/^(L\d|level)/.test(line))
  expect(totals.map((line) => line.replaceAll(/ +/g, ' '))).toEqual([
    'manifests as they are',
    'all 1 of 1 (100 %) 1 of 1 (100 %)',
    '',
    'rendered by kubectl kustomize',
    'all 2 of 2 (100 %) 2 of 2 (100 %)',
    '',
    'rendered by helm template',
    'all 2 of 4 (50 %) 0 of 2 (0 %)',
    '',
    'all',
    'all 5 of 7 (71 %) 3 of 5 (60 %)',
  ])
  expect(refusals(verdicts)).toEqual([
    '2 documents are refused:',
    expect.stringMatching(/^ {2}L0 cart\/templates\/pod\.yaml:\d+: spec\.containers\[0\]\.image: /),
    expect.stringMatching(/^ {2}L0 shop\/charts\/cart\/templates\/pod\.yaml:\d+: spec\.containers\[0\]\.image: /),
  ])
  expect(conflicts(verdicts)).toHaveLength(1)
})

test('documents that do not go together are listed for their folder', () => {
  const files = ['a.yaml', 'b.yaml'].map((path) => ({ path, bytes: Buffer.from(configMap('same')) }))
  const [title, line] = conflicts([checkFolder({ path: '.', source: 'manifests', files })])
  expect(title).toMatch(/^1 folders/)
  expect(line).toMatch(/^ {2}L1 b\.yaml:1: metadata\.name: .*another one in a\.yaml/)
})

test('a document of comments is no file', () => {
  expect(filesOf('---\n# Source: shop/templates/off.yaml\n', 'shop')).toEqual([])
})

test.each([
  ['error: loading KV pairs: no such file or directory\nmore', 'loading KV pairs: no such file or directory'],
  [
    "error: git@example.com:a/b': failed to run 'git fetch --depth=1 git@example.com:a/b HEAD': x",
    /git@example\.com:a\/b$/,
  ],
  ['error: trouble configuring builtin HelmChart: `\nname: x\n`: must specify --enable-helm', /^needs network/],
  ['took longer than 60 s', 'took longer than 60 s'],
])('the reason in %j', (words, reason) => {
  expect(reasonOf(words)).toMatch(reason)
})

test('files of a zip archive, stored or deflated', () => {
  const files = [
    { name: 'bin/', bytes: Buffer.alloc(0), deflate: false },
    { name: 'bin/a', bytes: Buffer.from('aaaaaaaaaaaaaaaa'), deflate: true },
    { name: 'b', bytes: Buffer.from('bb'), deflate: false },
  ]
  const read = unzip(zip(files))
  expect([...read].map(([name, bytes]) => [name, bytes.toString()])).toEqual([
    ['bin/a', 'aaaaaaaaaaaaaaaa'],
    ['b', 'bb'],
  ])
  expect(() => unzip(Buffer.from('no archive'))).toThrow(/expected a zip archive/)
})

/** As the format has it, with nothing in the fields that are not read. */
function zip(files: readonly { readonly name: string; readonly bytes: Buffer; readonly deflate: boolean }[]): Buffer {
  const bodies: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { name, bytes, deflate } of files) {
    const packed = deflate ? deflateRawSync(bytes) : bytes
    const local = Buffer.alloc(30)
    local.writeUInt16LE(name.length, 26)
    local.writeUInt16LE(2, 28)
    const body = Buffer.concat([local, Buffer.from(name), Buffer.from('xx'), packed])
    const entry = Buffer.alloc(46)
    entry.writeUInt16LE(deflate ? 8 : 0, 10)
    entry.writeUInt32LE(packed.length, 20)
    entry.writeUInt16LE(name.length, 28)
    entry.writeUInt16LE(3, 30)
    entry.writeUInt32LE(offset, 42)
    bodies.push(body)
    directory.push(entry, Buffer.from(name), Buffer.from('yyy'))
    offset += body.length
  }
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(files.length, 10)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...bodies, ...directory, end])
}
