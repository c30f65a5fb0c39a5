import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Key, keyOf } from '../../src/base/key.ts'
import type { PodRef, PodVolume, Runtime } from '../../src/runtime/port.ts'
import type { ContractWorld } from './contract.ts'
import { sandboxSpec, until, webKey } from './samples.ts'
import {
  claimVolume,
  config,
  data,
  filled,
  memory,
  mount,
  runSandbox,
  runWeb,
  scratch,
  setup,
  theContainer,
  thePod,
  token,
} from './volume-samples.ts'

const claim = keyOf({ namespace: 'shop', kind: 'PersistentVolumeClaim', name: 'data' })
const job = keyOf({ namespace: 'shop', kind: 'Job', name: 'migrate' })

/** What every implementation of the port does with volumes. */
export function volumeContract(name: string, make: () => Promise<ContractWorld>): void {
  describe(`volume contract: ${name}`, () => {
    let world: ContractWorld
    let runtime: Runtime
    let pod: PodRef

    beforeEach(async () => {
      world = await make()
      runtime = world.runtime
      pod = { host: world.host, namespace: 'shop', name: 'web-abc-0' }
    })

    afterEach(() => world.close())

    const refused = (code: string) => expect.objectContaining({ name: 'RuntimeError', code })
    const contents = () => Object.fromEntries(thePod(runtime, pod.name).contents)
    const removePod = async () => {
      const { containers, uid } = thePod(runtime, pod.name)
      for (const id of [...containers.map((each) => each.id), uid]) await runtime.removeContainer(pod, id)
    }

    test('tells where pods may be placed', () => {
      const [host] = runtime.hostFacts()
      expect(host?.labels).toMatchObject({ 'kubernetes.io/hostname': world.host, 'kubernetes.io/os': 'linux' })
      expect(host?.labels['kubernetes.io/arch']).toMatch(/^(amd64|arm64)$/)
      expect(host?.taints).toEqual([])
      expect(host?.address).toMatch(/^\d+\.\d+\.\d+\.\d+$/)
    })

    test('keeps volumes of claims, and records', async () => {
      const told: Key[] = []
      runtime.watch((keys) => told.push(...keys))
      const record = { ...claimVolume(), subject: 'Job/migrate', detail: 'done', facts: { outcome: 'Complete' } }
      for (let time = 0; time < 2; time += 1) await runtime.createVolume(world.host, claimVolume())
      await runtime.createVolume(world.host, record)
      expect(told).toEqual(expect.arrayContaining([claim, job, `/Host/${world.host}`]))
      const [made] = runtime.volumesOf(claim)
      expect(made).toMatchObject({ host: world.host, ...claimVolume() })
      expect(made?.createdAt).toBeGreaterThan(0)
      expect(runtime.volumesOf(job)).toMatchObject([record])
      expect(runtime.volumes()).toHaveLength(2)
      expect((await world.another('same')).volumes()).toEqual(expect.arrayContaining([...runtime.volumes()]))
      expect((await world.another('other')).volumes()).toEqual([])

      told.length = 0
      for (let time = 0; time < 2; time += 1) await runtime.removeVolume(world.host, made?.name ?? '')
      expect(told).toContain(claim)
      expect(runtime.volumesOf(claim)).toEqual([])
      expect(runtime.volumes()).toMatchObject([record])
    })

    test('several records of one object are told apart', async () => {
      const record = (detail: string) => claimVolume({ subject: 'Job/migrate', detail, facts: {} })
      for (const detail of ['b', 'a', '']) await runtime.createVolume(world.host, record(detail))
      expect(runtime.volumesOf(job).map(({ detail }) => detail)).toEqual(['', 'a', 'b'])
    })

    test('refuses another volume under a name that is taken', async () => {
      await runtime.createVolume(world.host, claimVolume())
      const others = [claimVolume({ facts: {} }), claimVolume({ options: { type: 'tmpfs', device: 'tmpfs' } })]
      for (const other of others) {
        await expect(runtime.createVolume(world.host, other)).rejects.toEqual(refused('NAME_TAKEN'))
      }
      expect(runtime.volumesOf(claim)).toMatchObject([claimVolume()])
      const { name = '' } = runtime.volumes()[0] ?? {}
      const other = await world.another('other')
      await expect(other.removeVolume(world.host, name)).rejects.toEqual(refused('REFUSED'))
    })

    test('sees what another process does with volumes', async () => {
      const other = await world.another('same')
      await other.createVolume(world.host, claimVolume())
      await until(runtime, () => runtime.volumesOf(claim).length === 1, 'the volume is seen')
      await other.removeVolume(world.host, runtime.volumes()[0]?.name ?? '')
      await until(runtime, () => runtime.volumes().length === 0, 'the volume is gone')
    })

    test('keeps the data of a claim while a pod uses it, and when the pod is gone', async () => {
      await runtime.ensureNetwork(world.host, 'shop')
      const sandbox = sandboxSpec({ volumes: [data] })
      await expect(runtime.createSandbox(pod, sandbox)).rejects.toEqual(refused('NO_SUCH_VOLUME'))
      await runtime.createVolume(world.host, claimVolume())
      await runSandbox(runtime, pod, [data])
      const { name = '' } = runtime.volumes()[0] ?? {}
      await expect(runtime.removeVolume(world.host, name)).rejects.toEqual(refused('VOLUME_IN_USE'))
      await removePod()
      expect(runtime.volumesOf(claim)).toHaveLength(1)
      await runtime.removeVolume(world.host, name)
      expect(runtime.volumes()).toEqual([])
    })

    test('fills a volume with a copy of another one, once', async () => {
      const other = { namespace: 'shop-blue', subject: 'PersistentVolumeClaim/data' }
      const copy = keyOf({ namespace: 'shop-blue', kind: 'PersistentVolumeClaim', name: 'data' })
      const fill = { ...other, from: { namespace: 'shop', subject: other.subject }, limitBytes: 2 ** 20 }
      await expect(runtime.fillVolume(world.host, fill)).rejects.toEqual(refused('NO_SUCH_VOLUME'))
      await runtime.createVolume(world.host, claimVolume())
      await runtime.createVolume(world.host, claimVolume({ ...other, app: 'shop/blue', facts: { seed: 'x' } }))
      const told: Key[] = []
      runtime.watch((keys) => told.push(...keys))
      for (let time = 0; time < 2; time += 1) await runtime.fillVolume(world.host, fill)
      const made = (detail: string) => runtime.volumesOf(copy).find((one) => one.detail === detail)
      expect(made('')).toMatchObject({ ...other, filling: { state: 'running', attempts: 0 } })
      await until(runtime, () => made('filled') !== undefined && !made('')?.filling, 'the volume is filled')
      expect(told).toContain(copy)
      for (const detail of ['', 'filled']) expect(made(detail)).toMatchObject({ ...other, detail, app: 'shop/blue' })
      await runtime.fillVolume(world.host, fill)
      expect(made('')?.filling).toBeUndefined()
      const others = (await world.another('same')).volumesOf(copy)
      expect(others.map(({ name, detail, filling }) => [name, detail, filling])).toEqual(
        runtime.volumesOf(copy).map(({ name, detail }) => [name, detail, undefined]),
      )
      for (const { name } of runtime.volumes()) await runtime.removeVolume(world.host, name)
      expect(runtime.volumes()).toEqual([])
    })

    test('a volume that is removed while it is filled is gone, and so is the copy', async () => {
      const other = { namespace: 'shop-blue', subject: 'PersistentVolumeClaim/data' }
      const fill = { ...other, from: { namespace: 'shop', subject: other.subject }, limitBytes: 2 ** 20 }
      await runtime.createVolume(world.host, claimVolume())
      await runtime.createVolume(world.host, claimVolume(other))
      await runtime.fillVolume(world.host, fill)
      const again = await world.another('same')
      // The process that began the copy may just be putting its helper away, which has the volumes until it is gone.
      const left = async () => {
        for (const { name } of again.volumes()) await again.removeVolume(world.host, name).catch(() => {})
        return [...again.volumes(), ...runtime.volumes()].map(({ name }) => name)
      }
      await expect.poll(left).toEqual([])
    })

    test('remembers mounts and volumes of a pod', async () => {
      await runSandbox(runtime, pod, [config, scratch, token, memory])
      const setups = [filled('config', 'v1', { key: 'a' }), filled('token', 'v1', { key: 'b' })]
      await runtime.setUpVolumes(pod, [...setups, setup('scratch', { directories: ['logs/web'] }), setup('memory')])
      const mounts = [
        mount('config', '/etc/config', { readOnly: true }),
        mount('scratch', '/var/log', { subPath: 'logs/web' }),
        mount('token', '/var/run/token', { readOnly: true }),
      ]
      await runWeb(runtime, pod, mounts)
      expect(theContainer(thePod(runtime, pod.name))).toMatchObject({ state: 'running', config: { mounts } })
      const other = await world.another('same')
      expect(other.pods()[0]?.containers).toEqual(runtime.pods()[0]?.containers)
      // What is in memory need not be known.
      expect(Object.fromEntries(other.pods()[0]?.contents ?? [])).toMatchObject({ config: 'v1' })
      expect(runtime.volumes()).toEqual([])
      const unknown = sandboxSpec({ volumes: [config] })
      await expect(runtime.createSandbox(pod, unknown)).rejects.toEqual(refused('NAME_TAKEN'))
    })

    test('refuses mounts and setups of volumes that the pod does not have', async () => {
      await runSandbox(runtime, pod, [scratch])
      await expect(runtime.setUpVolumes(pod, [setup('other')])).rejects.toEqual(refused('REFUSED'))
      await expect(runWeb(runtime, pod, [mount('other', '/x')])).rejects.toEqual(refused('REFUSED'))
    })

    test('refuses a path on the host that is not of its type', async () => {
      const device: PodVolume = { kind: 'host', name: 'device', path: '/dev/null', type: 'Directory' }
      await runSandbox(runtime, pod, [device, config])
      const setups = [filled('config', 'v1', { key: 'a' }), setup('device')]
      await expect(runtime.setUpVolumes(pod, setups)).rejects.toMatchObject({
        code: 'VOLUME_REFUSED',
        message: expect.stringMatching(/^hostPath type check failed: \/dev\/null is not a directory$/i),
      })
      await runtime.setUpVolumes(pod, setups.slice(0, 1))
      expect(contents()).toEqual({ config: 'v1' })
    })

    test.each([[config], [token]])('tells which version is in a volume: %o', async (volume) => {
      await runSandbox(runtime, pod, [volume])
      expect(contents()).toEqual({})
      const told: Key[] = []
      runtime.watch((keys) => told.push(...keys))
      for (let time = 0; time < 2; time += 1) await runtime.setUpVolumes(pod, [filled(volume.name, 'v1', { a: '1' })])
      expect(contents()).toEqual({ [volume.name]: 'v1' })
      expect(told).toContain(webKey)
      await runtime.setUpVolumes(pod, [filled(volume.name, 'v2', { a: '2' })])
      expect(contents()).toEqual({ [volume.name]: 'v2' })
    })

    test('forgets what was in memory when the sandbox starts anew', async () => {
      await runSandbox(runtime, pod, [config, token])
      await runtime.setUpVolumes(pod, [filled('config', 'v1', { a: '1' }), filled('token', 'v1', { a: '1' })])
      await world.crash(thePod(runtime, pod.name).uid)
      await until(runtime, () => thePod(runtime, pod.name).sandbox?.state === 'exited', 'the sandbox has ended')
      await runtime.startContainer(pod, '')
      expect(contents()).toEqual({ config: 'v1' })
      await runtime.setUpVolumes(pod, [filled('token', 'v1', { a: '1' })])
      expect(contents()).toEqual({ config: 'v1', token: 'v1' })
    })

    test('a new pod of the same name begins with nothing', async () => {
      await runSandbox(runtime, pod, [config, scratch])
      await runtime.setUpVolumes(pod, [filled('config', 'v1', { a: '1' })])
      await removePod()
      expect(runtime.pods()).toEqual([])
      await runSandbox(runtime, pod, [config, scratch])
      expect(contents()).toEqual({})
    })

    test('says since when a pod is leaving', async () => {
      await runSandbox(runtime, pod, [])
      expect(thePod(runtime, pod.name)).toMatchObject({ leaving: false, leavingSince: undefined })
      const { createdAt } = thePod(runtime, pod.name)
      await runtime.markLeaving(pod)
      const { leavingSince = 0 } = thePod(runtime, pod.name)
      expect(leavingSince).toBeGreaterThanOrEqual(createdAt)
      expect((await world.another('same')).pods()).toMatchObject([{ leaving: true, leavingSince }])
    })
  })
}
