import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { IngressRoute } from '../../src/runtime/network/table.ts'
import { startLoad } from './haproxy-load.ts'
import { type HaproxyWorld, haproxyWorld, httpPod } from './haproxy-world.ts'
import { ask, freePort } from './ingress-client.ts'
import { annotated, behind, ingress, route } from './ingress-routes.ts'

let world: HaproxyWorld
let http: number
beforeAll(async () => {
  http = await freePort()
  world = await haproxyWorld('10.97.64.0/20', { ingressHttpPort: http })
})
afterAll(() => world[Symbol.asyncDispose]())

async function reloads(): Promise<number> {
  return (await world.workers()).reloads
}

interface PathCase {
  readonly name: string
  readonly input: {
    readonly fn: 'path'
    readonly paths: readonly { path?: string; pathType: IngressRoute['pathType'] }[]
    readonly requestPath: string
  }
  readonly expected: { readonly matchedIndex: number | null }
}

interface HostCase {
  readonly name: string
  readonly input: { readonly ruleHosts: readonly string[]; readonly requestHost: string }
  readonly expected: { readonly matchedIndex: number | null }
}

interface OneHostCase {
  readonly name: string
  readonly input: { readonly ruleHost: string; readonly requestHost: string }
  readonly expected: { readonly matches: boolean }
}

function vectors<Case>(fn: string): readonly Case[] {
  const { cases } = JSON.parse(readFileSync(new URL('../vectors/ingress-paths.json', import.meta.url), 'utf8'))
  return cases.filter((one: { input: { fn: string } }) => one.input.fn === fn)
}

/** Answers by itself which of several routes it is. */
function marked(index: number, more: Partial<IngressRoute>): IngressRoute {
  return route('marked', { ...more, options: annotated({ 'permanent-redirect': `http://route/${index}` }) })
}

async function chosen(host: string, path: string): Promise<number | null> {
  const { status, headers } = await ask(http, { host, path })
  return status === 404 ? null : Number(/^http:\/\/route\/(\d+)$/.exec(String(headers.location))?.[1])
}

describe('the choice of a route', () => {
  test('of a path is as in the vectors', async () => {
    const cases = vectors<PathCase>('path')
    const routes = cases.flatMap(({ input }, number) =>
      input.paths.map(({ path, pathType }, index) =>
        marked(index, { host: `case${number}.example.com`, path: path || '/', pathType }),
      ),
    )
    expect(await world.apply(ingress(routes, []))).toEqual([])
    const found = await Promise.all(
      cases.map(async ({ name, input }, number) => [
        name,
        await chosen(`case${number}.example.com`, input.requestPath),
      ]),
    )
    expect(found).toEqual(cases.map(({ name, expected }) => [name, expected.matchedIndex]))
    expect(cases.length).toBeGreaterThan(10)
  })

  test.each(vectors<HostCase>('hostRule'))('of a host is as in the vectors: $name', async ({ input, expected }) => {
    await world.apply(
      ingress(
        input.ruleHosts.map((host, index) => marked(index, { host })),
        [],
      ),
    )
    expect(await chosen(input.requestHost, '/')).toBe(expected.matchedIndex)
  })

  test.each(vectors<OneHostCase>('host'))('of one host is as in the vectors: $name', async ({ input, expected }) => {
    await world.apply(ingress([marked(0, { host: input.ruleHost })], []))
    expect((await chosen(input.requestHost, '/')) === 0).toBe(expected.matches)
  })

  test('changes without a new worker', async () => {
    const paths = (...all: string[]) => all.map((path) => marked(1, { path }))
    await world.apply(ingress([marked(0, { path: '/old' }), ...paths('/a')], []))
    const before = await reloads()
    await world.apply(ingress([marked(0, { path: '/old/x;y' }), ...paths('/a', '/b')], []))
    expect(await chosen('marked.example.com', '/old')).toBeNull()
    expect(await chosen('marked.example.com', '/old/x;y/z')).toBe(0)
    expect(await chosen('marked.example.com', '/b')).toBe(1)
    expect(await reloads()).toBe(before)
  })

  test('falls back to the default backend of the host, then of all', async () => {
    await world.apply(
      ingress(
        [
          marked(0, { path: '/a' }),
          marked(1, { isDefault: true }),
          marked(2, { host: '', isDefault: true }),
          marked(3, { host: 'other.example.com', path: '/b' }),
        ],
        [],
      ),
    )
    expect(await chosen('marked.example.com', '/a')).toBe(0)
    expect(await chosen('marked.example.com', '/b')).toBe(1)
    expect(await chosen('other.example.com', '/a')).toBe(2)
    expect(await chosen('nobody', '/')).toBe(2)
  })

  test('tries regular expressions by their length, before what begins alike', async () => {
    const regex = (index: number, path: string): IngressRoute => {
      const one = marked(index, { path, pathType: 'ImplementationSpecific' })
      return { ...one, options: { ...one.options, useRegex: true } }
    }
    await world.apply(ingress([regex(0, '/api/(v1|v2)/.*'), marked(1, { path: '/api' }), regex(2, '/.*')], []))
    expect(await chosen('marked.example.com', '/API/v2/x')).toBe(0)
    expect(await chosen('marked.example.com', '/api/v3')).toBe(1)
    expect(await chosen('marked.example.com', '/apix')).toBe(2)
  })
})

describe('a route', () => {
  test('leads to the pods of its Service, which may be replaced under load', async () => {
    let pods = [await httpPod('first-a'), await httpPod('first-b')]
    const table = (...more: typeof pods) =>
      ingress(
        [route('load', { host: '' })],
        [behind('load', ...pods.map(({ row }) => row), ...more.map(({ draining }) => draining))],
      )
    await world.apply(table())
    const before = await reloads()
    await using load = startLoad('127.0.0.1', http, 6, 6)
    for (let round = 0; round < 5; round += 1) {
      await load.more(200)
      const old = pods
      pods = [await httpPod(`next-${round}-a`), await httpPod(`next-${round}-b`)]
      await world.apply(table(...old))
      for (const [index, pod] of old.entries()) {
        const name = pod.row.pod
        await expect.poll(() => world.applier.trafficOf(name), { message: `${index}` }).toBe('out')
        await pod.leave()
      }
      await world.apply(table())
    }
    await load.more(200)
    const { answers, failures } = await load.end()
    expect(failures).toEqual([])
    expect(answers).toBeGreaterThan(1000)
    expect(await reloads()).toBe(before)
    for (const pod of pods) await pod.crash()
  })

  test('takes other options and routes under load, with new workers and pods that are replaced', async () => {
    let pod = await httpPod('options-0')
    const table = (round: number, ...old: (typeof pod)[]) =>
      ingress(
        [
          route('load', { host: '', options: annotated({ 'proxy-connect-timeout': String(3 + round) }) }),
          ...Array.from({ length: round }, (_, index) => route(`more-${index}`)),
        ],
        [behind('load', pod.row, ...old.map(({ draining }) => draining))],
      )
    await world.apply(table(0))
    const before = await reloads()
    await using load = startLoad('127.0.0.1', http, 6, 6)
    for (let round = 1; round < 6; round += 1) {
      await load.more(200)
      const old = pod
      pod = await httpPod(`options-${round}`)
      await world.apply(table(round, old))
      await expect.poll(() => world.applier.trafficOf(old.row.pod)).toBe('out')
      await old.leave()
      await world.apply(table(round))
    }
    await load.more(200)
    expect((await load.end()).failures).toEqual([])
    expect(await reloads()).toBeGreaterThanOrEqual(before + 5)
    await pod.crash()
  })
})
