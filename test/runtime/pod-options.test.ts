import { describe, expect, test } from 'vitest'
import type { PodSpec } from '../../src/manifests/types.ts'
import { containerOptions, sandboxOptions } from '../../src/runtime/docker/options.ts'
import { asksForNonRoot, rootRefusal, userAs } from '../../src/runtime/docker/run-as.ts'
import { plainConfig, podSpec, sandboxSpec } from './samples.ts'

const capacity = { cpuMillis: 2000, memoryBytes: 1e9, lowersOomScore: true }
const ports = [{ containerPort: 80, hostPort: 8080, hostIP: '', protocol: 'TCP' }] as const

function sandbox(given: Partial<PodSpec>, hostname = 'web-0') {
  const spec = { ...podSpec(), ...given }
  return sandboxOptions('name', 'pause', 'net', 'shop', sandboxSpec({ spec, hostname, ports }), {})
}

function joined(given: Partial<PodSpec>) {
  const spec = { ...podSpec(), ...given }
  const { HostConfig } = containerOptions(
    'name',
    plainConfig(),
    { sandboxId: 'abc', address: undefined, spec },
    {},
    capacity,
  )
  return { pid: HostConfig?.PidMode, ipc: HostConfig?.IpcMode, network: HostConfig?.NetworkMode }
}

test.each([
  ['shop', undefined],
  ['shop/pr-7', 2_048],
])('processes of a container of %s', (app, most) => {
  const { HostConfig, Healthcheck } = containerOptions(
    'name',
    plainConfig(),
    { sandboxId: 'abc', address: undefined, spec: podSpec(), app },
    {},
    capacity,
  )
  expect(HostConfig?.PidsLimit).toBe(most)
  // What its image would have Docker run in it, as often as it likes.
  expect(Healthcheck?.Test).toEqual(most && ['NONE'])
})

describe('the sandbox', () => {
  test('has a network, a name and ports of its own', () => {
    const { Hostname, Domainname, ExposedPorts, HostConfig } = sandbox({})
    expect({ Hostname, Domainname, ExposedPorts }).toEqual({ Hostname: 'web-0', ExposedPorts: { '80/tcp': {} } })
    expect(HostConfig).toMatchObject({ NetworkMode: 'net', IpcMode: 'shareable' })
    expect(Object.keys(HostConfig ?? {})).not.toContain('Dns')
  })

  test('on the host’s network it has neither name nor ports', () => {
    const { Hostname, ExposedPorts, HostConfig } = sandbox({ hostNetwork: true, subdomain: 'db' })
    expect({ Hostname, ExposedPorts, ports: HostConfig?.PortBindings }).toEqual({ ExposedPorts: {}, ports: {} })
  })

  test.each([
    [{ subdomain: 'db' }, 'web-0', 'db.shop.svc.cluster.local'],
    [{ subdomain: 'db', setHostnameAsFQDN: true }, 'web-0.db.shop.svc.cluster.local', undefined],
    [{ setHostnameAsFQDN: true }, 'web-0', undefined],
    [{ subdomain: 'd'.repeat(60) }, 'web-0', undefined],
  ])('is called by its names: %j', (spec, hostname, domain) => {
    const { Hostname, Domainname } = sandbox(spec)
    expect([Hostname, Domainname]).toEqual([hostname, domain])
  })

  test('a long name is cut as the kernel wants it', () => {
    expect(sandbox({}, `${'x'.repeat(62)}-0`).Hostname).toBe('x'.repeat(62))
  })

  test.each([
    [{ dnsPolicy: 'Default' }, {}],
    [
      { dnsPolicy: 'None', dnsConfig: { nameservers: ['1.1.1.1'] } },
      { Dns: ['1.1.1.1'], DnsSearch: ['.'] },
    ],
    [
      { dnsPolicy: 'None', dnsConfig: { nameservers: ['1.1.1.1', '::1'], searches: ['a.org', 'b.org'] } },
      { Dns: ['1.1.1.1', '::1'], DnsSearch: ['a.org', 'b.org'] },
    ],
    [
      { dnsPolicy: 'ClusterFirst', dnsConfig: { options: [{ name: 'ndots', value: '5' }, { name: 'edns0' }] } },
      { DnsOptions: ['ndots:5', 'edns0'] },
    ],
    [{ dnsPolicy: 'ClusterFirstWithHostNet', dnsConfig: { searches: ['a.org'] } }, { DnsSearch: ['a.org'] }],
  ] as const)('asks for names where it is told to: %j', (spec, expected) => {
    const { Dns, DnsSearch, DnsOptions } = sandbox(spec as Partial<PodSpec>).HostConfig ?? {}
    expect(JSON.parse(JSON.stringify({ Dns, DnsSearch, DnsOptions }))).toEqual(expected)
  })

  test('knows aliases and settings of the kernel', () => {
    const hostAliases = [
      { ip: '10.0.0.1', hostnames: ['a', 'b.org'] },
      { ip: '::2', hostnames: ['c'] },
      { ip: '10.0.0.3' },
    ]
    const sysctls = [
      { name: 'net.core.somaxconn', value: '512' },
      { name: 'kernel/shm_rmid_forced', value: '1' },
      { name: 'net/ipv4/conf/eth0.1/forwarding', value: '0' },
    ]
    const { HostConfig } = sandbox({ hostAliases, securityContext: { sysctls } })
    expect(HostConfig?.ExtraHosts).toEqual(['a:10.0.0.1', 'b.org:10.0.0.1', 'c:::2'])
    expect(HostConfig?.Sysctls).toEqual({
      'net.core.somaxconn': '512',
      'kernel.shm_rmid_forced': '1',
      'net.ipv4.conf.eth0/1.forwarding': '0',
    })
  })

  test.each([
    [{}, undefined, 'container:abc'],
    [{ shareProcessNamespace: true }, 'container:abc', 'container:abc'],
    [{ hostPID: true }, 'host', 'container:abc'],
    [{ hostIPC: true }, undefined, 'host'],
  ])('containers see what the pod shares: %j', (spec, pid, ipc) => {
    expect(joined(spec)).toEqual({ pid, ipc, network: 'container:abc' })
    expect(sandbox(spec).HostConfig?.IpcMode).toBe(ipc === 'host' ? 'host' : 'shareable')
  })
})

