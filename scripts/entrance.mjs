// A port of this machine that leads into the network namespace of a private engine, by way of a socket. Plain JavaScript for Node 20.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const firstPort = 8080
const lastPort = 8180

/**
 * @typedef {object} Entrance
 * @property {number} port on 127.0.0.1
 * @property {string} socket path; whoever listens there gets the connections
 * @property {() => void} close
 */

/**
 * Opens the first free port.
 * @returns {Promise<Entrance>}
 */
export async function openEntrance() {
  const folder = mkdtempSync(join(tmpdir(), 'berth-entrance-'))
  const socket = join(folder, 'socket')
  const server = forward({ path: socket })
  const port = await listenOnFreePort(server, '127.0.0.1')
  return {
    port,
    socket,
    close() {
      server.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/**
 * Hands each connection on.
 * @param {import('node:net').NetConnectOpts} target
 */
export function forward(target) {
  return createServer({ allowHalfOpen: true }, (client) => {
    const server = connect({ ...target, allowHalfOpen: true })
    client.pipe(server).pipe(client)
    client.on('error', () => server.destroy())
    server.on('error', () => client.destroy())
    // It must not keep the process.
    client.unref()
    server.unref()
  }).unref()
}

/**
 * A port that nobody listens on, on any address of this machine: the wished one, or the next.
 * @param {number} wished
 * @returns {Promise<number>}
 */
export async function freePort(wished = firstPort) {
  const server = createServer()
  const port = await listenOnFreePort(server, '0.0.0.0', wished)
  server.close()
  await once(server, 'close')
  return port
}

/**
 * @param {import('node:net').Server} server
 * @param {string} address
 * @param {number} first
 */
async function listenOnFreePort(server, address, first = firstPort) {
  for (let port = first; ; port += 1) {
    try {
      server.listen(port, address)
      await once(server, 'listening')
      return port
    } catch (error) {
      if (port === lastPort) throw error
    }
  }
}
