import { engineCall, engineJson } from './engine-call.ts'

const engineLabel = 'berth.dev/engine'
const nodeLabel = 'berth.dev/node'

interface ContainerRow {
  readonly Id: string
  readonly State: string
  readonly Labels: Readonly<Record<string, string>>
}

/** A node container does not take back what it did to its host's network, so that traffic goes on without it. */
function leaveNoTrace(engine: string): string {
  return `nft delete table ip berth_${engine.replaceAll('-', '_')}
ip route del local "$BERTH_SERVICE_CIDR" dev lo
ip address flush dev lo to "$BERTH_SERVICE_CIDR"`
}

export interface Inspected {
  readonly Id: string
  readonly Name: string
  readonly Image: string
  readonly Config: { readonly Labels: Record<string, string>; readonly Env: string[] }
  readonly HostConfig: Record<string, unknown>
  readonly State: { readonly Status: string }
}

/** What the tests do to an engine past the product. */
export class EngineWorld {
  readonly socket: string
  readonly #foreign: string[] = []

  constructor(socket: string) {
    this.socket = socket
  }

  inspect(id: string): Promise<Inspected> {
    return engineJson(this.socket, 'GET', `/containers/${id}/json`)
  }

  async kill(id: string): Promise<void> {
    await engineJson(this.socket, 'POST', `/containers/${id}/kill`)
  }

  async destroy(id: string): Promise<void> {
    await engineCall(this.socket, 'DELETE', `/containers/${id}?force=1&v=1`)
  }

  async post(id: string, what: string, body?: unknown): Promise<void> {
    await engineJson(this.socket, 'POST', `/containers/${id}/${what}`, body)
  }

  /** Runs a command to its end; answers what it printed. */
  async exec(id: string, command: readonly string[]): Promise<string> {
    const body = { Cmd: command, AttachStdout: true, Tty: true }
    const { Id: exec } = await engineJson<{ Id: string }>(this.socket, 'POST', `/containers/${id}/exec`, body)
    const answer = await engineCall(this.socket, 'POST', `/exec/${exec}/start`, { Detach: false, Tty: true })
    return answer.text
  }

  /** A container that no Berth made; removed with the others by `clean`. */
  async foreign(name: string, image: string, labels: Record<string, string> = {}): Promise<string> {
    const body = { Image: image, Labels: labels }
    const { Id: id } = await engineJson<{ Id: string }>(this.socket, 'POST', `/containers/create?name=${name}`, body)
    this.#foreign.push(id)
    return id
  }

  /** Removes all containers, networks and volumes of these installations, and the foreign ones made here. */
  async clean(...engines: readonly string[]): Promise<void> {
    for (const engine of engines) {
      const filters = encodeURIComponent(JSON.stringify({ label: [`${engineLabel}=${engine}`] }))
      const containers = await engineJson<ContainerRow[]>(
        this.socket,
        'GET',
        `/containers/json?all=1&filters=${filters}`,
      )
      for (const { Id, State, Labels } of containers) {
        if (Labels[nodeLabel] !== undefined && State === 'running')
          await this.exec(Id, ['sh', '-c', leaveNoTrace(engine)])
      }
      await Promise.all(containers.map(({ Id }) => this.destroy(Id)))
      const networks = await engineJson<{ Id: string }[]>(this.socket, 'GET', `/networks?filters=${filters}`)
      await Promise.all(networks.map(({ Id }) => engineCall(this.socket, 'DELETE', `/networks/${Id}`)))
      const { Volumes: volumes } = await engineJson<{ Volumes: { Name: string }[] | null }>(
        this.socket,
        'GET',
        `/volumes?filters=${filters}`,
      )
      await Promise.all((volumes ?? []).map(({ Name }) => engineCall(this.socket, 'DELETE', `/volumes/${Name}`)))
    }
    await Promise.all(this.#foreign.splice(0).map((id) => this.destroy(id)))
  }
}
