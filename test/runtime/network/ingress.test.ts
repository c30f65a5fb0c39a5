import { expect, test } from 'vitest'
import { matchesHost, requestedHost } from '../../../src/runtime/network/ingress-host.ts'
import { choosePath, matchesPath, type PathRule } from '../../../src/runtime/network/ingress-path.ts'
import { chooseRoute, type HostRule } from '../../../src/runtime/network/ingress-route.ts'

const prefix = (path: string): PathRule => ({ path, pathType: 'Prefix' })
const exact = (path: string): PathRule => ({ path, pathType: 'Exact' })

test.each([
  { title: 'Exact before Prefix', rules: [prefix('/a/b'), exact('/a/b')], request: '/a/b', chosen: 1 },
  {
    title: 'also where the Prefix is written longer',
    rules: [prefix('/a/b/'), exact('/a/b')],
    request: '/a/b',
    chosen: 1,
  },
  {
    title: 'an Exact that does not match leaves it',
    rules: [exact('/a/b/'), prefix('/a')],
    request: '/a/b',
    chosen: 1,
  },
  { title: 'the first of equals', rules: [prefix('/a'), prefix('/a/')], request: '/a/x', chosen: 0 },
  { title: 'elements, not letters', rules: [prefix('/a/b/c'), prefix('/a/longer-name')], request: '/a/b/c', chosen: 0 },
  { title: 'no path is the root', rules: [{ pathType: 'Prefix' as const }], request: '/x', chosen: 0 },
  {
    title: 'ImplementationSpecific is a Prefix',
    rules: [{ path: '/a', pathType: 'ImplementationSpecific' as const }],
    request: '/a/b',
    chosen: 0,
  },
])('$title', ({ rules, request, chosen }) => {
  expect(choosePath(rules, request)).toBe(rules[chosen])
})

test.each([
  { path: '/a//b', request: '/a/b', matches: true },
  { path: '/a/b', request: '//a///b/c', matches: true },
  { path: '/a/b', request: '/a', matches: false },
  { path: '/a', request: '/%61', matches: false },
])('Prefix $path and $request: $matches', ({ path, request, matches }) => {
  expect(matchesPath(prefix(path), request)).toBe(matches)
})

test.each([
  { rule: '*.foo.com', host: 'foo.com', matches: false },
  { rule: '*.foo.com', host: '.foo.com', matches: false },
  { rule: '*.foo.com', host: 'a.b.foo.com', matches: false },
  { rule: '*.foo.com', host: 'A.FOO.com:8443', matches: true },
  { rule: 'Foo.com', host: 'foo.com.', matches: true },
  { rule: 'foo.com', host: 'xfoo.com', matches: false },
])('host $host under the rule $rule: $matches', ({ rule, host, matches }) => {
  expect(matchesHost(rule, host)).toBe(matches)
})

test('an address as host keeps its brackets and loses its port', () => {
  expect(['[::1]:8080', '[::1]', '10.0.0.1:80'].map(requestedHost)).toEqual(['[::1]', '[::1]', '10.0.0.1'])
})

const rules: readonly HostRule<PathRule & { readonly to: string }>[] = [
  { paths: [{ ...prefix('/'), to: 'any' }] },
  { host: '*.foo.com', paths: [{ ...prefix('/'), to: 'wildcard' }] },
  { host: 'a.foo.com', paths: [{ ...prefix('/x'), to: 'exact' }] },
  { host: 'A.foo.com', paths: [{ ...prefix('/x/y'), to: 'another rule of the host' }] },
]

test.each([
  { host: 'bar.com', path: '/x', to: 'any' },
  { host: 'b.foo.com', path: '/x', to: 'wildcard' },
  { host: 'a.foo.com', path: '/x/z', to: 'exact' },
  { host: 'a.foo.com:80', path: '/x/y', to: 'another rule of the host' },
  { host: 'a.foo.com', path: '/other', to: undefined },
])('$host$path goes to $to', ({ host, path, to }) => {
  expect(chooseRoute(rules, host, path)?.to).toBe(to)
})

test('no rule at all serves nothing', () => {
  expect(chooseRoute([], 'foo.com', '/')).toBeUndefined()
})
