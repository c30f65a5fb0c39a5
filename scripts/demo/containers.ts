import { setTimeout as sleep } from 'node:timers/promises'
import { engineCall, engineJson } from '../../test/support/engine-call.ts'
import { nodeImage } from './images.ts'

interface Listed {
  readonly Id: string
  readonly Image: string
  readonly State: string
  readonly Labels: Readonly<Record<string, string>>
}

export interface ShopContainer {
  readonly id: string
  readonly image: string
  readonly pod: string
  readonly running: boolean
}

interface Labelled {
  readonly Labels: Readonly<Record<string, string>> | null
}

interface Network extends Labelled {
  readonly Id: string
}

interface Volume extends Labelled {
  readonly Name: string
}

/** What one installation has on an engine, seen past Berth: the demo does not take its word for it. */
export class Containers {
  readonly #host: string
  readonly #installation: string
  readonly #filters: string

  constructor(host: string, installation: string) {
    this.#host = host
    this.#installation = installation
    this.#filters = encodeURIComponent(JSON.stringify({ label: [`berth.dev/engine=${installation}`] }))
  }

  /** The containers of the pods of one Deployment, without those that only hold a pod's network; sorted. */
  async of(deployment: string, namespace = 'shop'): Promise<ShopContainer[]> {
    const listed = (await this.#list()).filter(
      ({ Labels }) =>
        Labels['berth.dev/namespace'] === namespace &&
        Labels['berth.dev/owner'] === `Deployment/${deployment}` &&
        Labels['berth.dev/container'] !== '',
    )
    return listed
      .map(({ Id, Image, State, Labels }) => ({
        id: Id,
        image: Image,
        pod: Labels['berth.dev/pod'] ?? '',
        running: State === 'running',
      }))
      .sort((a, b) => (a.pod + a.id < b.pod + b.id ? -1 : 1))
  }

  async kill(id: string): Promise<void> {
    await engineJson(this.#host, 'POST', `/containers/${id}/kill`)
  }

  /** Runs a command in a container; answers what it printed. */
  async exec(id: string, ...command: string[]): Promise<string> {
    const body = { Cmd: command, AttachStdout: true, AttachStderr: true, Tty: true }
    const { Id: exec } = await engineJson<{ Id: string }>(this.#host, 'POST', `/containers/${id}/exec`, body)
    const { text } = await engineCall(this.#host, 'POST', `/exec/${exec}/start`, { Detach: false, Tty: true })
    return text.replaceAll('\r', '').trim()
  }

  /** Removes all containers, networks and volumes of the installation, and what its node container did to the host's network. */
  async removeAll(): Promise<void> {
    await this.#removeContainers()
    const volumes = await this.#volumes()
    if (volumes.some(({ Name }) => Name === this.#nodeVolume)) await this.#restoreNetwork()
    for (const { Id } of await this.#networks()) await engineCall(this.#host, 'DELETE', `/networks/${Id}`)
    for (const { Name } of volumes) await engineCall(this.#host, 'DELETE', `/volumes/${Name}`)
  }

  /** How much there is of a namespace. */
  async countOf(namespace: string): Promise<{ containers: number; networks: number; volumes: number }> {
    const own = ({ Labels }: Labelled) => Labels?.['berth.dev/namespace'] === namespace
    return {
      containers: (await this.#list()).filter(own).length,
      networks: (await this.#networks()).filter(own).length,
      volumes: (await this.#volumes()).filter(own).length,
    }
  }

  /** Names of what is there. */
  async left(): Promise<string[]> {
    return [
      ...(await this.#list()).map(({ Id }) => Id),
      ...(await this.#networks()).map(({ Id }) => Id),
      ...(await this.#volumes()).map(({ Name }) => Name),
    ]
  }

  async #removeContainers(): Promise<void> {
    await Promise.all(
      (await this.#list()).map(({ Id }) => engineCall(this.#host, 'DELETE', `/containers/${Id}?force=1&v=1`)),
    )
    // A container that was being removed already may take another moment.
    for (let tries = 0; tries < 50 && (await this.#list()).length > 0; tries++) await sleep(100)
  }

  get #nodeVolume(): string {
    return `berth-node.${this.#installation}`
  }

  /** As docs/network.md tells to do it. */
  async #restoreNetwork(): Promise<void> {
    const script = '[ ! -e /state/nft/remove.sh ] || sh /state/nft/remove.sh'
    const { Id: id } = await engineJson<{ Id: string }>(this.#host, 'POST', '/containers/create', {
      Image: nodeImage,
      Cmd: ['sh', '-c', script],
      Labels: { 'berth.dev/engine': this.#installation },
      HostConfig: {
        NetworkMode: 'host',
        CapAdd: ['NET_ADMIN', 'NET_RAW'],
        Binds: [`${this.#nodeVolume}:/state`],
      },
    })
    await engineJson(this.#host, 'POST', `/containers/${id}/start`)
    await engineCall(this.#host, 'POST', `/containers/${id}/wait`)
    await engineCall(this.#host, 'DELETE', `/containers/${id}?force=1`)
  }

  #list(): Promise<Listed[]> {
    return engineJson(this.#host, 'GET', `/containers/json?all=1&filters=${this.#filters}`)
  }

  #networks(): Promise<Network[]> {
    return engineJson(this.#host, 'GET', `/networks?filters=${this.#filters}`)
  }

  async #volumes(): Promise<readonly Volume[]> {
    const path = `/volumes?filters=${this.#filters}`
    return (await engineJson<{ readonly Volumes: Volume[] | null }>(this.#host, 'GET', path)).Volumes ?? []
  }
}
