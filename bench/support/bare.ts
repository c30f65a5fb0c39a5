import { Agent, get, request } from 'node:http'

/** What `docker inspect` tells of a container, as far as it takes to make it again. */
interface Inspected {
  readonly Id: string
  readonly Config: Readonly<Record<string, unknown>> & { readonly Labels: Readonly<Record<string, string>> }
  readonly HostConfig: Readonly<Record<string, unknown>>
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>> }
}

/** The body of a create call. */
export interface Recipe {
  readonly HostConfig: Readonly<Record<string, unknown>>
  readonly [field: string]: unknown
}

const configFields = ['Image', 'Entrypoint', 'Cmd', 'Env', 'Hostname', 'WorkingDir', 'User', 'Labels'] as const
const hostFields = [
  ...['RestartPolicy', 'CpuShares', 'NanoCpus', 'Memory', 'MemorySwap', 'OomScoreAdj', 'Privileged'],
  ...['ReadonlyRootfs', 'CapAdd', 'CapDrop', 'GroupAdd', 'SecurityOpt'],
] as const

/** Containers without Berth: the fewest API calls there can be, over connections that stay open. */
export class Bare {
  readonly #agent = new Agent({ keepAlive: true })
  readonly #socketPath: string

  constructor(socket: string) {
    this.#socketPath = socket.replace(/^unix:\/\//, '')
  }

  /** How to make containers that are equal to this one, as another installation's. */
  async recipeOf(id: string): Promise<Recipe> {
    const { Config: config, HostConfig: host } = await this.inspect(id)
    const labels = { ...config.Labels, 'berth.dev/engine': 'bench-bare' }
    return {
      ...Object.fromEntries(configFields.map((field) => [field, config[field]])),
      ...(config.Hostname === id.slice(0, 12) && { Hostname: '' }),
      Labels: labels,
      HostConfig: Object.fromEntries(hostFields.map((field) => [field, host[field]])),
    }
  }

  inspect(id: string): Promise<Inspected> {
    return this.call('GET', `/containers/${id}/json`)
  }

  /** Creates and starts; `sandbox` is the network's name, `files` go into a volume that comes with it. Answers the id. */
  async sandbox(recipe: Recipe, network: string, files?: { volume: string; archive: Buffer }): Promise<string> {
    const options = { NetworkMode: network, IpcMode: 'shareable', ...(files && mounted(files.volume, '/files', false)) }
    const body = { ...recipe, HostConfig: { ...recipe.HostConfig, ...options } }
    return this.#run(body, files && ((id) => this.#put(`/containers/${id}/archive?path=/files`, files.archive)))
  }

  /** Creates and starts a container that shares a sandbox. */
  async joined(recipe: Recipe, sandbox: string, volume?: string): Promise<string> {
    const mode = `container:${sandbox}`
    const { Hostname: _of, ...rest } = recipe
    const options = { NetworkMode: mode, IpcMode: mode, ...(volume && mounted(volume, '/etc/web', true)) }
    return this.#run({ ...rest, HostConfig: { ...recipe.HostConfig, ...options } })
  }

  async #run(body: Recipe, before?: (id: string) => Promise<void>): Promise<string> {
    const { Id: id } = await this.call<{ Id: string }>('POST', '/containers/create', body)
    await before?.(id)
    await this.call('POST', `/containers/${id}/start`)
    return id
  }

  async address(id: string): Promise<string> {
    const [network] = Object.values((await this.inspect(id)).NetworkSettings.Networks)
    if (!network) throw new Error(`container ${id} has no network`)
    return network.IPAddress
  }

  async network(name: string): Promise<string> {
    return (await this.call<{ Id: string }>('POST', '/networks/create', { Name: name, Driver: 'bridge' })).Id
  }

  async remove(containers: readonly string[], ...networks: readonly string[]): Promise<void> {
    await atATime(8, containers, (id) => this.call('DELETE', `/containers/${id}?force=1`))
    for (const id of networks) await this.call('DELETE', `/networks/${id}`)
  }

  close(): void {
    this.#agent.destroy()
  }

  async #put(path: string, archive: Buffer): Promise<void> {
    await this.call('PUT', path, archive)
  }

  call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const isArchive = Buffer.isBuffer(body)
    const text = isArchive ? body : body === undefined ? '' : JSON.stringify(body)
    const type = isArchive ? 'application/x-tar' : 'application/json'
    const headers = { 'content-type': type, 'content-length': Buffer.byteLength(text) }
    return new Promise((resolve, reject) => {
      const settings = { socketPath: this.#socketPath, agent: this.#agent, method, path, headers }
      const call = request(settings, (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('error', reject)
        answer.on('end', () => {
          const said = Buffer.concat(chunks).toString()
          if ((answer.statusCode ?? 500) >= 400) reject(new Error(`${method} ${path}: ${answer.statusCode} ${said}`))
          else resolve((said === '' ? undefined : JSON.parse(said)) as T)
        })
      })
      call.on('error', reject)
      call.end(text)
    })
  }
}

function mounted(volume: string, target: string, readOnly: boolean) {
  const options = { NoCopy: true }
  return { Mounts: [{ Type: 'volume', Source: volume, Target: target, ReadOnly: readOnly, VolumeOptions: options }] }
}

/** Asks every 10 ms until the answer is 200. */
export async function untilServed(url: string): Promise<void> {
  for (;;) {
    const status = await new Promise<number>((resolve) => {
      const call = get(url, { agent: false, timeout: 1_000 }, (answer) => {
        answer.resume()
        resolve(answer.statusCode ?? 0)
      })
      call.on('timeout', () => call.destroy())
      call.on('error', () => resolve(0))
    })
    if (status === 200) return
    await new Promise((done) => setTimeout(done, 10))
  }
}

/** Does `work` for all items, `width` at a time; answers in their order. */
export async function atATime<T, R>(width: number, items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const worker = async () => {
    for (let at = next++; at < items.length; at = next++) results[at] = await work(items[at]!)
  }
  await Promise.all(Array.from({ length: width }, worker))
  return results
}
