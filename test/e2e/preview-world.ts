// An engine of real containers whose repository and pull requests are in memory, so that a test can be anybody.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/base/clock.ts'
import { createLog } from '../../src/base/log.ts'
import { Engine } from '../../src/engine.ts'
import { Journal } from '../../src/journal/journal.ts'
import { noCredentials, noRollback } from '../../src/manifests/config-delivery.ts'
import { defaultNetwork } from '../../src/manifests/config-network.ts'
import type { AppStatus } from '../../src/report/status.ts'
import { createDockerRuntime } from '../../src/runtime/docker/runtime.ts'
import type { ApplicationSettings, PreviewSettings } from '../../src/settings.ts'
import { engineCall, engineJson } from '../support/engine-call.ts'
import { EngineWorld } from '../support/engine-world.ts'
import { FakePullRequests } from '../support/fake-pull-requests.ts'
import { FakeRepository } from '../support/fake-repository.ts'
import { testImages } from '../support/images.ts'
import { testNodeImage } from '../support/node-image.ts'
import { branchPreviews } from '../support/preview-settings.ts'

const shop: ApplicationSettings = {
  ...{ name: 'shop', repoURL: 'memory', revision: 'main', path: '', namespace: 'shop', intervalMs: 300 },
  ...{ credentials: noCredentials, verify: undefined, rollback: noRollback, forge: undefined, notes: false },
  ...{ prune: true, pruneBudget: '25%', selfHeal: true, podSecurity: 'baseline', previews: undefined },
}

/** Of containers, networks and volumes. */
interface Marked {
  readonly Id: string
  readonly State?: string
  readonly Labels: Readonly<Record<string, string>> | null
}

export class PreviewWorld {
  readonly repository = new FakeRepository()
  readonly forge = new FakePullRequests(() => this.repository)
  readonly socket = process.env.BERTH_TEST_DOCKER ?? ''
  readonly id: string
  readonly engine: Engine
  readonly #stateDir: string
  log = ''

