import { expect, test } from 'vitest'
import { ApplicationSource } from '../../src/source/application.ts'
import { ReadFiles } from '../../src/source/read-files.ts'
import type { FileRef } from '../../src/sync/port.ts'
import { MemoryRepository } from '../support/memory-repository.ts'

const config = (name: string, value = '1') =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\ndata: { key: "${value}" }\n`

/** Tells which files are read. */
class Counting extends MemoryRepository {
  readonly asked: string[] = []

  override read(files: readonly FileRef[]): ReturnType<MemoryRepository['read']> {
    this.asked.push(...files.map(({ path }) => path))
    return super.read(files)
  }
}

test('what one has accepted another one does not read again, but for what differs', async () => {
  const repository = new Counting()
  const files = new ReadFiles()
  const source = (from: ReadFiles) =>
    new ApplicationSource({
      ...{ repository, path: '', namespace: 'shop', podSecurity: 'baseline' as const },
      ...from.of('shop'),
    })
  const read = async (one: ApplicationSource, oid: string) => {
    repository.asked.length = 0
    const reading = await one.read(oid, () => 0)
    if (reading.kind !== 'read') throw new Error('expected no problem')
    return reading.revision
  }
  const first = repository.add({ 'a.yaml': config('a'), 'b.yaml': config('b') })
  const production = source(files)
  production.accept(await read(production, first))
  expect(repository.asked).toEqual(['a.yaml', 'b.yaml'])
  const second = repository.add({ 'b.yaml': config('b', '2') })
  const looking = source(files.lent())
  const revision = await read(looking, second)
  expect(repository.asked).toEqual(['b.yaml'])
  expect([...revision.objects.values()].map(({ object }) => 'data' in object && object.data)).toEqual([
    { key: '1' },
    { key: '2' },
  ])
  // Who only looks leaves nothing behind.
  looking.accept(revision)
  await read(source(files.lent()), second)
  expect(repository.asked).toEqual(['b.yaml'])
})
