import { expect, test } from 'vitest'
import { isNeeded, setUpScript } from '../../src/runtime/docker/volume-script.ts'
import type { PodVolume, VolumeSetup } from '../../src/runtime/port.ts'

const setup: VolumeSetup = { volume: 'v', directories: [], group: undefined, groupByRoot: false, contents: undefined }
const empty: PodVolume = { kind: 'empty', name: 'v', medium: 'disk', sizeBytes: 0, driver: 'local', options: {} }
const share: PodVolume = { ...empty, options: { type: 'nfs', o: 'addr=files', device: ':/x' } }

test.each([
  { title: 'an emptyDir is opened to all', volume: empty, expected: true },
  { title: 'a share keeps its rights', volume: share, expected: false },
  { title: 'memory is made open', volume: { ...empty, medium: 'memory' } as const, expected: false },
])('$title', ({ volume, expected }) => {
  expect(isNeeded({ volume, setup })).toBe(expected)
  const lines = setUpScript([{ volume, setup: { ...setup, directories: ['logs'] } }], '..new', 0).split('\n')
  expect(lines.includes('open_new v')).toBe(expected)
  expect(lines).toContain("make v 'logs'")
})
