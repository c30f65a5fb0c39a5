import { describe, expect, test } from 'vitest'
import { hasTerminationMessages, terminationMessageOf } from '../../src/manifests/termination-message.ts'
import type { Container } from '../../src/manifests/types.ts'
import { podSpec } from '../runtime/samples.ts'
import { plain, withContainer } from './manifest.ts'

const fallback = { terminationMessagePolicy: 'FallbackToLogsOnError' } as const

describe('a container leaves a message', () => {
  test.each<[string, Partial<Container>, ReturnType<typeof terminationMessageOf>]>([
    ['not by default', {}, undefined],
    ['not with an empty path', { terminationMessagePath: '' }, undefined],
    [
      'in a file of its own',
      { terminationMessagePath: '/tmp/end' },
      { path: '/tmp/end', logsOnError: false, longestBytes: 4096 },
    ],
    ['by its log', fallback, { path: '/dev/termination-log', logsOnError: true, longestBytes: 4096 }],
  ])('%s', (_, given, expected) => {
    const spec = podSpec(given)
    expect(terminationMessageOf(spec, 'web')).toEqual(expected)
    expect(hasTerminationMessages(spec)).toBe(expected !== undefined)
    expect(terminationMessageOf(spec, 'other')).toBeUndefined()
  })

  test('those of a pod share 12 KiB', () => {
    const [web] = podSpec(fallback).containers
    if (!web) throw new Error('no container')
    const named = (count: number) => Array.from({ length: count }, (_, index) => ({ ...web, name: `c${index}` }))
    const spec = { ...podSpec(), containers: named(3), initContainers: [{ ...web, name: 'setup' }] }
    expect(terminationMessageOf(spec, 'setup')?.longestBytes).toBe(3072)
    expect(terminationMessageOf({ ...podSpec(), containers: named(3) }, 'c2')?.longestBytes).toBe(4096)
  })
})

describe('the path of its file', () => {
  const problem = (found: string) =>
    `spec.containers[0].terminationMessagePath: expected the absolute path of a file, found "${found}" (string)`

  test.each(['tmp/end', '/', '/tmp/', '/tmp/../end'])('cannot be %s', (terminationMessagePath) => {
    expect(plain(withContainer({ terminationMessagePath }))).toEqual([problem(terminationMessagePath)])
  })

  test.each(['', '/end', '/dev/termination-log'])('can be "%s"', (terminationMessagePath) => {
    expect(plain(withContainer({ terminationMessagePath }))).toEqual([])
  })

  test('cannot be that of a volume', () => {
    const manifest = withContainer({ terminationMessagePath: '/a', volumeMounts: [{ name: 'a', mountPath: '/a' }] })
    expect(plain(manifest)).toContain(
      'spec.containers[0].terminationMessagePath: expected another path than that of a volume mount, found "/a"',
    )
  })
})
