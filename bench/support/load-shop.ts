// Pods behind Services of every mode and an Ingress, on a Berth of the bench's own.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { TestBerth } from '../../test/e2e/berth.ts'
import { engineCall, engineJson } from '../../test/support/engine-call.ts'
import { EngineWorld } from '../../test/support/engine-world.ts'
import type { LoadPath } from '../../test/support/load.ts'
import { ensureNodeImage, testNodeImage } from '../../test/support/node-image.ts'
import { benchEngine } from './place.ts'

export const stubImage = 'berth-stub:bench'
const builder = new URL('../../scripts/stub/build-images', import.meta.url).pathname
const host = 'shop.test'

interface Inspected {
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>> }
}

export interface WebOptions {
  readonly replicas?: number
  readonly env?: Readonly<Record<string, string>>
  /** Text of a ConfigMap that the pods read as environment. */
  readonly config?: string
}

/** How the TCP ports of the Services are carried: `''` is what a Service gets that does not say. */
export const shopModes = ['', 'http', 'tcp', 'kernel'] as const

export class Shop {
  readonly berth: TestBerth
  readonly #place = process.pid % 200
  readonly #images: string[] = []

  constructor(name: string, socket: string) {
    this.berth = new TestBerth(`bench-${name}`, socket)
    this.berth.network = 'services'
    this.configure(testNodeImage)
  }

  static async open(name: string): Promise<Shop> {
    const socket = await benchEngine()
    await ensureNodeImage(socket)
    await ensureStub(socket)
    return new Shop(name, socket)
  }

  /** Takes effect when Berth is started. */
  configure(nodeImage: string): void {
    const ranges = { podCIDR: `10.${128 + (this.#place % 60)}.0.0/16`, serviceCIDR: `10.111.${this.#place}.0/24` }
    this.berth.configure({}, { ...ranges, nodeImage, ingress: { httpPort: this.ingressPort, httpsPort: 0 } })
  }

  start(): void {
    this.berth.start('--log-level', 'info')
  }

  address(mode: number): string {
    return `10.111.${this.#place}.${20 + mode}`
  }

  nodePort(mode: number): number {
    return 30_000 + this.#place * 10 + mode
  }

  get ingressPort(): number {
    return 18_000 + this.#place
  }

  /** Ways from the host. */
  paths(): LoadPath[] {
    const name = (mode: string) => (mode === '' ? '' : ` ${mode}`)
    return [
      ...shopModes.map((mode, at) => ({ name: `ClusterIP${name(mode)}`, host: this.address(at), port: 80 })),
      ...shopModes.map((mode, at) => ({ name: `NodePort${name(mode)}`, host: ownAddress(), port: this.nodePort(at) })),
      { name: 'Ingress', host: ownAddress(), port: this.ingressPort, header: host },
    ]
  }

  /** Ways from a pod. */
  podPaths(): LoadPath[] {
    return this.paths()
      .filter(({ name }) => name.startsWith('ClusterIP'))
      .map((path) => ({ ...path, name: `${path.name} from a pod` }))
  }

