import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Key } from '../../src/base/key.ts'
import type { LiveContainer, LivePod } from '../../src/runtime/live.ts'
import type { PodRef, Runtime } from '../../src/runtime/port.ts'
import { allocation, nothingElse, serviceOf } from './network-samples.ts'
import { fullConfig, plainConfig, runPod, sandboxSpec, until, webKey } from './samples.ts'

/** A host with its engine, and what happens to it behind the runtime's back. */
export interface ContractWorld {
  /** Started; its host has the images `berth-test:1` and `berth-test:2`, whose process runs until SIGTERM. */
  readonly runtime: Runtime
  readonly host: string
  /** A reference that no registry answers for. */
  readonly missingImage: string
  /** A second runtime on the same host, started: of the same installation, or of another one. */
  another(installation: 'same' | 'other'): Promise<Runtime>
  /** Ends a container's process with SIGKILL. */
  crash(id: string): Promise<void>
  /** Removes a container by force. */
  destroy(id: string): Promise<void>
  /** Writes a file in a container, as its process would. */
  write(id: string, path: string, text: string): Promise<void>
  /** Adds a line to what its process printed. */
  print(id: string, line: string): Promise<void>
  pause(id: string): Promise<void>
  setMemoryLimit(id: string, bytes: number): Promise<void>
  /** Makes a foreign container under a name of its own, with the labels of this one; answers its id. */
  copyLabels(id: string): Promise<string>
  /** Makes a foreign container that holds the name of the pod's sandbox; answers its id. */
  holdName(pod: PodRef): Promise<string>
  /** From now on the engine does not answer the runtime; the other hooks go on working. */
  outage(): Promise<{ end(): Promise<void> }>
  /** Removes all that was made. */
  close(): Promise<void>
}

