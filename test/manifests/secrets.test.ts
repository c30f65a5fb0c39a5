import { describe, expect, test } from 'vitest'
import { object, plain, problems, secret } from './manifest.ts'

describe('Secrets', () => {
  test('stringData is merged into data, and wins', () => {
    expect(object('Secret', secret({ data: { a: 'YQ==', b: 'Yg==' }, stringData: { b: 'grün', c: '' } }))).toEqual({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's', namespace: 'shop' },
      type: 'Opaque',
      data: { a: 'YQ==', b: 'Z3LDvG4=', c: '' },
    })
  })
  test.each([
    [{ data: { a: 'hunter2!' } }, 'data.a: expected base64, found other text'],
    [{ data: { a: 1234 } }, 'data.a: expected a string, found a number: put it in quotes'],
    [{ stringData: { a: 1234 } }, 'stringData.a: expected a string, found a number: put it in quotes'],
    [
      { data: { 'a/b': '' } },
      'data["a/b"]: expected a key of letters, digits, "-", "_" and ".", 253 at most, found "a/b"',
    ],
    [
      { type: 'kubernetes.io/tls', data: { 'tls.crt': '' } },
      'data["tls.key"]: expected a value in a Secret of the type kubernetes.io/tls, found nothing',
    ],
  ])('%#: problems never show a value', (extra, problem) => {
    expect(plain(secret(extra))).toEqual([problem])
  })
  test('more than a mebibyte is refused, however it comes about', () => {
    const text = (times: number) =>
      `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: &a "${'x'.repeat(500_000)}"\n${'bcdefg'
        .slice(0, times)
        .replace(/./g, '  $&: *a\n')}`
    expect(problems(text(1))).toEqual([])
    expect(problems(text(2))).toEqual(['app.yaml:1: expected at most 1048576 bytes of data, found 1500000'])
  })
})

describe('credentials of registries', () => {
  const type = 'kubernetes.io/dockerconfigjson'
  const key = '.dockerconfigjson'
  test.each([
    [{ data: { [key]: btoa('{"auths": {}}') } }, []],
    [{ stringData: { [key]: '{"auths": {}}' } }, []],
    [{ data: { [key]: btoa('pass word') } }, [`data[".dockerconfigjson"]: expected JSON, found other text`]],
    [{ stringData: { [key]: 'pass word' } }, [`stringData[".dockerconfigjson"]: expected JSON, found other text`]],
    [{ data: { [key]: 'pass word' } }, [`data[".dockerconfigjson"]: expected base64, found other text`]],
    [{ data: {} }, [`data[".dockerconfigjson"]: expected a value in a Secret of the type ${type}, found nothing`]],
  ])('%j', (extra, expected) => {
    expect(plain(secret({ type, ...extra }))).toEqual(expected)
  })
})
