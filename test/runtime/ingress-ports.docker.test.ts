import { createServer, type Server } from 'node:http'
import { expect, test } from 'vitest'
import { haproxyWorld, httpPod } from './haproxy-world.ts'
import { ask, freePort, talk } from './ingress-client.ts'
import { behind, ingress, route } from './ingress-routes.ts'

test('clients behind a load balancer are known by the PROXY protocol', async () => {
  const http = await freePort()
  await using world = await haproxyWorld('10.97.176.0/20', { ingressHttpPort: http, proxyProtocol: true })
  await using pod = await httpPod('proxied', (request, response) => response.end(request.headers['x-forwarded-for']))
  await world.apply(ingress([route('proxied', { host: '' })], [behind('proxied', pod.row)]))
  const request = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
  expect(await talk(http, `PROXY TCP4 203.0.113.7 203.0.113.1 4711 80\r\n${request}`)).toMatch(/203\.0\.113\.7$/)
  expect(await talk(http, request).catch(() => '')).toBe('')
})

test('a port that somebody else has is told, and taken once it is free', async () => {
  const http = await freePort()
  const other: Server = createServer((_request, response) => response.end('other'))
  await new Promise<void>((resolve) => other.listen(http, resolve))
  await using world = await haproxyWorld('10.97.192.0/20', { ingressHttpPort: http })
  await using pod = await httpPod('late')
  const table = ingress([route('late', { host: '' })], [behind('late', pod.row)])
  expect(await world.apply(table)).toEqual([
    { key: 'shop/Ingress/late', message: `port ${http} (http) is in use on this host` },
  ])
  expect((await ask(http, {})).text).toBe('other')
  await new Promise<void>((resolve) => {
    other.close(() => resolve())
    other.closeAllConnections()
  })
  expect(await world.apply(table)).toEqual([])
  expect((await ask(http, {})).text).toBe('late')
})

test('nothing is bound while there is no Ingress', async () => {
  const http = await freePort()
  await using world = await haproxyWorld('10.97.208.0/20', { ingressHttpPort: http })
  await using pod = await httpPod('alone')
  await world.apply({ services: [behind('alone', pod.row)] })
  await expect(ask(http, {})).rejects.toThrow('ECONNREFUSED')
})
