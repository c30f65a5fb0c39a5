import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A way to an engine's socket that can be cut or left hanging. */
export interface SocketProxy {
  /** `unix://…` */
  readonly endpoint: string
  /** `cut`: connections end and are refused. `hang`: they stay, and nothing is heard any more. */
  set(state: 'open' | 'cut' | 'hang'): Promise<void>
  close(): Promise<void>
}

export async function socketProxy(target: string): Promise<SocketProxy> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-proxy-'))
  const path = join(folder, 'engine.sock')
  const sockets = new Set<Socket>()
  let state: 'open' | 'cut' | 'hang' = 'open'
  const track = (socket: Socket): Socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    // Cut connections end with an error on one side or the other: that is what they are for.
    socket.on('error', () => {})
    return socket
  }
  const server = createServer((client) => {
    track(client)
    if (state === 'hang') return
    const engine = track(connect(target.replace(/^unix:\/\//, '')))
    client.pipe(engine)
    engine.pipe(client)
    client.on('close', () => engine.destroy())
    engine.on('close', () => client.destroy())
  })
  const listen = () => new Promise<void>((resolve) => server.listen(path, resolve))
  const stop = () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    for (const socket of sockets) socket.destroy()
    return closed
  }
  await listen()
  return {
    endpoint: `unix://${path}`,
    async set(next) {
      if (next === state) return
      const before = state
      state = next
      if (next === 'cut') await stop()
      else if (before === 'cut') await listen()
      if (next === 'hang') {
        for (const socket of sockets) {
          socket.unpipe()
          socket.pause()
        }
      }
    },
    async close() {
      if (state !== 'cut') await stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
