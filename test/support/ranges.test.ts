// Files that run at the same time share one network: what one of them ends takes the addresses of another along if they overlap.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { overlap, parseRange } from '../../src/runtime/docker/addresses.ts'

const folder = join(import.meta.dirname, '..')

/** Ranges that are written down in a file. `const range = 200` stands for two, of pods and of Services. */
function rangesIn(text: string): string[] {
  const [, second] = /^const range = (\d+)$/m.exec(text) ?? []
  const pairs = second === undefined ? [] : [0, 1].map((more) => `10.${Number(second) + more}.0.0/16`)
  return [...pairs, ...[...text.matchAll(/haproxyWorld\('([\d./]+)'/g)].map(([, range = '']) => range)]
}

test.each(['docker', 'proof'])('no two %s tests use the same addresses', (kind) => {
  const files = globSync(`**/*.${kind}.test.ts`, { cwd: folder })
  const all = files.flatMap((file) =>
    rangesIn(readFileSync(join(folder, file), 'utf8')).map((text) => ({ file, text, range: parseRange(text)! })),
  )
  expect(all.length).toBeGreaterThan(4)
  const clashes = all.flatMap((one, index) =>
    all
      .slice(index + 1)
      .filter((other) => overlap(one.range, other.range))
      .map((other) => `${one.file} ${one.text}, ${other.file} ${other.text}`),
  )
  expect(clashes).toEqual([])
})