  /** `range`: second number of the addresses of pods; the next one is that of Services. */
  constructor(name: string, range: number, httpPort: number, more: Partial<PreviewSettings> = {}) {
    this.id = `e2e-${name}-${process.pid}`
    this.#stateDir = mkdtempSync(join(tmpdir(), `berth-${name}-`))
    const hosts = [{ name: 'local', endpoint: this.socket }]
    const network = {
      ...{ ...defaultNetwork, mode: 'services' as const, zone: 'cluster.local', nodeImage: testNodeImage },
      ...{ podCIDR: `10.${range}.0.0/16`, serviceCIDR: `10.${range + 1}.0.0/16` },
      ingress: { ...defaultNetwork.ingress, httpPort, httpsPort: 0 },
    }
    const previews: PreviewSettings = { ...branchPreviews, provider: 'github', podSecurity: 'restricted', ...more }
    const settings = {
      ...{ id: this.id, hosts, stateDir: this.#stateDir, pauseImage: testImages.pause, network },
      applications: [{ ...shop, previews: { ...previews, intervalMs: 1_000 } }],
    }
    const log = createLog('info', (line) => (this.log += `${line}\n`), systemClock.now)
    this.engine = new Engine({
      ...{ settings, log, clock: systemClock, random: Math.random, journal: Journal.inMemory() },
      runtime: createDockerRuntime({ engine: this.id, ...settings, clock: systemClock, log }),
      openRepository: async () => this.repository,
      pullRequests: () => this.forge,
    })
  }

  app(name: string): AppStatus | undefined {
    return this.engine.status().find((one) => one.name === name)
  }

  async until(what: string, holds: () => boolean | Promise<boolean>, timeoutMs = 150_000): Promise<void> {
    const end = Date.now() + timeoutMs
    while (Date.now() < end) {
      if (await holds()) return
      await new Promise((done) => setTimeout(done, 100))
    }
    const status = JSON.stringify(this.engine.status(), null, 1)
    throw new Error(`waited ${timeoutMs} ms for: ${what}\n${status}\n${this.log.slice(-4_000)}`)
  }

  healthy(name: string): Promise<void> {
    return this.until(`${name} is healthy`, () => {
      const { sync, health } = this.app(name) ?? {}
      return sync === 'Synced' && health === 'Healthy'
    })
  }

  containers(labels: Readonly<Record<string, string>> = {}): Promise<Marked[]> {
    const label = Object.entries({ 'berth.dev/engine': this.id, ...labels }).map(([key, value]) => `${key}=${value}`)
    const filters = encodeURIComponent(JSON.stringify({ label }))
    return engineJson(this.socket, 'GET', `/containers/json?all=1&filters=${filters}`)
  }

  /** Runs a script in the container `main` of a pod; answers what it printed, by lines. */
  async lines(namespace: string, pod: string, script: string): Promise<string[]> {
    const place = { 'berth.dev/namespace': namespace, 'berth.dev/pod': pod, 'berth.dev/container': 'main' }
    const [found] = (await this.containers(place)).filter(({ State }) => State === 'running')
    if (!found) throw new Error(`pod ${namespace}/${pod} does not run`)
    return this.run(found.Id, script)
  }

  /** The same in the node container. */
  async inNode(script: string): Promise<string[]> {
    const found = (await this.containers()).find((one) => one.Labels?.['berth.dev/node'] && one.State === 'running')
    if (!found) throw new Error('there is no node container')
    return this.run(found.Id, script)
  }

  async run(container: string, script: string): Promise<string[]> {
    const body = { AttachStdout: true, AttachStderr: true, Tty: true, Cmd: ['sh', '-c', script] }
    const path = `/containers/${container}/exec`
    const { Id: exec } = await engineJson<{ Id: string }>(this.socket, 'POST', path, body)
    const { text } = await engineCall(this.socket, 'POST', `/exec/${exec}/start`, { Detach: false, Tty: true })
    return text.split(/\r?\n/).filter((line) => line !== '')
  }

  /** What a container printed. */
  async logs(container: string): Promise<string> {
    return (await engineCall(this.socket, 'GET', `/containers/${container}/logs?stdout=1`)).text
  }

  /** Of a pod, and of its host on the same network. */
  async addresses(namespace: string, pod: string): Promise<{ readonly own: string; readonly host: string }> {
    const place = { 'berth.dev/namespace': namespace, 'berth.dev/pod': pod, 'berth.dev/container': '' }
    const [sandbox] = await this.containers(place)
    const { NetworkSettings } = await engineJson<{
      NetworkSettings: { Networks: Record<string, { IPAddress: string; Gateway: string }> }
    }>(this.socket, 'GET', `/containers/${sandbox?.Id}/json`)
    const [found] = Object.values(NetworkSettings.Networks)
    return { own: found?.IPAddress ?? '', host: found?.Gateway ?? '' }
  }

  /** Namespaces in which there is any container, network or volume. */
  async traces(): Promise<string[]> {
    const filters = encodeURIComponent(JSON.stringify({ label: [`berth.dev/engine=${this.id}`] }))
    const networks = await engineJson<Marked[]>(this.socket, 'GET', `/networks?filters=${filters}`)
    const volumes = await engineJson<{ Volumes: Marked[] | null }>(this.socket, 'GET', `/volumes?filters=${filters}`)
    const all = [...(await this.containers()), ...networks, ...(volumes.Volumes ?? [])]
    const namespaces = new Set(all.map(({ Labels }) => Labels?.['berth.dev/namespace'] ?? ''))
    return [...namespaces].filter((namespace) => namespace !== '').sort()
  }

  async close(): Promise<void> {
    await this.engine.close()
    await new EngineWorld(this.socket).clean(this.id)
    rmSync(this.#stateDir, { recursive: true, force: true })
  }
}
