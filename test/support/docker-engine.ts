import { existsSync } from 'node:fs'
import { inNetwork, startEngine } from '../../scripts/engine.mjs'

/** A Docker engine for one test, that may be ended and started again. */
export interface TestEngine extends AsyncDisposable {
  /** As in DOCKER_HOST. */
  readonly host: string
  /** The command that runs `argv` where containers of this engine can be reached by their addresses. */
  command(argv: readonly string[]): string[]
  /** An orderly end, or SIGKILL; containers end with it, but for `liveRestore`. Returns when it has ended. */
  stop(how: 'stop' | 'kill'): Promise<void>
  /** Returns when it answers again. */
  start(): Promise<void>
}

/** Namespaces and mounts are root's. */
export const mayStartEngines = process.platform === 'linux' && process.getuid?.() === 0 && hasProgram('dockerd')

/** Starts an engine of the test's own, without images or networks. It cannot collide with any other engine of the machine. */
export async function startTestEngine(options: { readonly liveRestore?: boolean } = {}): Promise<TestEngine> {
  const engine = await startEngine(options)
  return {
    host: engine.host,
    command: (argv) => inNetwork(engine, [...argv]),
    stop: (how) => engine.tell(how),
    start: () => engine.tell('start'),
    [Symbol.asyncDispose]: () => engine.close(),
  }
}

function hasProgram(name: string): boolean {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin']
  return folders.some((folder) => existsSync(`${folder}/${name}`))
}
