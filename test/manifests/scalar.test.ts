import { describe, expect, test } from 'vitest'
import { plainScalar, taggedScalar } from '../../src/manifests/scalar.ts'

const rows: [unknown, string[]][] = [
  [null, ['', '~', 'null', 'Null', 'NULL']],
  [true, ['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON']],
  [false, ['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF']],
  [0, ['0', '-0', '00', '0x0', '0b0', '0.0', '1e-400']],
  [8, ['8', '+8', '08', '010', '0o10', '0b1000', '0x8', '8.', '8e0', '0_8', '8_', '_8'.slice(1)]],
  [420, ['0644', '0o644', '420', '4_20', '0x1A4', '0X1a4', '0O644', '420.0', '4.2e2']],
  [-10, ['-10', '-012', '-0xa', '-0b1010']],
  [778, ['0778']],
  [12.5, ['12.5', '012.5', '1_2.5', '+12.5', '125e-1']],
  [0.5, ['.5', '0.5', '.5_0', '5e-1', '+.5']],
  [1e10, ['1e10', '1e1_0', '10000000000', '1E+10']],
  [9007199254740993n, ['9007199254740993']],
  [-9223372036854775808n, ['-9223372036854775808']],
]
const texts = [
  ...['nUll', 'yEs', 'oN', 'tRue', 'none', 'inf', 'nan', 'Infinity', 'NaN'],
  ...['12:30', '22:22', '12:30:45', '2001-01-01', '2001-12-14t21:59:43.10-05:00', '='],
  ...['0o8', '0xG', '0x1.8p1', '1e', '--1', '+', '-', '10Mi', '500m', '1.2.3', '_1', '._5', '.5_', '.5__0', '.', '..'],
  ...['1e400', '-1e400', '.e5', '1,000', '1 000', '0b2', '4e5f'],
]

describe('unquoted text means what kubectl reads', () => {
  test.each(rows.flatMap(([value, spellings]) => spellings.map((text) => ({ text, value }))))(
    '$text -> $value',
    ({ text, value }) => {
      expect(Object.is(plainScalar(text), -0) ? 0 : plainScalar(text)).toBe(value)
    },
  )

  test.each(texts)('%s stays text', (text) => {
    expect(plainScalar(text)).toBe(text)
  })

  test('beyond int64 it is a float', () => {
    expect(plainScalar('9223372036854775808')).toBe(2 ** 63)
  })

  test.each(['.inf', '-.INF', '+.Inf', '.nan', '.NaN', '.NAN'])('%s is refused', (text) => {
    expect(() => plainScalar(text)).toThrow(RangeError)
  })
})

describe('tagged text', () => {
  test.each([
    ['int', '5', 5],
    ['int', '0x10', 16],
    ['float', '3', 3],
    ['bool', 'on', true],
    ['null', '~', null],
    ['str', '5', '5'],
    ['binary', 'aGVs\nbG8=', 'hello'],
  ])('!!%s %s', (tag, text, value) => {
    expect(taggedScalar(tag, text)).toBe(value)
  })

  test.each([
    ['int', '1.5'],
    ['int', 'x'],
    ['float', 'x'],
    ['bool', '1'],
    ['null', 'no'],
    ['binary', '***'],
  ])('!!%s %s is refused', (tag, text) => {
    expect(() => taggedScalar(tag, text)).toThrow(RangeError)
  })
})
