import type { ContainerCreateOptions, ContainerInspectInfo } from 'dockerode'
import { keyOf } from '../../base/key.ts'
import { RuntimeError } from '../errors.ts'
import { fillName, parseFillMark, writeFillLabels } from '../fill-mark.ts'
import { filledDetail } from '../filled.ts'
import { volumeName } from '../labels.ts'
import type { VolumeFilling } from '../live.ts'
import type { VolumeFill } from '../port.ts'
import { fillFrom, fillScratch, fillScript, fillTo } from './fill-script.ts'
import type { Host } from './host.ts'
import { logLines } from './log-lines.ts'

/** What copies need of their host. */
export type FillHost = Pick<Host, 'name' | 'clock' | 'pauseImage' | 'volumes'> & {
  readonly api: Pick<Host['api'], 'listContainers' | 'create' | 'start' | 'inspect' | 'remove' | 'logs'>
  readonly images: Pick<Host['images'], 'present'>
}

export interface FillsOptions {
  readonly engine: string
  /** Of the node container: its `cp` keeps holes of sparse files and asks for shared blocks. Undefined: there is none. */
  readonly nodeImage: string | undefined
}

const lookEveryMs = 1_000
const scratchBytes = 16 * 1024 * 1024

/**
 * Copies of volumes of one host, each by a helper container, so that it goes on without Berth. A helper that ended well is turned into a record
 * before it is removed; so whoever comes next finds the one, or the other, or has the copy made anew.
 */
export class Fills {
  readonly #host: FillHost
  readonly #options: FillsOptions
  /** Target volume -> name of its helper. */
  readonly #helpers = new Map<string, string>()
  readonly #attempts = new Map<string, number>()
  readonly #looks = new Map<string, Promise<void>>()
  #cancel: (() => void) | undefined
  #closed = false

  constructor(host: FillHost, options: FillsOptions) {
    this.#host = host
    this.#options = options
  }

  async fill(fill: VolumeFill): Promise<void> {
    const { volumes, api } = this.#host
    const { engine } = this.#options
    const volume = volumeName(engine, { ...fill, detail: '' })
    const from = volumeName(engine, { ...fill.from, detail: '' })
    await volumes.need(volume)
    await volumes.need(from)
    const name = fillName(engine, volume)
    if (this.#isFilled(fill)) return
    const there = await inspected(api, name)
    if (there === undefined) await this.#begin(name, volume, from, fill)
    else if (parseFillMark(there.Config.Labels ?? {}) !== volume) {
      throw new RuntimeError('NAME_TAKEN', name, `container ${name} exists and is not ours: remove or rename it`)
    } else if (there.State.Status === 'created') await api.start(there.Id, name)
    this.#follow(volume, name)
  }

  /** Before a volume is removed: nobody writes to it any more. */
  async end(volume: string): Promise<void> {
    const name = this.#helpers.get(volume)
    this.#helpers.delete(volume)
    await this.#looks.get(volume)?.catch(() => {})
    if (name !== undefined) await this.#host.api.remove(name)
    this.#attempts.delete(volume)
    this.#host.volumes.fills(volume, undefined)
  }

  /** After a listing: takes up what an earlier process began. */
  async review(): Promise<void> {
    const rows = await this.#host.api.listContainers(this.#options.engine)
    for (const row of rows) {
      const volume = parseFillMark(row.Labels)
      const name = (row.Names[0] ?? '').replace(/^\//, '')
      if (volume === undefined || name !== fillName(this.#options.engine, volume)) continue
      this.#follow(volume, name)
      await this.#look(volume, name)
    }
  }

  close(): void {
    this.#closed = true
    this.#cancel?.()
  }

  async #begin(name: string, volume: string, from: string, fill: VolumeFill): Promise<void> {
    const { api, images, pauseImage } = this.#host
    const { nodeImage = '', engine } = this.#options
    const image = images.present().has(nodeImage) ? nodeImage : pauseImage
    const id = await api.create({
      ...helper(image, from, volume, fill.limitBytes),
      ...{ name, Labels: writeFillLabels(engine, volume) },
    })
    await api.start(id, name)
  }

  #follow(volume: string, name: string): void {
    this.#helpers.set(volume, name)
    const attempts = this.#attempts.get(volume) ?? 0
    this.#host.volumes.fills(volume, { state: 'running', attempts, at: this.#host.clock.now(), message: '' })
    this.#schedule()
  }

  #schedule(): void {
    if (this.#closed || this.#helpers.size === 0) return
    this.#cancel ??= this.#host.clock.after(lookEveryMs, () => {
      this.#cancel = undefined
      const looks = [...this.#helpers].map(([volume, name]) => this.#look(volume, name))
      // A look that fails for want of an answer is made up for by the next one.
      void Promise.allSettled(looks).then(() => this.#schedule())
    })
  }

  /** One at a time for each volume. */
  #look(volume: string, name: string): Promise<void> {
    const known = this.#looks.get(volume)
    if (known !== undefined) return known
    const look = this.#lookOnce(volume, name).finally(() => this.#looks.delete(volume))
    this.#looks.set(volume, look)
    return look
  }

  async #lookOnce(volume: string, name: string): Promise<void> {
    const { api } = this.#host
    const found = await inspected(api, name)
    if (found?.State.Running || found?.State.Status === 'created') return
    if (found === undefined) return this.#ended(volume, { message: 'its helper container was removed' })
    const { ExitCode: code, Error: error } = found.State
    if (code === 0) {
      await this.#record(volume)
      await api.remove(found.Id)
      return this.#ended(volume, undefined)
    }
    const last = logLines(await api.logs(found.Id, 1), true, 1)[0] ?? ''
    await api.remove(found.Id)
    this.#ended(volume, { message: last || error || `its helper container ended with ${code}` })
  }

