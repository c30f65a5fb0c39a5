import { describe, expect, test } from 'vitest'
import { type ReadOptions, routeOptions } from '../../../src/runtime/network/ingress-options.ts'

const bcrypt = '$2y$05$abcdefghijklmnopqrstuuJ8Zk3Q5n1mYQ9cX0xw0Q6s7tU8vW9x.'
const secrets: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  file: { auth: `# people\nann:${bcrypt}\n\nbob:$apr1$abc$def\n` },
  map: { ann: `${bcrypt}\n` },
  empty: {},
}

/** `name: value` of the NGINX controller; a name with a slash is taken as it is. */
function read(annotations: Readonly<Record<string, string>>): ReadOptions {
  const full = Object.entries(annotations).map(([name, value]) => [
    name.includes('/') ? name : `nginx.ingress.kubernetes.io/${name}`,
    value,
  ])
  return routeOptions(Object.fromEntries(full), (name) => secrets[name])
}

test('without annotations there is nothing but the redirect to https', () => {
  const { options, problems, ignored } = read({ 'example.com/a': 'b', 'kubernetes.io/tls-acme': 'true' })
  expect([problems, ignored]).toEqual([[], []])
  expect(options).toEqual({
    backendProtocol: 'http',
    ...{ rewriteTarget: undefined, useRegex: false, sslRedirect: true, forceRedirect: false, redirect: undefined },
    ...{ appRoot: undefined, maxBodyBytes: undefined, connectTimeoutMs: undefined, readTimeoutMs: undefined },
    ...{ sendTimeoutMs: undefined, auth: undefined, cors: undefined, stickyCookie: undefined, allowSources: [] },
    ...{ denySources: [], limitRequestsPerSecond: undefined, limitConnections: undefined, upstreamHost: undefined },
    ...{ requestHeaders: {}, responseHeaders: {}, canary: undefined },
  })
})

