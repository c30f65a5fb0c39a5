import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { createServer } from 'node:tls'

/** An authority of a test's own, and a certificate of it for 127.0.0.1, git.invalid and elsewhere.invalid. */
export interface Authority {
  readonly caFile: string
  readonly key: Buffer
  readonly cert: Buffer
}

export function makeAuthority(folder: string): Authority {
  const at = (name: string): string => join(folder, name)
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { stdio: 'pipe' })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-days',
    '2',
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.pem'),
    '-subj',
    '/CN=test CA',
  )
  openssl('req', ...newKey, '-keyout', at('server.key'), '-out', at('server.csr'), '-subj', '/CN=git')
  writeFileSync(at('names'), 'subjectAltName=IP:127.0.0.1,DNS:git.invalid,DNS:elsewhere.invalid\n')
  const signed = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial', '-days', '2', '-extfile', at('names')]
  openssl('x509', '-req', '-in', at('server.csr'), ...signed, '-out', at('server.pem'))
  return { caFile: at('ca.pem'), key: readFileSync(at('server.key')), cert: readFileSync(at('server.pem')) }
}

export interface TlsFront {
  /** `https://127.0.0.1:port` */
  readonly origin: string
  readonly port: number
  close(): void
}

/** Takes TLS off, and passes what is inside to the port of a plain server. */
export async function startTlsFront({ key, cert }: Authority, behind: number): Promise<TlsFront> {
  const server = createServer({ key, cert }, (socket) => {
    const inside = connect(behind, '127.0.0.1')
    for (const [one, other] of [
      [socket, inside],
      [inside, socket],
    ] as const) {
      one.on('error', () => other.destroy())
      one.on('close', () => other.destroy())
    }
    socket.pipe(inside).pipe(socket)
  })
  // Clients that do not trust it hang up.
  server.on('tlsClientError', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { origin: `https://127.0.0.1:${port}`, port, close: () => void server.close() }
}
