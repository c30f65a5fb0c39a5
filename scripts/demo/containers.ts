import { setTimeout as sleep } from 'node:timers/promises'
import { engineCall, engineJson } from '../../test/support/engine-call.ts'

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

/** What one installation has on an engine, seen past Berth: the demo does not take its word for it. */
export class Containers {
  readonly #host: string
  readonly #filters: string

  constructor(host: string, installation: string) {
    this.#host = host
    this.#filters = encodeURIComponent(JSON.stringify({ label: [`berth.dev/engine=${installation}`] }))
  }

  /** The containers of the pods of one Deployment, without those that only hold a pod's network; sorted. */
  async of(deployment: string): Promise<ShopContainer[]> {
    const listed = (await this.#list()).filter(
      ({ Labels }) => Labels['berth.dev/owner'] === `Deployment/${deployment}` && Labels['berth.dev/container'] !== '',
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

  /** Addresses of the pods. */
  async addresses(deployment: string): Promise<string[]> {
    const found: string[] = []
    for (const { Id, Labels } of await this.#list()) {
      if (Labels['berth.dev/owner'] !== `Deployment/${deployment}` || Labels['berth.dev/container'] !== '') continue
      const { NetworkSettings } = await engineJson<Inspected>(this.#host, 'GET', `/containers/${Id}/json`)
      found.push(...Object.values(NetworkSettings.Networks).map(({ IPAddress }) => IPAddress))
    }
    return found.filter((address) => address !== '').sort()
  }

  /** Removes every container and network of the installation. */
  async removeAll(): Promise<void> {
    await Promise.all(
      (await this.#list()).map(({ Id }) => engineCall(this.#host, 'DELETE', `/containers/${Id}?force=1&v=1`)),
    )
    // A container that was being removed already may take another moment.
    for (let tries = 0; tries < 50 && (await this.#list()).length > 0; tries++) await sleep(100)
    for (const { Id } of await this.#networks()) await engineCall(this.#host, 'DELETE', `/networks/${Id}`)
  }

  /** Names of what is there. */
  async left(): Promise<string[]> {
    return [...(await this.#list()).map(({ Id }) => Id), ...(await this.#networks()).map(({ Id }) => Id)]
  }

  #list(): Promise<Listed[]> {
    return engineJson(this.#host, 'GET', `/containers/json?all=1&filters=${this.#filters}`)
  }

  #networks(): Promise<{ readonly Id: string }[]> {
    return engineJson(this.#host, 'GET', `/networks?filters=${this.#filters}`)
  }
}

interface Inspected {
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>> }
}