describe('what annotations ask for', () => {
  test.each<[Readonly<Record<string, string>>, object]>([
    [{ 'rewrite-target': '/' }, { rewriteTarget: '/', useRegex: false }],
    [{ 'rewrite-target': '/$2' }, { rewriteTarget: '/$2', useRegex: true }],
    [{ 'ingress.kubernetes.io/rewrite-target': '/old' }, { rewriteTarget: '/old' }],
    [{ 'berth.dev/rewrite-target': '/mine', 'rewrite-target': '/theirs' }, { rewriteTarget: '/mine' }],
    [{ 'haproxy.org/path-rewrite': '/a', 'rewrite-target': '/b' }, { rewriteTarget: '/b' }],
    [{ 'use-regex': 'true' }, { useRegex: true }],
    [
      { 'ssl-redirect': 'false', 'force-ssl-redirect': 'True' },
      { sslRedirect: false, forceRedirect: true },
    ],
    [{ 'permanent-redirect': 'https://b.example/' }, { redirect: { code: 301, target: 'https://b.example/' } }],
    [
      { 'permanent-redirect': '/a', 'permanent-redirect-code': '308', 'temporal-redirect': '/b' },
      { redirect: { code: 308, target: '/a' } },
    ],
    [{ 'temporal-redirect': '/b' }, { redirect: { code: 302, target: '/b' } }],
    [{ 'app-root': '/shop' }, { appRoot: '/shop' }],
    [{ 'proxy-body-size': '8m' }, { maxBodyBytes: 8_388_608 }],
    [{ 'proxy-body-size': '1G' }, { maxBodyBytes: 1_073_741_824 }],
    [{ 'proxy-body-size': '0' }, { maxBodyBytes: undefined }],
    [
      { 'proxy-connect-timeout': '5', 'proxy-read-timeout': '3600s', 'proxy-send-timeout': '2m' },
      { connectTimeoutMs: 5000, readTimeoutMs: 3_600_000, sendTimeoutMs: 120_000 },
    ],
    [
      { 'haproxy.org/timeout-connect': '500ms', 'haproxy.org/timeout-server': '50s' },
      { connectTimeoutMs: 500, readTimeoutMs: 50_000 },
    ],
    [{ affinity: 'cookie' }, { stickyCookie: { name: 'INGRESSCOOKIE', maxAgeSeconds: undefined } }],
    [
      { affinity: 'cookie', 'session-cookie-name': 'shop', 'session-cookie-max-age': '60' },
      { stickyCookie: { name: 'shop', maxAgeSeconds: 60 } },
    ],
    [{ 'session-cookie-name': 'shop' }, { stickyCookie: undefined }],
    [{ 'haproxy.org/cookie-persistence': 'shop' }, { stickyCookie: { name: 'shop', maxAgeSeconds: undefined } }],
    [
      {
        'traefik.ingress.kubernetes.io/service.sticky.cookie': 'true',
        'traefik.ingress.kubernetes.io/service.sticky.cookie.name': 'shop',
      },
      { stickyCookie: { name: 'shop', maxAgeSeconds: undefined } },
    ],
    [
      { 'whitelist-source-range': '10.0.0.0/8, 192.0.2.1,2001:db8::/32' },
      { allowSources: ['10.0.0.0/8', '192.0.2.1', '2001:db8::/32'] },
    ],
    [{ 'haproxy.org/deny-list': '192.0.2.0/24' }, { denySources: ['192.0.2.0/24'] }],
    [
      { 'limit-rps': '5', 'limit-connections': '3' },
      { limitRequestsPerSecond: 5, limitConnections: 3 },
    ],
    [{ 'limit-rpm': '90' }, { limitRequestsPerSecond: 2 }],
    [
      { 'haproxy.org/rate-limit-requests': '100', 'haproxy.org/rate-limit-period': '10s' },
      { limitRequestsPerSecond: 10 },
    ],
    [{ 'upstream-vhost': 'inner.example:8080' }, { upstreamHost: 'inner.example:8080' }],
    [{ 'x-forwarded-prefix': '/shop' }, { requestHeaders: { 'X-Forwarded-Prefix': '/shop' } }],
    [
      { 'haproxy.org/response-set-header': 'X-Frame-Options DENY\nCache-Control "no-store,no-cache"' },
      { responseHeaders: { 'X-Frame-Options': 'DENY', 'Cache-Control': 'no-store,no-cache' } },
    ],
    [{ 'backend-protocol': 'HTTPS' }, { backendProtocol: 'https' }],
    [{ 'backend-protocol': 'GRPC' }, { backendProtocol: 'h2c' }],
    [{ 'backend-protocol': 'GRPCS' }, { backendProtocol: 'grpcs' }],
    [{ 'haproxy.org/server-proto': 'h2' }, { backendProtocol: 'h2c' }],
    [{ 'haproxy.org/server-proto': 'h2', 'haproxy.org/server-ssl': 'true' }, { backendProtocol: 'grpcs' }],
    [{ 'traefik.ingress.kubernetes.io/service.serversscheme': 'h2c' }, { backendProtocol: 'h2c' }],
    [
      { canary: 'true', 'canary-weight': '1', 'canary-weight-total': '4', 'canary-by-header': 'X-Canary' },
      { canary: { weight: 25, header: 'X-Canary', headerValue: '', cookie: '' } },
    ],
    [{ canary: 'false', 'canary-weight': '10' }, { canary: undefined }],
    [
      { 'enable-cors': 'true', 'cors-allow-origin': 'https://a.example, https://*.b.example:8443' },
      {
        cors: {
          origins: ['https://a.example', 'https://*.b.example:8443'],
          methods: 'GET, PUT, POST, DELETE, PATCH, OPTIONS',
          headers:
            'DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization',
          ...{ exposeHeaders: '', credentials: true, maxAgeSeconds: 1_728_000 },
        },
      },
    ],
    [{ 'cors-allow-methods': 'GET' }, { cors: undefined }],
    [{ 'haproxy.org/cors-enable': 'true', 'haproxy.org/cors-max-age': '5m' }, { cors: { maxAgeSeconds: 300 } }],
    [{ 'auth-secret': 'file' }, { auth: undefined }],
    [
      { 'haproxy.org/auth-type': 'basic-auth', 'haproxy.org/auth-secret': 'map', 'haproxy.org/auth-realm': 'Shop' },
      { auth: { realm: 'Shop', users: { ann: bcrypt } } },
    ],
    [
      { 'auth-type': 'basic', 'auth-secret': 'map', 'auth-secret-type': 'auth-map' },
      { auth: { realm: 'Authentication Required', users: { ann: bcrypt } } },
    ],
  ])('%j', (annotations, options) => {
    const result = read(annotations)
    expect([result.problems, result.ignored]).toEqual([[], []])
    expect(result.options).toMatchObject(options)
  })
})