describe('runAsNonRoot', () => {
  test.each([
    [undefined, '', 'container has runAsNonRoot and image will run as root'],
    [
      undefined,
      'root',
      'container has runAsNonRoot and image has non-numeric user (root), cannot verify user is non-root',
    ],
    [undefined, '0:5', 'container has runAsNonRoot and image will run as root'],
    [
      undefined,
      'web:5',
      'container has runAsNonRoot and image has non-numeric user (web), cannot verify user is non-root',
    ],
    [undefined, '1000', undefined],
    [undefined, '1000:0', undefined],
    ['0', '1000', "container's runAsUser breaks non-root policy"],
    ['0:7', '1000', "container's runAsUser breaks non-root policy"],
    ['1000', '', undefined],
    ['1000:0', 'root', undefined],
    [':7', '1000', undefined],
    [':7', '', 'container has runAsNonRoot and image will run as root'],
  ])('of user %s and image user "%s": %s', (user, imageUser, refusal) => {
    expect(rootRefusal(user, imageUser)).toBe(refusal)
  })

  test.each([
    [undefined, '1000', undefined],
    ['5', '1000', '5'],
    [':7', '1000:1000', '1000:7'],
    [':7', 'web', 'web:7'],
    [':7', '', '0:7'],
  ])('user %s of an image with user "%s" is %s', (user, imageUser, expected) => {
    expect(userAs(user, imageUser)).toBe(expected)
  })

  test('is asked for by the container or else by the pod', () => {
    const asked = (own: boolean | undefined, pod: boolean | undefined) => {
      const securityContext = own === undefined ? {} : { runAsNonRoot: own }
      const spec = { ...podSpec({ securityContext }), securityContext: pod === undefined ? {} : { runAsNonRoot: pod } }
      return asksForNonRoot(spec, 'web')
    }
    expect([asked(undefined, undefined), asked(true, undefined), asked(undefined, true), asked(false, true)]).toEqual([
      false,
      true,
      true,
      false,
    ])
    expect(asksForNonRoot(undefined, 'web')).toBe(false)
    const [container] = podSpec().containers
    const init = {
      ...podSpec(),
      initContainers: [{ ...container!, name: 'first', securityContext: { runAsNonRoot: true } }],
    }
    expect(asksForNonRoot(init, 'first')).toBe(true)
  })
})
