import { expect, test } from 'vitest'
import { waveFault, waveOf } from '../../src/manifests/wave.ts'

test.each(['0', '-3', '12'])('%j is a wave', (text) => {
  expect(waveFault(text)).toBeUndefined()
  expect(waveOf({ metadata: { annotations: { 'berth.dev/wave': text } } })).toBe(Number(text))
})

test.each(['', 'one', '1.5', '1e3', '99999999'])('%j is none', (text) => {
  expect(waveFault(text)).toMatch(/^expected a whole number/)
})

test('without the annotation it is 0', () => {
  expect(waveOf({ metadata: {} })).toBe(0)
})
