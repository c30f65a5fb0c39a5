import { createServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { hostname as machineName } from 'node:os'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Container, PodSpec } from '../../src/manifests/types.ts'
import type { ContainerConfig } from '../../src/runtime/live.ts'
import { podAddress } from '../../src/runtime/pod-address.ts'
import type { PodRef } from '../../src/runtime/port.ts'
import { ensureImage, rootFolder } from '../support/images.ts'
import { type DockerWorld, dockerWorld, testSocket } from './docker-world.ts'
import { plainConfig, podSpec, runPod, sandboxSpec, until, webKey } from './samples.ts'

const idle = ['/bin/sh', '-c', "trap 'exit 0' TERM; while :; do sleep 600 & wait $!; done"]
const probe = { periodSeconds: 1, timeoutSeconds: 1, successThreshold: 1, failureThreshold: 1 }

describe('pods on Docker that share something with their host or among themselves', () => {
  let world: DockerWorld
  let pod: PodRef

  beforeEach(async () => {
    world = await dockerWorld()
    pod = { host: world.host, namespace: 'shop', name: 'web-abc-0' }
  })

  afterEach(() => world.close())

  type Given = { spec?: Partial<PodSpec>; container?: Partial<Container>; config?: Partial<ContainerConfig> }
  const run = ({ spec, container, config }: Given) =>
    runPod(
      world.runtime,
      pod,
      plainConfig({ command: idle, ...config }),
      sandboxSpec({ spec: { ...podSpec(container), ...spec }, ports: [] }),
    )
  const live = () => world.runtime.podsOf(webKey)[0]
  const container = (name = 'web') => live()?.containers.find((each) => each.name === name)
  const sh = async (script: string, name = 'web') =>
    (await world.exec(container(name)?.id ?? '', 'sh', '-c', script)).trim().replaceAll('\r', '')

  test('a pod on the host’s network has the address and the name of the host', async () => {
    const env = [{ name: 'IP', value: podAddress, secret: false }]
    const hostAliases = [{ ip: '10.9.8.7', hostnames: ['db.example.org'] }]
    const dnsConfig = { options: [{ name: 'ndots', value: '7' }] }
    const names = { subdomain: 'db', hostAliases, dnsConfig, dnsPolicy: 'ClusterFirstWithHostNet' } as const
    await run({ spec: { hostNetwork: true, ...names }, config: { env } })
    const address = live()?.address ?? ''
    expect(address).toBe(world.runtime.hostFacts()[0]?.address || '127.0.0.1')
    expect(await sh('hostname; echo $IP')).toBe(`${machineName()}\n${address}`)
    expect(container()?.config.env).toEqual(env)
    expect(await sh('cat /etc/hosts')).toMatch(/10\.9\.8\.7\s+db\.example\.org/)
    expect(await sh('cat /etc/resolv.conf')).toContain('ndots:7')
  })

  test('it is probed there, by gRPC too', async () => {
    const server = createServer()
    server.on('stream', (stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
      stream.end(Buffer.from('00000000020801', 'hex'))
    })
    await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve))
    const { port } = server.address() as AddressInfo
    await run({ spec: { hostNetwork: true }, container: { readinessProbe: { ...probe, grpc: { port } } } })
    await until(world.runtime, () => container()?.health.ready === true, 'it is ready')
    server.close()
    await until(world.runtime, () => container()?.health.ready === false, 'it is not ready any more')
    expect(container()?.health.message).toMatch(/^readiness probe failed: grpc [\d.]+:\d+: /)
  })

  test('containers of a pod may see each other’s processes, and orphans are reaped', async () => {
    await run({ spec: { shareProcessNamespace: true } })
    await world.runtime.createContainer(pod, plainConfig({ name: 'side', command: ['/bin/sleep', '654321'] }))
    await world.runtime.startContainer(pod, 'side')
    expect(await sh('ps -o args | grep -c "[s]leep 654321"')).toBe('1')
    // The parent ends at once; its child ends later, and nobody but process 1 can ask how.
    await sh('(sleep 0.2 & echo $! >/tmp/orphan)')
    expect(await sh('while [ -e /proc/$(cat /tmp/orphan) ]; do sleep 0.1; done; echo gone')).toBe('gone')
    expect(await sh('ps -o stat,args | grep -c "^Z" || true')).toBe('0')
    world.runtime.stopContainer(pod, container('side')?.id ?? '', 20_000)
    await until(world.runtime, () => container('side')?.state === 'exited', 'it ends by the signal')
    expect(container('side')?.exitCode).toBe(143)
  })

  test('alone, a container sees only its own', async () => {
    await run({})
    expect(await sh('tr "\\0" " " </proc/1/cmdline')).toContain('sleep 600')
  })

  test('a pod may see the processes and the IPC of the host', async () => {
    await run({ spec: { hostPID: true, hostIPC: true } })
    const { HostConfig } = await world.docker.inspect(container()?.id ?? '')
    expect(HostConfig).toMatchObject({ PidMode: 'host', IpcMode: 'host' })
    expect((await sh('cat /proc/[0-9]*/comm')).split('\n')).toContain('dockerd')
    expect(container()?.state).toBe('running')
  })

  test('names: aliases, subdomain, resolver', async () => {
    const hostAliases = [{ ip: '10.9.8.7', hostnames: ['db.example.org', 'db'] }]
    const dnsConfig = {
      nameservers: ['192.0.2.53'],
      searches: ['a.example.org'],
      options: [{ name: 'ndots', value: '3' }],
    }
    await run({ spec: { hostAliases, subdomain: 'db', dnsPolicy: 'None', dnsConfig } })
    const hosts = await sh('cat /etc/hosts')
    expect(hosts).toMatch(/10\.9\.8\.7\s+db\.example\.org/)
    expect(hosts).toMatch(new RegExp(`${live()?.address}\\s+web-abc-0\\.db\\.shop\\.svc\\.cluster\\.local web-abc-0`))
    expect(await sh('hostname; hostname -f')).toBe('web-abc-0\nweb-abc-0.db.shop.svc.cluster.local')
    const resolver = await sh('cat /etc/resolv.conf')
    expect(resolver).toContain('search a.example.org')
    expect(resolver).toContain('ndots:3')
    const { HostConfig } = await world.docker.inspect(live()?.uid ?? '')
    expect(HostConfig).toMatchObject({ Dns: ['192.0.2.53'] })
  })

  test('the full name as the host name', async () => {
    await run({ spec: { subdomain: 'db', setHostnameAsFQDN: true } })
    expect(await sh('hostname')).toBe('web-abc-0.db.shop.svc.cluster.local')
    expect(await sh('cat /etc/hosts')).toContain('web-abc-0.db.shop.svc.cluster.local web-abc-0')
  })

  test('a full name that is too long is refused', async () => {
    const spec = { ...podSpec(), subdomain: 'd'.repeat(60), setHostnameAsFQDN: true }
    await world.runtime.ensureNetwork(pod.host, pod.namespace)
    await expect(world.runtime.createSandbox(pod, sandboxSpec({ spec }))).rejects.toThrow(
      /host name web-abc-0\.d+\.shop.* of \d+ characters, expected at most 64/,
    )
  })

  test('settings of the kernel are those of the pod', async () => {
    const sysctls = [
      { name: 'net.ipv4.ip_local_port_range', value: '2000 2999' },
      { name: 'kernel.shm_rmid_forced', value: '1' },
    ]
    await run({ spec: { securityContext: { sysctls } } })
    const seen = await sh('cat /proc/sys/net/ipv4/ip_local_port_range /proc/sys/kernel/shm_rmid_forced')
    expect(seen.split(/\s+/)).toEqual(['2000', '2999', '1'])
  })

  test('whoever must not run as root does not', async () => {
    const securityContext = { runAsNonRoot: true }
    await expect(run({ spec: { securityContext } })).rejects.toMatchObject({
      code: 'REFUSED',
      message: 'CreateContainerConfigError: container has runAsNonRoot and image will run as root',
    })
    expect(live()?.containers).toEqual([])
    const config = plainConfig({ command: idle, user: '1000' })
    await world.runtime.createContainer(pod, config)
    await world.runtime.startContainer(pod, 'web')
    expect(await sh('id -u')).toBe('1000')
  })

  test('a group alone leaves the user to the image', async () => {
    const image = 'berth-test-user:1'
    await ensureImage(testSocket, image, rootFolder(), ['USER 1000:1001', 'CMD ["/bin/serve"]'])
    await run({ spec: { securityContext: { runAsNonRoot: true } }, config: { image, user: ':2000' } })
    expect(await sh('id -u; id -g')).toBe('1000\n2000')
    expect(container()?.config.user).toBe(':2000')
  })

  test('what a container uses can be read', async () => {
    await run({ config: { command: ['/bin/sh', '-c', 'while :; do :; done'] } })
    const id = container()?.id ?? ''
    const [first] = await world.runtime.usage(world.host, [id, 'f'.repeat(64)])
    expect(first).toMatchObject({ id })
    expect(first?.memoryBytes).toBeGreaterThan(0)
    for (;;) {
      const [next] = await world.runtime.usage(world.host, [id])
      if (!first || !next) throw new Error('no figures')
      expect(next.at).toBeGreaterThan(first.at)
      if (next.cpuNanos > first.cpuNanos) break
    }
    await world.crash(id)
    await until(world.runtime, () => container()?.state === 'exited', 'it has ended')
    expect(await world.runtime.usage(world.host, [id])).toEqual([])
  })
})
