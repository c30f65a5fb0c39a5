import type { ContainerCreateOptions } from 'dockerode'
import { stableText } from '../../base/hash.ts'
import { RuntimeError } from '../errors.ts'
import {
  configMark,
  containerName,
  leavingName,
  podMark,
  sandboxName,
  writeContainerLabels,
  writeSandboxLabels,
} from '../labels.ts'
import type { ContainerConfig, ContainerResources } from '../live.ts'
import { podAddress } from '../pod-address.ts'
import type { Attempt, PodRef, SandboxSpec, VolumeSetup } from '../port.ts'
import type { Hooks } from './hooks.ts'
import type { Host } from './host.ts'
import { checkLimits } from './limits.ts'
import { logLines } from './log-lines.ts'
import { messageVolumes } from './messages.ts'
import type { ContainerRecord } from './observe.ts'
import { containerOptions, sandboxOptions, updateOptions } from './options.ts'
import { hostNetwork } from './pod-options.ts'
import type { Stops } from './pod-stop.ts'
import { asksForNonRoot, leavesUser, rootRefusal, userAs } from './run-as.ts'
import { missingSource, type VolumeCalls } from './volume-calls.ts'
import { withMounts, withVolumes } from './volume-options.ts'

const firstAttempt: Attempt = { restarts: 0, backoffMs: 0, last: undefined }

/** What is done to the pods of one host. Every call can be repeated, and what it changed is known when it resolves. */
export class PodCalls {
  readonly #host: Host
  readonly #engine: string
  /** Records of one pod, from memory. */
  readonly #records: (pod: PodRef) => readonly ContainerRecord[]
  readonly #hooks: Hooks
  readonly #stops: Stops
  readonly #volumes: VolumeCalls

  constructor(
    host: Host,
    engine: string,
    records: (pod: PodRef) => readonly ContainerRecord[],
    hooks: Hooks,
    stops: Stops,
    volumes: VolumeCalls,
  ) {
    this.#volumes = volumes
    this.#host = host
    this.#engine = engine
    this.#records = records
    this.#hooks = hooks
    this.#stops = stops
  }