/** What every implementation of the port does, whatever is behind it. */
export function runtimeContract(name: string, make: () => Promise<ContractWorld>): void {
  describe(`runtime contract: ${name}`, () => {
    let world: ContractWorld
    let runtime: Runtime
    let pod: PodRef

    beforeEach(async () => {
      world = await make()
      runtime = world.runtime
      pod = { host: world.host, namespace: 'shop', name: 'web-abc-0' }
    })

    afterEach(() => world.close())

    const live = (): LivePod => {
      const [found, ...rest] = runtime.podsOf(webKey)
      expect(rest).toEqual([])
      if (!found) throw new Error('no pod')
      return found
    }
    const web = (): LiveContainer => {
      const found = live().containers.find((container) => container.name === 'web')
      if (!found) throw new Error('no container')
      return found
    }
    const refused = (code: string) => expect.objectContaining({ name: 'RuntimeError', code })

    test('tells of its host', () => {
      const [host] = runtime.hostFacts()
      expect(runtime.hosts).toEqual([world.host])
      expect(host).toMatchObject({ name: world.host, reachable: true, message: '' })
      expect(host?.cpuMillis).toBeGreaterThan(0)
      expect(host?.memoryBytes).toBeGreaterThan(0)
      expect(host?.images.get('berth-test:1')).toBe(host?.images.get('docker.io/library/berth-test:1'))
      expect(host?.images.has('berth-test:1')).toBe(true)
      expect(host?.images.has(world.missingImage)).toBe(false)
      expect([...(host?.networks ?? [])]).toEqual([])
      expect(runtime.pods()).toEqual([])
      expect(runtime.conflicts()).toEqual([])
    })

    test('makes a pod step by step, each step known when its call resolves', async () => {
      await runtime.ensureNetwork(world.host, 'shop')
      expect([...(runtime.hostFacts()[0]?.networks ?? [])]).toEqual(['shop'])

      const sandbox = sandboxSpec()
      await runtime.createSandbox(pod, sandbox)
      const { app, owner, template, commit, labels, annotations, spec } = sandbox
      expect(live()).toMatchObject({ ...pod, app, owner, template, commit, labels, annotations, spec, leaving: false })
      expect(live()).toMatchObject({ address: undefined, containers: [], leftovers: [] })
      expect(live().sandbox).toMatchObject({ name: '', state: 'created', startedAt: 0 })
      expect(live().uid).toBe(live().sandbox?.id)

      await runtime.startContainer(pod, '')
      expect(live().sandbox).toMatchObject({ state: 'running', health: { known: true, ready: true } })
      expect(live().address).toMatch(/^\d+\.\d+\.\d+\.\d+$/)

      await runtime.createContainer(pod, plainConfig())
      expect(web()).toMatchObject({ state: 'created', restarts: 0, backoffMs: 0, last: undefined, stopping: false })
      expect(web().health).toMatchObject({ known: true, started: false, ready: false, readySince: undefined })

      await runtime.startContainer(pod, 'web')
      expect(web()).toMatchObject({ state: 'running', exitCode: 0, error: '', finishedAt: 0, image: 'berth-test:1' })
      expect(web().health).toMatchObject({ known: true, started: true, ready: true, readySince: web().startedAt })
      expect(web().imageId).toBe(runtime.hostFacts()[0]?.images.get('berth-test:1'))
      expect(runtime.pods()).toEqual([live()])
    })

    test.each([
      ['everything left to the image', plainConfig()],
      ['everything set', fullConfig()],
      [
        'a request without a limit',
        plainConfig({ resources: { cpuRequestMillis: 1, cpuLimitMillis: 0, memoryLimitBytes: 0 } }),
      ],
      ['arguments alone', plainConfig({ args: ['/bin/sleep', '600'] })],
    ])('observes a container as it was asked for: %s', async (_, config) => {
      await runPod(runtime, pod, config)
      expect(web()).toMatchObject({ state: 'running' })
      expect(web().config).toEqual(config)
    })

    test('takes the repetition of any call for a lost answer', async () => {
      const config = fullConfig()
      for (let time = 0; time < 2; time += 1) await runtime.ensureNetwork(world.host, 'shop')
      for (let time = 0; time < 2; time += 1) await runtime.createSandbox(pod, sandboxSpec())
      for (let time = 0; time < 2; time += 1) await runtime.startContainer(pod, '')
      for (let time = 0; time < 2; time += 1) await runtime.createContainer(pod, config)
      for (let time = 0; time < 2; time += 1) await runtime.startContainer(pod, 'web')
      const { id } = web()
      await runtime.createContainer(pod, config)
      expect(web()).toMatchObject({ id, state: 'running' })
      const resources = { cpuRequestMillis: 100, cpuLimitMillis: 0, memoryLimitBytes: 0 }
      for (let time = 0; time < 2; time += 1) await runtime.updateContainer(pod, id, resources)
      for (let time = 0; time < 2; time += 1) await runtime.unpauseContainer(pod, id)
      await world.crash(id)
      await until(runtime, () => web().state === 'exited', 'the container has ended')
      const attempt = { restarts: 1, backoffMs: 10_000, last: undefined }
      for (let time = 0; time < 2; time += 1) await runtime.recreateContainer(pod, id, attempt)
      for (let time = 0; time < 2; time += 1) await runtime.removeContainer(pod, id)
      await runtime.recreateContainer(pod, id, attempt)
      expect(live()).toMatchObject({ containers: [{ restarts: 1 }], leftovers: [] })
      for (let time = 0; time < 2; time += 1) await runtime.markLeaving(pod)
      const { uid } = live()
      for (const gone of [web().id, uid]) {
        for (let time = 0; time < 2; time += 1) await runtime.removeContainer(pod, gone)
      }
      for (let time = 0; time < 2; time += 1) await runtime.removeNetwork(world.host, 'shop')
      expect(runtime.pods()).toEqual([])
      expect([...(runtime.hostFacts()[0]?.networks ?? [])]).toEqual([])
    })

    test('refuses what has nothing to stand on', async () => {
      await expect(runtime.createSandbox(pod, sandboxSpec())).rejects.toEqual(refused('NO_SUCH_NETWORK'))
      await expect(runtime.startContainer(pod, '')).rejects.toEqual(refused('NO_SUCH_CONTAINER'))
      await expect(runtime.createContainer(pod, plainConfig())).rejects.toEqual(refused('NO_SUCH_CONTAINER'))
      await expect(runtime.ensureNetwork('nowhere', 'shop')).rejects.toEqual(refused('REFUSED'))
      await runtime.ensureNetwork(world.host, 'shop')
      await runtime.createSandbox(pod, sandboxSpec())
      const needsAddress = fullConfig()
      await expect(runtime.createContainer(pod, needsAddress)).rejects.toEqual(refused('START_FAILED'))
      const noImage = plainConfig({ image: world.missingImage })
      await expect(runtime.createContainer(pod, noImage)).rejects.toEqual(refused('NO_SUCH_IMAGE'))
      expect(live().containers).toEqual([])
    })

    test('replaces a container of ours that never started, and no other', async () => {
      await runtime.ensureNetwork(world.host, 'shop')
      await runtime.createSandbox(pod, sandboxSpec())
      await runtime.startContainer(pod, '')
      await runtime.createContainer(pod, plainConfig())
      const changed = plainConfig({ image: 'berth-test:2' })
      await runtime.createContainer(pod, changed)
      expect(live().containers).toHaveLength(1)
      expect(web()).toMatchObject({ state: 'created', image: 'berth-test:2' })
      await runtime.startContainer(pod, 'web')
      await expect(runtime.createContainer(pod, plainConfig())).rejects.toEqual(refused('NAME_TAKEN'))
      expect(web()).toMatchObject({ state: 'running', image: 'berth-test:2' })
      expect(runtime.conflicts()).toEqual([])
    })

    test('tells why a process could not be started', async () => {
      await runPod(runtime, pod)
      await runtime.removeContainer(pod, web().id)
      await runtime.createContainer(pod, plainConfig({ command: ['/no/such/file'] }))
      await expect(runtime.startContainer(pod, 'web')).rejects.toEqual(refused('START_FAILED'))
      expect(web().state).toBe('created')
      expect(web().error).not.toBe('')
      expect(web().exitCode).not.toBe(0)
    })

    test('announces the death of a process, and starts the next attempt beside it', async () => {
      await runPod(runtime, pod)
      const told: Key[] = []
      runtime.watch((keys) => told.push(...keys))
      const { id } = web()
      await world.crash(id)
      await until(runtime, () => web().state === 'exited', 'the container has ended')
      expect(told).toContain(webKey)
      expect(web()).toMatchObject({ exitCode: 137, oomKilled: false, health: { ready: false, started: false } })
      expect(web().finishedAt).toBeGreaterThanOrEqual(web().startedAt)
      const last = { exitCode: 137, reason: 'Error', finishedAt: web().finishedAt }
      await runtime.recreateContainer(pod, id, { restarts: 1, backoffMs: 10_000, last })
      expect(web()).toMatchObject({ state: 'created', restarts: 1, backoffMs: 10_000, last, config: plainConfig() })
      expect(live().leftovers).toMatchObject([{ id, state: 'exited', restarts: 0 }])
      await runtime.startContainer(pod, 'web')
      expect(web()).toMatchObject({ state: 'running', restarts: 1 })
      await runtime.removeContainer(pod, id)
      expect(live().leftovers).toEqual([])
    })

    test('remembers how a pull ended', async () => {
      runtime.pull(world.host, world.missingImage)
      const pull = () => runtime.hostFacts()[0]?.pulls.get(world.missingImage)
      expect(pull()).toMatchObject({ state: 'pulling', attempts: 0 })
      await until(runtime, () => pull()?.state === 'failed', 'the pull has failed')
      expect(pull()).toMatchObject({ attempts: 1 })
      expect(pull()?.message).not.toBe('')
      runtime.pull(world.host, world.missingImage)
      await until(runtime, () => pull()?.attempts === 2, 'the second pull has failed')
    })

    test('stops without holding anything up', async () => {
      await runPod(runtime, pod)
      runtime.stopContainer(pod, web().id, 30_000)
      expect(web()).toMatchObject({ state: 'running', stopping: true })
      await until(runtime, () => web().state === 'exited' && !web().stopping, 'the container has been stopped')
      expect(web().exitCode).toBe(0)
    })

    test('marks a pod for removal so that others see it', async () => {
      await runPod(runtime, pod)
      await runtime.markLeaving(pod)
      expect(live().leaving).toBe(true)
      const other = await world.another('same')
      expect(other.podsOf(webKey)[0]?.leaving).toBe(true)
      await expect(runtime.createSandbox(pod, sandboxSpec())).rejects.toEqual(refused('NAME_TAKEN'))
      expect(live().leaving).toBe(true)
    })

    test('knows no traffic of a pod that no Service sends anything, whatever else is served', async () => {
      await runPod(runtime, pod)
      expect(live().traffic).toBe('none')
      const service = serviceOf({ ...pod, name: 'no-such-pod' })
      runtime.setNetwork({ services: [service], ...nothingElse }, new Map([[service.key, allocation]]))
      expect(live().traffic).toBe('none')
      runtime.setNetwork({ services: [], ...nothingElse }, new Map())
      expect(live().traffic).toBe('none')
      expect(runtime.hostFacts()[0]?.network.problems).toEqual([])
    })

    test('sees a sandbox that died, and one that was removed', async () => {
      await runPod(runtime, pod)
      const { uid } = live()
      await world.crash(uid)
      await until(runtime, () => live().sandbox?.state === 'exited', 'the sandbox has ended')
      expect(live()).toMatchObject({ uid, address: undefined })
      expect(web().state).toBe('running')
      await world.destroy(uid)
      await until(runtime, () => live().sandbox === undefined, 'the sandbox is gone')
      expect(live()).toMatchObject({ uid: '', spec: undefined, owner: 'Deployment/web', template: 'abc' })
      await world.destroy(web().id)
      await until(runtime, () => runtime.pods().length === 0, 'the pod is gone')
    })

    test('sees what others did to a container', async () => {
      await runPod(runtime, pod)
      await world.pause(web().id)
      await until(runtime, () => web().state === 'paused', 'the container is paused')
      expect(web().health.ready).toBe(false)
      await runtime.unpauseContainer(pod, web().id)
      expect(web().state).toBe('running')
      const memoryLimitBytes = 32 * 1024 * 1024
      await world.setMemoryLimit(web().id, memoryLimitBytes)
      await until(runtime, () => web().config.resources.memoryLimitBytes > 0, 'the limit is seen')
      expect(web().config).toEqual(
        plainConfig({ resources: { cpuRequestMillis: 0, cpuLimitMillis: 0, memoryLimitBytes } }),
      )
    })

    test.each([
      { cpuRequestMillis: 300, cpuLimitMillis: 700, memoryLimitBytes: 48 * 1024 * 1024 },
      { cpuRequestMillis: 0, cpuLimitMillis: 0, memoryLimitBytes: 0 },
      { cpuRequestMillis: 1, cpuLimitMillis: 0, memoryLimitBytes: 48 * 1024 * 1024 },
    ])('changes resources in place: %o', async (resources) => {
      await runPod(runtime, pod, fullConfig())
      const { id, startedAt } = web()
      await runtime.updateContainer(pod, id, resources)
      expect(web()).toMatchObject({ id, startedAt, state: 'running', config: { resources } })
    })

    test('a runtime that comes later finds the same facts', async () => {
      await runPod(runtime, pod, fullConfig())
      await runtime.createSandbox({ ...pod, name: 'web-abc-1' }, sandboxSpec({ hostname: 'web-abc-1' }))
      const other = await world.another('same')
      expect(other.pods()).toEqual(runtime.pods())
      expect([...(other.hostFacts()[0]?.networks ?? [])]).toEqual(['shop'])
      await other.startContainer({ ...pod, name: 'web-abc-1' }, '')
      const second = () => runtime.podsOf(webKey).find((each) => each.name === 'web-abc-1')
      await until(runtime, () => second()?.sandbox?.state === 'running', 'the first runtime sees what the second did')
      expect(runtime.podsOf(webKey).map((each) => each.name)).toEqual(['web-abc-0', 'web-abc-1'])
    })

    test('a runtime that comes later sees what was changed in place, and no limits that nobody set', async () => {
      const made = { cpuRequestMillis: 1, cpuLimitMillis: 0, memoryLimitBytes: 16 * 2 ** 20 }
      await runPod(runtime, pod, plainConfig({ resources: made }))
      const resources = { ...made, memoryLimitBytes: 32 * 2 ** 20 }
      await runtime.updateContainer(pod, web().id, resources)
      const other = await world.another('same')
      expect(other.pods()[0]?.containers[0]?.config.resources).toEqual(resources)
    })

    test('two installations on one host do not see each other', async () => {
      const other = await world.another('other')
      await runPod(runtime, pod)
      await runPod(other, pod)
      expect(runtime.pods()).toHaveLength(1)
      expect(other.pods()).toHaveLength(1)
      const [foreign] = other.pods()
      expect(foreign?.uid).not.toBe(live().uid)
      expect([...runtime.conflicts(), ...other.conflicts()]).toEqual([])
      await expect(runtime.removeContainer(pod, foreign?.uid ?? '')).rejects.toEqual(refused('REFUSED'))
      await other.refresh()
      expect(other.pods()[0]?.sandbox?.state).toBe('running')
    })

    test('reports copied labels and leaves their bearer alone', async () => {
      await runPod(runtime, pod)
      const copy = await world.copyLabels(live().uid)
      await until(runtime, () => runtime.conflicts().length === 1, 'the copy is reported')
      expect(runtime.pods()).toHaveLength(1)
      expect(live().leftovers).toEqual([])
      await expect(runtime.removeContainer(pod, copy)).rejects.toEqual(refused('REFUSED'))
      await world.destroy(copy)
      await until(runtime, () => runtime.conflicts().length === 0, 'the report is withdrawn')
    })

    test('reports a name held by another, until it is free', async () => {
      const holder = await world.holdName(pod)
      await runtime.ensureNetwork(world.host, 'shop')
      await expect(runtime.createSandbox(pod, sandboxSpec())).rejects.toEqual(refused('NAME_TAKEN'))
      expect(runtime.conflicts()).toHaveLength(1)
      expect(runtime.pods()).toEqual([])
      await world.destroy(holder)
      await until(runtime, () => runtime.conflicts().length === 0, 'the report is withdrawn')
      await runtime.createSandbox(pod, sandboxSpec())
      expect(live().sandbox?.state).toBe('created')
    })

    test('notices that a name is free again even if nobody said so', async () => {
      const holder = await world.holdName(pod)
      await runtime.ensureNetwork(world.host, 'shop')
      await expect(runtime.createSandbox(pod, sandboxSpec())).rejects.toEqual(refused('NAME_TAKEN'))
      const outage = await world.outage()
      await until(runtime, () => runtime.hostFacts()[0]?.reachable === false, 'the host is unreachable')
      await world.destroy(holder)
      await outage.end()
      await until(runtime, () => runtime.conflicts().length === 0, 'the report is withdrawn')
    })

    test('keeps its facts while the engine does not answer, and looks at all anew when it does', async () => {
      await runPod(runtime, pod)
      const { id } = web()
      const told: Key[] = []
      runtime.watch((keys) => told.push(...keys))
      const outage = await world.outage()
      await until(runtime, () => runtime.hostFacts()[0]?.reachable === false, 'the host is unreachable')
      expect(runtime.hostFacts()[0]?.message).not.toBe('')
      expect(told).toContain(webKey)
      await expect(runtime.startContainer(pod, 'web')).rejects.toEqual(refused('HOST_UNREACHABLE'))
      await world.crash(id)
      expect(web()).toMatchObject({ id, state: 'running' })
      await outage.end()
      await until(runtime, () => runtime.hostFacts()[0]?.reachable === true, 'the host answers')
      expect(web()).toMatchObject({ id, state: 'exited', exitCode: 137 })
      expect(live().sandbox?.state).toBe('running')
    })
  })
}
