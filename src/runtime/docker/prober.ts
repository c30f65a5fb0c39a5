import type { Clock } from '../../base/clock.ts'
import { errorText } from '../../base/errors.ts'
import type { Probe } from '../../manifests/types.ts'
import type { ContainerHealth } from '../live.ts'
import type { ProbeKind } from '../probe-state.ts'
import { ContainerProber } from './container-prober.ts'
import { probeGrpc } from './grpc-probe.ts'
import type { Hooks } from './hooks.ts'
import type { HostApi } from './host-api.ts'
import type { ContainerRecord } from './observe.ts'
import { ExecProbe } from './probe-exec.ts'
import { type ProbeAnswer, probeHttp, probeTcp } from './probe-net.ts'
import { probedContainer } from './probed.ts'
import { isOfPreview, Turns } from './turns.ts'

/** Commands are what costs: 20 a second fill two cores. */
const execsAtATime = 4
const connectionsAtATime = 64

/** The probes of one host's containers. */
export class Prober {
  readonly #api: HostApi
  readonly #clock: Clock
  readonly #hooks: Hooks
  readonly #record: (id: string) => ContainerRecord | undefined
  readonly #changed: (record: ContainerRecord) => void
  readonly #running = new Map<string, ContainerProber>()
  readonly #execs = new Turns(execsAtATime)
  readonly #connections = new Turns(connectionsAtATime)
  #closed = false

  /** `record` finds what is known of a container now; `changed` is called when its health is another. */
  constructor(
    api: HostApi,
    clock: Clock,
    hooks: Hooks,
    record: (id: string) => ContainerRecord | undefined,
    changed: (record: ContainerRecord) => void,
  ) {
    this.#api = api
    this.#clock = clock
    this.#hooks = hooks
    this.#record = record
    this.#changed = changed
  }

  /** Begins, goes on with or ends the probes of a container; `before` is what was known of it last. */
  follow(before: ContainerRecord | undefined, after: ContainerRecord | undefined): void {
    // A look that was under way at the close still ends; nobody would end the probes that it began.
    if (this.#closed) return
    const id = (after ?? before)?.id ?? ''
    const known = this.#running.get(id)
    const runs = after?.facts.state === 'running'
    if (known && (!runs || known.startedAt !== after.facts.startedAt)) {
      known.close()
      this.#running.delete(id)
    }
    if (!after || !runs || this.#running.has(id) || this.#hooks.postStart(id) !== 'done') return
    const spec = this.#specOf(after)
    if (!spec || !(spec.startupProbe || spec.readinessProbe || spec.livenessProbe)) return
    const hookedAt = this.#hooks.doneAt(id)
    const target = {
      spec,
      startedAt: after.facts.startedAt,
      readyFrom: hookedAt ?? after.facts.startedAt,
      adopted: hookedAt === undefined && (before === undefined || before.facts.startedAt === after.facts.startedAt),
      phase: Number.parseInt(id.slice(0, 8), 16) / 2 ** 32,
    }
    const execs = new Map<ProbeKind, ExecProbe>()
    const run = (kind: ProbeKind, probe: Probe) => this.#probe(id, kind, probe, execs)
    const changed = () => {
      const record = this.#record(id)
      if (record) this.#changed(record)
    }
    this.#running.set(id, new ContainerProber(this.#clock, target, run, changed))
  }

  health(record: ContainerRecord): ContainerHealth {
    if (record.facts.state !== 'running') return notRunning
    const hook = this.#hooks.postStart(record.id)
    if (hook === 'running') return notRunning
    if (hook !== 'done') return { ...notRunning, failing: true, message: hook.failure }
    const probed = this.#running.get(record.id)
    if (probed) return probed.health
    // Without the sandbox nobody knows which probes it has.
    if (record.sandbox === undefined && !this.#podSpec(record)) return { ...notRunning, known: false, hookDone: true }
    const readySince = this.#hooks.doneAt(record.id) ?? record.facts.startedAt
    return { ...notRunning, started: true, hookDone: true, ready: true, readySince }
  }

  close(): void {
    this.#closed = true
    for (const probed of this.#running.values()) probed.close()
    this.#running.clear()
    this.#execs.clear()
    this.#connections.clear()
  }

  #specOf(record: ContainerRecord) {
    return probedContainer(this.#podSpec(record), record.mark.container)
  }

  #podSpec(record: ContainerRecord) {
    return this.#record(record.sandboxId)?.sandbox?.spec
  }

  /** Never rejects: what a label says may be such that it cannot be carried out. */
  async #probe(id: string, kind: ProbeKind, probe: Probe, execs: Map<ProbeKind, ExecProbe>): Promise<ProbeAnswer> {
    try {
      return await this.#ask(id, kind, probe, execs)
    } catch (error) {
      return { outcome: 'error', message: errorText(error) }
    }
  }

  async #ask(id: string, kind: ProbeKind, probe: Probe, execs: Map<ProbeKind, ExecProbe>): Promise<ProbeAnswer> {
    const timeoutMs = probe.timeoutSeconds * 1000
    const { exec, grpc, httpGet, tcpSocket } = probe
    const ofPreview = isOfPreview(this.#record(id)?.mark.app ?? '')
    if (exec) {
      const runner = execs.get(kind) ?? new ExecProbe(this.#api, id)
      execs.set(kind, runner)
      return this.#execs.add(ofPreview, () => runner.run(exec.command ?? [], timeoutMs))
    }
    const record = this.#record(id)
    const address = record && this.#record(record.sandboxId)?.sandbox?.address
    if (!record || address === undefined) return { outcome: 'failure', message: 'the pod has no address' }
    const target = { address, ports: this.#specOf(record)?.ports ?? [] }
    if (httpGet) return this.#connections.add(ofPreview, () => probeHttp(httpGet, target, timeoutMs))
    if (tcpSocket) return this.#connections.add(ofPreview, () => probeTcp(tcpSocket, target, timeoutMs))
    if (grpc) return this.#connections.add(ofPreview, () => probeGrpc(grpc, target, timeoutMs))
    return { outcome: 'error', message: 'expected an httpGet, tcpSocket, grpc or exec probe' }
  }
}

const notRunning: ContainerHealth = {
  known: true,
  started: false,
  hookDone: false,
  ready: false,
  readySince: undefined,
  failing: false,
  message: '',
}
