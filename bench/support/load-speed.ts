import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { processesOf } from './load-shop.ts'

const source = new URL('./load.c', import.meta.url).pathname
const connections = 32

/** On one connection after the other, or each request on a new one. */
export type Kind = 'keep' | 'new'

export interface Way {
  readonly name: string
  readonly host: string
  readonly port: number
  /** The beginning of the command that runs the load elsewhere. */
  readonly inside: readonly string[]
}

export interface Speed {
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Of all that had part in it: the load, the pods, HAProxy. */
  readonly cpuMicros: number
}

interface Said {
  readonly answers: number
  readonly failures: number
  readonly seconds: number
  readonly p50us: number
  readonly p99us: number
  readonly cpuUs: number
}

/** A program that asks as fast as it can; made with gcc. */
export class SpeedLoad {
  readonly #folder = mkdtempSync(join(tmpdir(), 'berth-load-'))
  readonly #program = join(this.#folder, 'load')

  constructor() {
    execFileSync('gcc', ['-std=gnu11', '-O2', '-static', '-o', this.#program, source], { stdio: 'inherit' })
  }

  /** `containers`: ids of those whose CPU time counts. Throws when a request failed. */
  async measure(
    { name, host, port, inside }: Way,
    kind: Kind,
    seconds: number,
    containers: readonly string[],
  ): Promise<Speed> {
    const processes = containers.flatMap((id) => processesOf(id))
    const before = cpuMicros(processes)
    const argv = [...inside, this.#program, host, String(port), String(connections), String(seconds), kind]
    const said: Said = JSON.parse(await output(argv))
    if (said.failures > 0 || said.answers === 0) {
      throw new Error(`${name}, ${kind}: ${said.failures} requests failed, ${said.answers} were answered`)
    }
    const after = cpuMicros([...before.keys()])
    const used = [...after].reduce((sum, [pid, micros]) => sum + micros - (before.get(pid) ?? 0), said.cpuUs)
    return {
      requestsPerSecond: said.answers / said.seconds,
      p50Ms: said.p50us / 1000,
      p99Ms: said.p99us / 1000,
      cpuMicros: used / said.answers,
    }
  }

  close(): void {
    rmSync(this.#folder, { recursive: true })
  }
}

/** What these processes have used so far, us; those that have ended are left out. */
function cpuMicros(processes: readonly number[]): ReadonlyMap<number, number> {
  return new Map(
    processes.flatMap((pid): [number, number][] => {
      try {
        return [[pid, cpuOf(pid)]]
      } catch {
        return []
      }
    }),
  )
}

function cpuOf(pid: number): number {
  const times = readdirSync(`/proc/${pid}/task`).map((thread) => {
    const [onCpu = '0'] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')
    return Number(onCpu) / 1000
  })
  return times.reduce((sum, time) => sum + time, 0)
}

function output([file = '', ...argv]: readonly string[]): Promise<string> {
  const child = spawn(file, argv, { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.on('data', (part: Buffer) => {
    text += part.toString()
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => (code === 0 ? resolve(text) : reject(new Error(`the load ended with ${code}`))))
  })
}