describe('problems name the annotation', () => {
  const prefix = 'nginx.ingress.kubernetes.io/'
  test.each<[Readonly<Record<string, string>>, string]>([
    [{ 'proxy-body-size': '8 MB' }, `${prefix}proxy-body-size: expected a size like "8m", found "8 MB" (string)`],
    [
      { 'proxy-read-timeout': 'long' },
      `${prefix}proxy-read-timeout: expected a time like "60" or "60s", found "long" (string)`,
    ],
    [{ 'ssl-redirect': 'yes' }, `${prefix}ssl-redirect: expected "true" or "false", found "yes" (string)`],
    [{ 'rewrite-target': 'a' }, `${prefix}rewrite-target: expected a path that begins with "/", found "a" (string)`],
    [
      { 'rewrite-target': '/a\nb' },
      `${prefix}rewrite-target: expected a path that begins with "/", found "/a b" (string)`,
    ],
    [{ 'limit-rps': '0' }, `${prefix}limit-rps: expected a number from 1 to 1000000, found "0" (string)`],
    [{ affinity: 'ip' }, `${prefix}affinity: expected one of cookie, found "ip" (string)`],
    [
      { 'backend-protocol': 'FCGI' },
      `${prefix}backend-protocol: expected one of http, https, grpc, grpcs, h2c, found "FCGI" (string)`,
    ],
    [{ 'upstream-vhost': 'a b' }, `${prefix}upstream-vhost: expected a host name, found "a b" (string)`],
    [
      { 'haproxy.org/request-set-header': 'X-One: 1' },
      'haproxy.org/request-set-header: expected a header and its value in each line, found "X-One: 1" (string)',
    ],
  ])('%j', (annotations, problem) => {
    const { problems, options } = read(annotations)
    expect([problems.map((text) => text.replaceAll('\\n', ' ')), options.auth]).toEqual([[problem], undefined])
  })
})

describe('nobody is let in where it is not understood who may', () => {
  const nobody = { realm: 'Authentication Required', users: {} }
  test.each<[Readonly<Record<string, string>>, RegExp]>([
    [{ 'whitelist-source-range': '10.0.0.0/8,office' }, /whitelist-source-range: expected addresses like/],
    [{ 'denylist-source-range': 'nowhere' }, /denylist-source-range: expected addresses like/],
    [{ 'auth-url': 'https://auth.example/' }, /auth-url: not supported by this version of berth/],
    [{ 'auth-tls-secret': 'shop/ca' }, /auth-tls-secret: not supported by this version of berth/],
    [{ 'auth-type': 'digest', 'auth-secret': 'file' }, /auth-type: expected one of basic, found "digest"/],
    [{ 'auth-type': 'basic' }, /expected the name of a Secret in auth-secret, found nothing/],
    [{ 'auth-type': 'basic', 'auth-secret': 'other/file' }, /auth-secret: expected a Secret of the same namespace/],
    [{ 'auth-type': 'basic', 'auth-secret': 'gone' }, /expected a Secret "gone", found none/],
    [
      { 'auth-type': 'basic', 'auth-secret': 'empty' },
      /expected users in the key auth of the Secret "empty", found none/,
    ],
  ])('%j', (annotations, problem) => {
    const { problems, options } = read(annotations)
    expect(problems.some((text) => problem.test(text))).toBe(true)
    expect(options.auth).toEqual(nobody)
  })

  test('a password that cannot be checked lets its user not in, and is not told', () => {
    const { problems, options } = read({ 'auth-type': 'basic', 'auth-secret': 'file' })
    expect(options.auth?.users).toEqual({ ann: bcrypt })
    expect(problems).toEqual([
      'basic authentication: expected user names without ":" and passwords hashed by crypt or bcrypt (htpasswd -B), found 1 others in the Secret "file"',
    ])
  })
})

test('annotations without effect are named, those of others and of other parts are not', () => {
  const { problems, ignored } = read({
    'configuration-snippet': 'deny all;',
    'traefik.ingress.kubernetes.io/router.middlewares': 'a@b',
    'berth.dev/wave': '1',
    'berth.dev/colour': 'red',
    'cert-manager.io/issuer': 'x',
    toString: 'x',
  })
  expect(problems).toEqual([])
  expect(ignored).toEqual([
    'berth.dev/colour',
    'nginx.ingress.kubernetes.io/configuration-snippet',
    'nginx.ingress.kubernetes.io/toString',
    'traefik.ingress.kubernetes.io/router.middlewares',
  ])
})
