import { describe, expect, test } from 'vitest'
import { takenPorts } from '../../../src/runtime/network/haproxy-answers.ts'
import { externalOf, redirectsCommands, redirectsScript } from '../../../src/runtime/network/nft-redirects.ts'

describe('a port that another program has', () => {
  const service = { address: '10.96.0.20', port: 80 }

  test('on all addresses is had elsewhere on the Service’s own', () => {
    const { taken, moved } = takenPorts([service, { address: '10.96.0.21', port: 81 }], [{ address: '*', port: 80 }])
    expect([...taken]).toEqual(['10.96.0.20:80'])
    expect([...moved]).toEqual([['10.96.0.20:80', 61_080]])
  })

  test('is not led to one that is taken, too', () => {
    const listeners = [80, 61_080].map((port) => ({ address: '*', port }))
    const { moved } = takenPorts([service, { address: '10.96.0.20', port: 61_081 }], listeners)
    expect([...moved]).toEqual([['10.96.0.20:80', 61_082]])
  })

  test('on all addresses of the host is left to it', () => {
    const { taken, moved } = takenPorts([{ address: '*', port: 80 }], [{ address: '127.0.0.1', port: 80 }])
    expect([[...taken], [...moved]]).toEqual([['*:80'], []])
  })
})

describe('external addresses', () => {
  const wanted = { redirects: [], external: ['198.51.100.7', '198.51.100.8'] }

  test('are read back from the script', () => {
    expect(externalOf(redirectsScript('main', wanted))).toEqual(wanted.external)
    expect(externalOf('')).toEqual([])
  })

  test('that are not wanted any more are taken away', () => {
    const commands = redirectsCommands('main', wanted, ['198.51.100.6', '198.51.100.7'])
    expect(commands).toContain('ip route del local 198.51.100.6 ')
    expect(commands).not.toContain('ip route del local 198.51.100.7 ')
  })
})
