import { describe, expect, test } from 'vitest'
import { matchesSelector, matchesText, parseSelector } from '../../src/manifests/selector.ts'

describe('label selectors', () => {
  const expression = (operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist', values?: string[]) => ({
    matchExpressions: [values ? { key: 'a', operator, values } : { key: 'a', operator }],
  })
  test.each([
    [expression('In', ['x', 'y']), [true, true, false, false]],
    [expression('NotIn', ['x', 'y']), [false, false, true, true]],
    [expression('Exists'), [true, true, true, false]],
    [expression('DoesNotExist'), [false, false, false, true]],
    [{}, [true, true, true, true]],
    [undefined, [false, false, false, false]],
    [{ matchLabels: { a: 'x' }, ...expression('NotIn', ['y']) }, [true, false, false, false]],
    [expression('In'), [undefined, undefined, undefined, undefined]],
  ])('%j', (selector, expected) => {
    expect([{ a: 'x' }, { a: 'y' }, { a: 'z' }, { b: 'x' }].map((labels) => matchesSelector(selector, labels))).toEqual(
      expected,
    )
  })
})

describe('text selectors', () => {
  test.each([
    ['a in (x,y)', [true, false, false]],
    ['a notin (x,y)', [false, true, true]],
    ['a!=x', [false, true, true]],
    ['!a', [false, false, true]],
    ['a>1', [false, true, false]],
    ['a<6', [false, true, false]],
    ['a,b', [false, false, false]],
    ['', [true, true, true]],
  ])('%s', (text, expected) => {
    const selector = parseSelector(text)!
    expect([{ a: 'x' }, { a: '5' }, { b: '5' }].map((labels) => matchesText(selector, labels))).toEqual(expected)
  })
  test.each(['a=b,', ',a', 'a b', 'a in ()x', 'a>x', 'a<', '=x', 'a=-', 'a===b', 'a in (x y)'])(
    '%s cannot be read',
    (text) => {
      expect(parseSelector(text)).toBeUndefined()
    },
  )
})