  #ended(volume: string, failure: { readonly message: string } | undefined): void {
    if (!this.#helpers.delete(volume)) return
    const attempts = failure ? (this.#attempts.get(volume) ?? 0) + 1 : 0
    this.#attempts.set(volume, attempts)
    const filling: VolumeFilling | undefined = failure && {
      ...{ state: 'failed', attempts, at: this.#host.clock.now(), message: failure.message },
    }
    this.#host.volumes.fills(volume, filling)
  }

  async #record(name: string): Promise<void> {
    const { volumes } = this.#host
    const volume = [...volumes.all()].find((one) => one.name === name)
    if (!volume) return
    const { app, namespace, subject } = volume
    await volumes.create({ app, namespace, subject, detail: filledDetail, facts: {}, driver: 'local', options: {} })
  }

  #isFilled({ namespace, subject }: VolumeFill): boolean {
    const [kind = '', name = ''] = subject.split('/')
    const all = this.#host.volumes.of(keyOf({ namespace, kind, name }))
    return all.some(({ detail }) => detail === filledDetail)
  }
}

async function inspected(api: FillHost['api'], name: string): Promise<ContainerInspectInfo | undefined> {
  try {
    return await api.inspect(name)
  } catch (error) {
    if (error instanceof RuntimeError && error.code === 'NO_SUCH_CONTAINER') return undefined
    throw error
  }
}

/** Without a network, and with no right but those that keep owners, modes and special files; it makes way for everything else. */
function helper(image: string, from: string, to: string, limitBytes: number): ContainerCreateOptions {
  const mount = (Source: string, Target: string, ReadOnly: boolean) => ({
    ...{ Type: 'volume' as const, Source, Target, ReadOnly },
    VolumeOptions: { NoCopy: true, Labels: {}, DriverConfig: { Name: '', Options: {} } },
  })
  return {
    Image: image,
    Entrypoint: ['sh', '-c', fillScript(limitBytes)],
    Cmd: [],
    User: '0',
    HostConfig: {
      Mounts: [mount(from, fillFrom, true), mount(to, fillTo, false)],
      Tmpfs: { [fillScratch]: `size=${scratchBytes}` },
      NetworkMode: 'none',
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      CapAdd: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'MKNOD', 'SETFCAP'],
      SecurityOpt: ['no-new-privileges'],
      CpuShares: 2,
      BlkioWeight: 10,
      RestartPolicy: { Name: 'no' },
      LogConfig: { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '1' } },
    },
  }
}