  files({ replicas = 3, env = {}, config = 'one' }: WebOptions): Record<string, string> {
    const labels = { app: 'web' }
    const variables = Object.entries(env).map(([name, value]) => ({ name, value }))
    const container = {
      ...{ name: 'main', image: stubImage, ports: [{ containerPort: 8080 }] },
      readinessProbe: { httpGet: { path: '/ready', port: 8080 }, periodSeconds: 1 },
      env: [{ name: 'STUB_LOG_EVERY', value: '0' }, ...variables],
      envFrom: [{ configMapRef: { name: 'web' } }],
    }
    const web = object('apps/v1', 'Deployment', 'web', {
      spec: {
        replicas,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [container] } },
      },
    })
    const client = object('v1', 'Pod', 'client', {
      spec: { containers: [{ name: 'main', image: stubImage }], terminationGracePeriodSeconds: 1 },
    })
    const services = shopModes.map((mode, at) => this.#service(mode, at))
    const backend = { service: { name: 'web', port: { number: 80 } } }
    const paths = [{ path: '/', pathType: 'Prefix', backend }]
    const ingress = object('networking.k8s.io/v1', 'Ingress', 'web', { spec: { rules: [{ host, http: { paths } }] } })
    const map = object('v1', 'ConfigMap', 'web', { data: { CONFIG: config } })
    return { 'app/shop.yaml': [map, web, client, ...services, ingress].join('\n---\n') }
  }

  #service(mode: string, at: number): string {
    const name = mode === '' ? 'web' : `web-${mode}`
    const annotations = mode === '' ? {} : { 'berth.dev/service-mode': mode }
    const ports = [{ port: 80, targetPort: 8080, nodePort: this.nodePort(at) }]
    const spec = { type: 'NodePort', clusterIP: this.address(at), selector: { app: 'web' }, ports }
    return object('v1', 'Service', name, { spec }, { annotations })
  }

  /** Commits, and waits until the pods are those of the commit and nothing else is left. */
  async roll(message: string, options: WebOptions): Promise<void> {
    const commit = this.berth.repository.commit(message, this.files(options))
    await this.berth.synced(commit, 180_000)
    const wanted = (options.replicas ?? 3) + 1
    await this.berth.until(`${wanted} pods are there`, async () => (await this.pods()).length === wanted, 60_000)
  }

  async pods(): Promise<string[]> {
    return (await this.berth.pods()).filter((name) => name !== '')
  }

  /** Addresses of the web pods. */
  async webAddresses(): Promise<string[]> {
    const sandboxes = await this.berth.containers({ 'berth.dev/container': '' })
    const web = sandboxes.filter(({ Labels }) => (Labels['berth.dev/pod'] ?? '').startsWith('web-'))
    const found = await Promise.all(
      web.map(({ Id }) => engineJson<Inspected>(this.berth.socket, 'GET', `/containers/${Id}/json`)),
    )
    return found
      .flatMap(({ NetworkSettings }) => Object.values(NetworkSettings.Networks))
      .map(({ IPAddress }) => IPAddress)
  }

  /** Id of the running node container. */
  async nodeContainer(): Promise<string> {
    const found = (await this.berth.containers()).find(
      ({ Labels, State }) => Labels['berth.dev/node'] !== undefined && State === 'running',
    )
    return found?.Id ?? ''
  }

  /** Ids of the running main containers of the web pods. */
  async webContainers(): Promise<{ readonly id: string; readonly pod: string }[]> {
    const containers = await this.berth.containers({ 'berth.dev/container': 'main' })
    return containers.flatMap(({ Id, State, Labels }) => {
      const pod = Labels['berth.dev/pod'] ?? ''
      return State === 'running' && pod.startsWith('web-') ? [{ id: Id, pod }] : []
    })
  }

  /** The beginning of a command that runs in the network of the client pod; undefined: not possible here, as it takes root. */
  async insideClient(): Promise<string[] | undefined> {
    if (process.getuid?.() !== 0) return undefined
    const found = await this.berth.containers({ 'berth.dev/pod': 'client', 'berth.dev/container': 'main' })
    const pid = processOf(found[0]?.Id ?? '')
    return pid === undefined ? undefined : ['nsenter', `--net=/proc/${pid}/ns/net`, '--']
  }

  /** The node image under another id, so that Berth has to replace the container. */
  async otherNodeImage(name: string): Promise<void> {
    this.#images.push(name)
    const { socket } = this.berth
    const { Id } = await engineJson<{ Id: string }>(socket, 'POST', '/containers/create', { Image: testNodeImage })
    try {
      const [repo = '', tag = ''] = name.split(':')
      const query = new URLSearchParams({
        container: Id,
        repo,
        tag,
        changes: `LABEL berth-bench=${process.pid}-${Date.now()}`,
      })
      await engineJson(socket, 'POST', `/commit?${query}`, {})
    } finally {
      await engineCall(socket, 'DELETE', `/containers/${Id}?force=1`)
    }
  }

  async close(): Promise<void> {
    await this.berth.stop()
    await new EngineWorld(this.berth.socket).clean(this.berth.id)
    for (const image of this.#images) await engineCall(this.berth.socket, 'DELETE', `/images/${image}?force=1`)
    await this.berth.close()
  }
}

function object(apiVersion: string, kind: string, name: string, rest: object, metadata: object = {}): string {
  return JSON.stringify({ apiVersion, kind, metadata: { name, ...metadata }, ...rest })
}

/** An address of this host that is not a loopback one, if it has any: as other machines would use. */
function ownAddress(): string {
  const found = Object.entries(networkInterfaces())
    .filter(([name]) => !/^(lo|docker|br-|bt|veth)/.test(name))
    .flatMap(([, addresses = []]) => addresses.filter(({ family, internal }) => family === 'IPv4' && !internal))
  return found[0]?.address ?? '127.0.0.1'
}

/** A process of a container, as this process sees it: the engine may be in a process namespace of its own. */
export function processOf(container: string): number | undefined {
  return processesOf(container)[0]
}

export function processesOf(container: string): number[] {
  return readdirSync('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return []
    try {
      return readFileSync(`/proc/${entry}/cgroup`, 'utf8').includes(container) ? [Number(entry)] : []
    } catch {
      return [] // It has ended.
    }
  })
}

/** The server that the pods run: one static program, made with gcc. */
export async function ensureStub(socket: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-stub-'))
  try {
    const archive = join(folder, 'images.tar')
    execFileSync(builder, ['-o', archive], { input: `${stubImage} 8080\n`, stdio: ['pipe', 'ignore', 'inherit'] })
    const loaded = await engineCall(socket, 'POST', '/images/load?quiet=1', readFileSync(archive), 'application/x-tar')
    if (loaded.status !== 200) throw new Error(`the image of the server could not be loaded: ${loaded.text}`)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