  async createSandbox(pod: PodRef, wanted: SandboxSpec): Promise<void> {
    const sandbox = { ...wanted, volumes: [...wanted.volumes, ...messageVolumes(wanted.spec)] }
    const name = sandboxName(this.#engine, pod)
    if (this.#sandbox(pod)?.leaving) {
      throw new RuntimeError('NAME_TAKEN', name, `pod ${pod.namespace}/${pod.name} is still being removed`)
    }
    if (this.#sandbox(pod) === undefined) await this.#volumes.prepare(pod, sandbox.volumes)
    const network = sandbox.spec.hostNetwork ? hostNetwork : (await this.#host.networks.withRoom(pod.namespace)).name
    const labels = writeSandboxLabels(podMark(this.#engine, pod, sandbox), sandbox)
    const { pauseImage, clusterDns } = this.#host
    const aliases = this.#host.dataPath.aliases(pod.namespace, sandbox.labels)
    const bare = sandboxOptions(name, pauseImage, network, pod.namespace, { ...sandbox, aliases }, labels, clusterDns)
    const options = withVolumes(bare, this.#engine, pod, sandbox.volumes)
    const text = stableText(labels)
    try {
      await this.#make(options, (record) => {
        const { mark, sandbox: found } = record
        if (found?.spec === undefined) return false
        return stableText(writeSandboxLabels(podOnly(mark), { ...found, spec: found.spec })) === text
      })
    } catch (error) {
      if (error instanceof RuntimeError && error.code === 'NO_SUCH_IMAGE') this.#host.images.pull(this.#host.pauseImage)
      throw missingSource(error, sandbox.volumes)
    }
  }

  async setUpVolumes(pod: PodRef, volumes: readonly VolumeSetup[]): Promise<void> {
    await this.#volumes.setUp(pod, await this.#needSandbox(pod), volumes)
  }

  async createContainer(pod: PodRef, config: ContainerConfig, attempt: Attempt = firstAttempt): Promise<void> {
    const sandbox = await this.#needSandbox(pod)
    const name = containerName(this.#engine, pod, config.name, attempt.restarts)
    const address = sandbox.sandbox?.address
    if (address === undefined && stableText(config).includes(JSON.stringify(podAddress).slice(1, -1))) {
      throw new RuntimeError('START_FAILED', name, `pod ${pod.namespace}/${pod.name} has no address yet`)
    }
    const labels = writeContainerLabels(
      { ...podOnly(sandbox.mark), container: config.name },
      attempt,
      configMark(config, address),
    )
    const spec = sandbox.sandbox?.spec
    const user = await this.#userOf(name, config, asksForNonRoot(spec, config.name))
    const joined = { sandboxId: sandbox.id, address, spec, app: sandbox.mark.app }
    const links = spec?.enableServiceLinks === false ? {} : this.#host.dataPath.links(pod.namespace)
    // What the planner does not follow is no part of the container.
    const wanted = stableText({ ...config, unfollowed: undefined })
    const mounts = await this.#volumes.mounts(pod, sandbox, config.mounts)
    const message = await this.#host.messages.mounts(pod, sandbox, config.name)
    await this.#make(
      withMounts(containerOptions(name, { ...config, user }, { ...joined, links }, labels, this.#host.capacity), [
        ...mounts,
        ...message,
      ]),
      (record) => record.sandboxId === sandbox.id && stableText(record.facts.config) === wanted,
    )
  }

  /** Whoever asks not to run as root is not made to; the image is only asked where it has a say. */
  async #userOf(name: string, { user, image }: ContainerConfig, nonRoot: boolean): Promise<string | undefined> {
    if (user === undefined && !nonRoot) return undefined
    const imageUser = leavesUser(user) ? await this.#host.api.imageUser(image) : ''
    const refusal = nonRoot ? rootRefusal(user, imageUser) : undefined
    if (refusal !== undefined) throw new RuntimeError('REFUSED', name, `CreateContainerConfigError: ${refusal}`)
    return userAs(user, imageUser)
  }

  async recreateContainer(pod: PodRef, id: string, attempt: Attempt): Promise<void> {
    const record = await this.#own(pod, id)
    if (record) return this.createContainer(pod, record.facts.config, attempt)
    const next = this.#records(pod).find(
      (other) => other.mark.restarts === attempt.restarts && other.mark.container !== '',
    )
    if (!next) throw gone(id)
  }

  async startContainer(pod: PodRef, container: string): Promise<void> {
    const newest = this.#newest(pod, container)
    if (newest === undefined) {
      const what = container === '' ? 'sandbox' : `container ${container}`
      throw new RuntimeError('NO_SUCH_CONTAINER', container, `pod ${pod.namespace}/${pod.name} has no ${what}`)
    }
    try {
      await this.#start(newest)
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error
      if (await this.#madeAgain(pod, newest, error)) return this.startContainer(pod, container)
      // No address left: the sandbox can never start on this network, so the next one has to be made on another.
      if (container === '' && error.code === 'SUBNET_TAKEN') {
        this.#host.networks.markFull(newest.sandbox?.network ?? '')
        await this.#host.api.remove(newest.id)
        await this.#refresh(newest.id)
      }
      throw error
    }
  }

  async #start(record: ContainerRecord): Promise<void> {
    const { id, name, sandbox } = record
    if (sandbox) await this.#host.networks.ready(sandbox.network)
    this.#hooks.expect(record)
    try {
      await this.#host.ownEvents.during('start', name, () => this.#host.api.start(id, name))
    } catch (error) {
      // What a failed start left behind is a fact too, where there is someone to ask.
      if (!(error instanceof RuntimeError) || error.code !== 'HOST_UNREACHABLE') {
        await this.#refresh(id)
        this.#hooks.unexpect(id)
      }
      throw error
    }
    await this.#refresh(id)
  }

  /** What a start shows that the engine cannot do is left out, where that makes no difference to the pod. */
  async #madeAgain(pod: PodRef, record: ContainerRecord, error: RuntimeError): Promise<boolean> {
    if (!this.#withoutLowScore(record, error) && !this.#volumes.withoutPropagation(record, error)) return false
    await this.#host.api.remove(record.id)
    await this.#refresh(record.id)
    const { restarts, backoffMs, last } = record.mark
    await this.createContainer(pod, record.facts.config, { restarts, backoffMs, last })
    return true
  }

  /** An engine that may not lower the OOM score fails the start, with words that do not say so: tried again once without, per host. */
  #withoutLowScore(record: ContainerRecord, error: RuntimeError): boolean {
    if (error.code !== 'START_FAILED' || record.oomScore >= 0) return false
    if (!/final child|oom_score_adj/.test(error.message)) return false
    this.#host.cannotLowerOomScore()
    return true
  }

  async updateContainer(pod: PodRef, id: string, resources: ContainerResources): Promise<void> {
    await this.#needOwn(pod, id)
    await this.#host.api.update(id, updateOptions(resources, this.#host.capacity))
    this.#host.told.set(id, resources)
    await this.#refresh(id)
  }

  async unpauseContainer(pod: PodRef, id: string): Promise<void> {
    await this.#needOwn(pod, id)
    try {
      await this.#host.api.unpause(id)
    } catch (error) {
      await this.#refresh(id)
      if (this.#host.containers.get(id)?.facts.state !== 'running') throw error
    }
    await this.#refresh(id)
  }

  async markLeaving(pod: PodRef): Promise<void> {
    const sandbox = this.#sandbox(pod)
    if (sandbox === undefined || sandbox.leaving) return
    try {
      await this.#host.api.rename(sandbox.id, leavingName(sandbox.name, this.#host.clock.now()))
    } catch (error) {
      if (!(error instanceof RuntimeError) || error.code !== 'NO_SUCH_CONTAINER') {
        await this.#refresh(sandbox.id)
        if (!this.#host.containers.get(sandbox.id)?.leaving) throw error
      }
    }
    await this.#refresh(sandbox.id)
  }

  stopContainer(pod: PodRef, id: string, graceMs: number): void {
    const record = this.#records(pod).find((candidate) => candidate.id === id)
    if (record) this.#stops.stop(record, graceMs)
  }

  async removeContainer(pod: PodRef, id: string): Promise<void> {
    const record = await this.#own(pod, id)
    if (record === undefined) return
    await this.#host.api.remove(id)
    if (record.sandbox) this.#host.networks.markRoom(record.sandbox.network)
    await this.#refresh(id)
    await this.#volumes.settled(pod)
  }

  async logTail(pod: PodRef, id: string, lines: number): Promise<string[]> {
    const record = await this.#own(pod, id)
    if (record === undefined) return []
    try {
      return logLines(await this.#host.api.logs(id, lines), !record.facts.config.tty, lines)
    } catch (error) {
      if (error instanceof RuntimeError && error.code === 'NO_SUCH_CONTAINER') return []
      throw error
    }
  }

  /** Creates a container; one of ours under that name that is `same` is the effect of an answer that was lost. */
  async #make(options: ContainerCreateOptions, same: (record: ContainerRecord) => boolean): Promise<void> {
    checkLimits(options)
    const { api, containers, ownEvents, takenNames } = this.#host
    const name = options.name ?? ''
    for (let again = true; ; again = false) {
      try {
        const id = await ownEvents.during('create', name, () => api.create(options))
        takenNames.delete(name)
        return await this.#refresh(id)
      } catch (error) {
        if (!(error instanceof RuntimeError) || error.code !== 'NAME_TAKEN') throw error
        const holder = await this.#holder(name)
        if (holder && same(holder)) return
        // Never started: the rest of an attempt that was cut off.
        const stale = holder?.facts.state === 'created'
        if (!again || (holder && !stale)) throw error
        if (holder) await api.remove(holder.id)
        if (holder) await containers.refresh(holder.id)
      }
    }
  }

  /** Undefined: free again. Throws when it is not ours. */
  async #holder(name: string): Promise<ContainerRecord | undefined> {
    const { api, containers, takenNames } = this.#host
    try {
      const { Id: id } = await api.inspect(name)
      await containers.refresh(id)
      const record = containers.get(id)
      if (record) return record
      if (!takenNames.has(name)) takenNames.set(name, id)
      const message = `container name ${name} is held by ${id.slice(0, 12)}, which is not ours: remove or rename it`
      throw new RuntimeError('NAME_TAKEN', name, message)
    } catch (error) {
      if (error instanceof RuntimeError && error.code === 'NO_SUCH_CONTAINER') return undefined
      throw error
    }
  }

  #sandbox(pod: PodRef): ContainerRecord | undefined {
    return this.#newest(pod, '')
  }

  async #needSandbox(pod: PodRef): Promise<ContainerRecord> {
    const sandbox = this.#sandbox(pod)
    if (sandbox) return sandbox
    throw new RuntimeError('NO_SUCH_CONTAINER', pod.name, `pod ${pod.namespace}/${pod.name} has no sandbox`)
  }

