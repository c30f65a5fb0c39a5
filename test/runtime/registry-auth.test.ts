import { expect, test } from 'vitest'
import { authsFor, isRefusal, withoutSecrets } from '../../src/runtime/docker/registry-auth.ts'

const auth = (serverAddress: string, username = serverAddress) => ({ username, password: 'secret', serverAddress })

test.each([
  ['nginx', 'https://index.docker.io/v1/', true],
  ['library/nginx:1', 'docker.io', true],
  ['docker.io/shop/web', 'index.docker.io', true],
  ['index.docker.io/shop/web', 'https://registry-1.docker.io/v2/', true],
  ['shop/web', 'registry.example.com', false],
  ['registry.example.com/shop/web:1', 'registry.example.com', true],
  ['registry.example.com/shop/web:1', 'https://registry.example.com/', true],
  ['registry.example.com/shop/web:1', 'http://registry.example.com/v2/', true],
  ['registry.example.com/shop/web:1', 'registry.example.com:443', false],
  ['registry.example.com:5000/web', 'registry.example.com:5000', true],
  ['localhost:5000/web@sha256:00', 'localhost:5000', true],
  ['registry.example.com/shop/web:1', '*.example.com', true],
  ['registry.example.com/shop/web:1', 'reg*y.example.com', true],
  ['registry.example.com/shop/web:1', 'reg*x.example.com', false],
  ['a.registry.example.com/shop/web:1', '*.example.com', false],
  ['registry.example.com/shop/web:1', 'registry.example.com/shop', true],
  ['registry.example.com/shop/web:1', 'registry.example.com/shop/web', true],
  ['registry.example.com/shop/web:1', 'registry.example.com/sh', false],
  ['registry.example.com/shop/web:1', 'registry.example.com.evil.org', false],
  ['registry.example.com/shop/web:1', '', false],
])('%s is pulled with the credentials for %s: %s', (reference, serverAddress, fits) => {
  expect(authsFor(reference, [auth(serverAddress)])).toHaveLength(fits ? 1 : 0)
})

test('keeps the order, and tries equal ones once', () => {
  const auths = [auth('r.io', 'b'), auth('other.io', 'x'), auth('https://r.io', 'a'), auth('r.io/v2/', 'b')]
  expect(authsFor('r.io/web', auths).map(({ username }) => username)).toEqual(['b', 'a'])
})

test.each([
  ['Head "http://r.io/v2/web/manifests/1": no basic auth credentials', true],
  ['unauthorized: authentication required', true],
  ['pull access denied for shop/web, repository does not exist or may require docker login', true],
  ['manifest for r.io/web:1 not found: manifest unknown', false],
  ['no answer within 60 s', false],
])('%s: other credentials may help: %s', (message, helps) => {
  expect(isRefusal(message)).toBe(helps)
})

test('what a registry repeats of the credentials is taken out of its words', () => {
  const auths = [{ username: 'ann', password: 's3cret', serverAddress: 'r.io' }, auth('r.io', '')]
  const basic = Buffer.from('ann:s3cret').toString('base64')
  expect(withoutSecrets(`no s3cret for Basic ${basic} here`, auths)).toBe('no *** for Basic *** here')
})
