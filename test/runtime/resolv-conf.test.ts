import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { PodSpec } from '../../src/manifests/types.ts'
import { sandboxOptions } from '../../src/runtime/docker/options.ts'
import { resolvScript } from '../../src/runtime/docker/resolv-conf.ts'
import { podSpec, sandboxSpec } from './samples.ts'

const dns = { address: '10.96.0.10', zone: 'cluster.local' }
const search = 'search shop.svc.cluster.local svc.cluster.local cluster.local'
const docker = '# by the engine\nnameserver 127.0.0.11\nsearch corp.example lan\noptions ndots:0\n'

/** What the file holds once a pod has started as often as there are texts that the engine made of it. */
function written(given: Partial<PodSpec>, ...texts: readonly string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'berth-resolv-'))
  try {
    const file = join(folder, 'resolv.conf')
    const script = resolvScript({ ...podSpec(), ...given }, 'shop', dns).replaceAll('/etc/resolv.conf', file)
    for (const text of texts) {
      if (text !== '') writeFileSync(file, text)
      execFileSync('sh', ['-c', script])
    }
    return readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .filter((line) => !line.startsWith('#'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe('/etc/resolv.conf', () => {
  test.each([
    {
      title: 'of the policy ClusterFirst: the cluster, then the domains of the host',
      given: {},
      expected: ['nameserver 10.96.0.10', 'options ndots:5', `${search} corp.example lan`],
    },
    {
      title: 'of a pod on the host’s network that asks for the cluster',
      given: { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' },
      expected: ['nameserver 10.96.0.10', 'options ndots:5', `${search} corp.example lan`],
    },
    {
      title: 'with what the pod adds, nothing twice',
      given: {
        dnsConfig: {
          nameservers: ['1.1.1.1', '10.96.0.10', '2.2.2.2', '3.3.3.3'],
          searches: ['lan', 'my.example'],
          options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }],
        },
      },
      expected: [
        ...['10.96.0.10', '1.1.1.1', '2.2.2.2'].map((server) => `nameserver ${server}`),
        'options ndots:2 edns0',
        `${search} corp.example lan my.example`,
      ],
    },
    {
      title: 'of the policy None: what the pod says and nothing else',
      given: { dnsPolicy: 'None', dnsConfig: { nameservers: ['1.1.1.1'] } },
      expected: ['nameserver 1.1.1.1'],
    },
    {
      title: 'of the policy Default: the engine’s',
      given: { dnsPolicy: 'Default' },
      expected: docker.trimEnd().split('\n').slice(1),
    },
    {
      title: 'on the host’s network: the host’s',
      given: { hostNetwork: true },
      expected: docker.trimEnd().split('\n').slice(1),
    },
  ] as const)('$title', ({ given, expected }) => {
    expect(written(given as Partial<PodSpec>, docker)).toEqual(expected)
    expect(written(given as Partial<PodSpec>, docker, '')).toEqual(expected)
  })

  test('follows the host’s domains when the engine writes it anew', () => {
    expect(written({}, docker, 'nameserver 127.0.0.11\n').at(-1)).toBe(search)
    expect(written({}, 'search .\nnameserver 127.0.0.11\n').at(-1)).toBe(search)
  })

  test('takes no word of a pod for a command', () => {
    const given = { dnsConfig: { searches: ["a'; echo x >&2 '*", '$HOME'] } }
    expect(written(given, docker).at(-1)).toBe(`${search} corp.example lan a'; echo x >&2 '* $HOME`)
  })
})

describe('a sandbox', () => {
  test.each([
    { title: 'with a server of the cluster writes the file itself', dns, expected: { writes: true, asks: undefined } },
    { title: 'without one leaves it to the engine', dns: undefined, expected: { writes: false, asks: ['1.1.1.1'] } },
  ])('$title', ({ dns, expected }) => {
    const spec: PodSpec = { ...podSpec(), dnsPolicy: 'None', dnsConfig: { nameservers: ['1.1.1.1'] } }
    const { Entrypoint, HostConfig } = sandboxOptions('name', 'pause', 'net', 'shop', sandboxSpec({ spec }), {}, dns)
    expect({ writes: String(Entrypoint).includes('/etc/resolv.conf'), asks: HostConfig?.Dns }).toEqual(expected)
  })

  test('its domain is in the zone of the cluster', () => {
    const spec: PodSpec = { ...podSpec(), subdomain: 'db' }
    const options = sandboxOptions(
      'name',
      'pause',
      'net',
      'shop',
      sandboxSpec({ spec }),
      {},
      { ...dns, zone: 'k8s.lan' },
    )
    expect(options.Domainname).toBe('db.shop.svc.k8s.lan')
  })

  test.each([
    {
      title: 'are Docker’s where it has no server of the cluster',
      network: 'net',
      dns: undefined,
      expected: ['web', 'web.shop'],
    },
    { title: 'are the server’s where it has one', network: 'net', dns, expected: undefined },
    { title: 'are not on the host’s network', network: 'host', dns: undefined, expected: undefined },
  ])('its Services’ names $title', ({ network, dns, expected }) => {
    const sandbox = sandboxSpec({ aliases: ['web', 'web.shop'] })
    const { NetworkingConfig } = sandboxOptions('name', 'pause', network, 'shop', sandbox, {}, dns)
    expect(NetworkingConfig?.EndpointsConfig?.net?.Aliases).toEqual(expected)
  })
})
