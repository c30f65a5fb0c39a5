import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A way to an engine's socket that remembers what was asked. */
export interface CountingProxy extends AsyncDisposable {
  /** `unix://…` */
  readonly endpoint: string
  /** `METHOD /path`, in the order asked. */
  readonly calls: string[]
  /** Hears of each call as it is asked. */
  onCall: (call: string) => void
}

export async function countingProxy(target: string): Promise<CountingProxy> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-bench-'))
  const path = join(folder, 'engine.sock')
  const sockets = new Set<Socket>()
  const calls: string[] = []
  const server = createServer((client) => {
    const engine = connect(target.replace(/^unix:\/\//, ''))
    for (const socket of [client, engine]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        engine.destroy()
      })
    }
    client.on('data', (bytes) => {
      // A request's head begins a chunk.
      const head = /^(GET|HEAD|POST|PUT|DELETE) (\S+) HTTP/.exec(bytes.toString('latin1'))
      if (!head) return
      calls.push(`${head[1]} ${head[2]}`)
      proxy.onCall(`${head[1]} ${head[2]}`)
    })
    client.pipe(engine)
    engine.pipe(client)
  })
  await new Promise<void>((done) => server.listen(path, done))
  const proxy: CountingProxy = {
    endpoint: `unix://${path}`,
    calls,
    onCall: () => {},
    async [Symbol.asyncDispose]() {
      const closed = new Promise((done) => server.close(done))
      for (const socket of sockets) socket.destroy()
      await closed
      await rm(folder, { recursive: true })
    },
  }
  return proxy
}
