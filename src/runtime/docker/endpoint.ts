import { RuntimeError } from '../errors.ts'

export type Endpoint = { readonly socketPath: string } | { readonly host: string; readonly port: number }

/** `unix:///path` or `tcp://host:port` (no TLS). Throws a RuntimeError that says what is possible. */
export function parseEndpoint(name: string, text: string): Endpoint {
  const refuse = (why: string) => new RuntimeError('REFUSED', name, `host ${name}: endpoint ${text}: ${why}`)
  const [, scheme, rest = ''] = /^([a-z]+):\/\/(.*)$/.exec(text) ?? []
  if (scheme === 'unix') {
    if (!rest.startsWith('/')) throw refuse('expected an absolute path, as in unix:///var/run/docker.sock')
    return { socketPath: rest }
  }
  if (scheme === 'tcp' || scheme === 'http') {
    const [, host, port] = /^(\[[0-9a-fA-F:]+\]|[^:/[\]]+):(\d{1,5})\/?$/.exec(rest) ?? []
    if (host === undefined || port === undefined) throw refuse('expected host and port, as in tcp://10.0.0.5:2375')
    return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
  }
  if (scheme === 'ssh') {
    throw refuse(
      'ssh is not supported yet; forward the socket (ssh -N -L local.sock:/var/run/docker.sock) and use unix://',
    )
  }
  if (scheme === 'npipe') throw refuse('named pipes are not supported; expose the engine as tcp://')
  throw refuse('expected unix:///path or tcp://host:port')
}
