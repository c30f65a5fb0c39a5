import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Refusal } from './refusals.ts'

export interface RunningServer {
  /** `host:port` as bound. */
  readonly address: string
  close(): Promise<void>
}

/** A port with limits on how slow and how large a head may be. Rejects with the system's error, such as EADDRINUSE. */
export async function listenOn(
  { host, port }: { readonly host: string | undefined; readonly port: number },
  answer: RequestListener,
  refused?: (refusal: Refusal) => void,
): Promise<RunningServer> {
  const times = { headersTimeout: 5_000, requestTimeout: 15_000, connectionsCheckingInterval: 2_500 }
  const server = createServer({ ...times, maxHeaderSize: 16_384 }, answer)
  if (refused) server.on('clientError', (error, socket) => refuse(error, socket, refused))
  server.maxConnections = 256
  await new Promise<void>((done, fail) => {
    server.once('error', fail)
    server.listen(port, host, () => done())
  })
  const bound = server.address() as AddressInfo
  return {
    address: `${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`,
    close: () => closed(server),
  }
}

const heads: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}

/** Node's own answers to what is no request, and a word to whoever keeps the log. */
function refuse(error: NodeJS.ErrnoException, socket: Duplex, refused: (refusal: Refusal) => void): void {
  const head = heads[error.code ?? ''] ?? '400 Bad Request'
  // A sender that has hung up was not refused anything.
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  refused({
    status: Number.parseInt(head, 10),
    reason: 'not a valid request',
    from: (socket as Socket).remoteAddress,
    path: '',
  })
  socket.end(`HTTP/1.1 ${head}\r\nConnection: close\r\n\r\n`, () => socket.destroy())
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections()
  await new Promise<void>((done) => server.close(() => done()))
}