  #newest(pod: PodRef, container: string): ContainerRecord | undefined {
    return this.#records(pod)
      .filter((record) => record.mark.container === container)
      .sort((a, b) => Number(a.leaving) - Number(b.leaving) || b.mark.restarts - a.mark.restarts)[0]
  }

  /** Undefined: it does not exist (any more). Throws for what is not of this pod: nothing foreign is ever touched. */
  async #own(pod: PodRef, id: string): Promise<ContainerRecord | undefined> {
    const known = this.#records(pod).find((record) => record.id === id)
    if (known) return known
    await this.#refresh(id)
    if (this.#records(pod).some((record) => record.id === id)) return this.#own(pod, id)
    const exists = await this.#host.api.inspect(id).then(
      () => true,
      (error: unknown) => {
        if (error instanceof RuntimeError && error.code === 'NO_SUCH_CONTAINER') return false
        throw error
      },
    )
    if (exists)
      throw new RuntimeError('REFUSED', id, `container ${id} is not of pod ${pod.namespace}/${pod.name}: left alone`)
    return undefined
  }

  async #needOwn(pod: PodRef, id: string): Promise<ContainerRecord> {
    const record = await this.#own(pod, id)
    if (record === undefined) throw gone(id)
    return record
  }

  #refresh(id: string): Promise<void> {
    return this.#host.containers.refresh(id)
  }
}

function gone(id: string): RuntimeError {
  return new RuntimeError('NO_SUCH_CONTAINER', id, `container ${id} is gone`)
}

function podOnly({ engine, app, namespace, pod, owner, template, commit }: ContainerRecord['mark']) {
  return { engine, app, namespace, pod, container: '', owner, template, commit }
}
