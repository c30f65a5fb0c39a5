import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { durationMs, readArguments, UsageError } from '../../src/cli/arguments.ts'
import { defaultMode, readSettings } from '../../src/cli/settings.ts'
import { defaultNetwork } from '../../src/manifests/config-network.ts'

test('reads command, operands and flags', () => {
  const args = readArguments(['status', 'shop', '--repo', '/r', '-o', 'json', '-n', 'prod', '--watch'])
  expect(args).toMatchObject({
    command: 'status',
    operands: ['shop'],
    repo: '/r',
    output: 'json',
    namespace: 'prod',
    watch: true,
  })
})

test.each([
  [['run', '--rep', 'x'], /^there is no flag --rep: did you mean --repo\?$/],
  [['run', '--frob'], /^there is no flag --frob$/],
  [['run', '--repo'], /'--repo <value>' argument missing/],
  [['status', '-o', 'xml'], /expected one of text, json, markdown, found "xml"/],
  [['run', '--network', 'none'], /--network: expected one of services, names, found "none"/],
  [['run', '--ingress-http', '80a'], /--ingress-http: expected a port to 65535, found "80a"/],
  [['run', '--ingress-https', '65536'], /--ingress-https: expected a port to 65535, found "65536"/],
  [['run', '--log-level', 'loud'], /expected one of debug, info, warn, error, found "loud"/],
])('%j is told what is wrong', (argv, message) => {
  expect(() => readArguments(argv)).toThrow(UsageError)
  expect(() => readArguments(argv)).toThrow(message)
})

test('durations', () => {
  expect(['500ms', '30s', '5m', '1h', '1.5s'].map((text) => durationMs('--timeout', text))).toEqual([
    500, 30_000, 300_000, 3_600_000, 1_500,
  ])
  expect(() => durationMs('--timeout', '30')).toThrow('--timeout: expected a duration such as 30s or 5m, found "30"')
})

test('the installation follows from the repository alone', async () => {
  const first = await readSettings(
    readArguments(['run', '--repo', 'https://git.example.com/acme/shop.git', '--path', './production/']),
  )
  const second = await readSettings(
    readArguments(['run', '--repo', 'https://git.example.com/acme/shop', '--path', 'staging']),
  )
  const other = await readSettings(readArguments(['run', '--repo', 'https://git.example.com/acme/blog']))
  expect(first.id).toBe(second.id)
  expect(first.id).not.toBe(other.id)
  expect(first.applications[0]).toMatchObject({
    name: 'production',
    path: 'production',
    namespace: 'default',
    revision: 'main',
  })
  expect(other.applications[0]).toMatchObject({ name: 'blog', path: '' })
})

test('an interval that would never pause is refused', async () => {
  const args = readArguments(['run', '--repo', '/r', '--interval', '0s'])
  await expect(readSettings(args)).rejects.toThrow('--interval: expected at least 100ms, found "0s"')
})

test('without a repository it says what to give', async () => {
  await expect(readSettings(readArguments(['run']))).rejects.toThrow('give --repo URL, or a configuration with -c FILE')
})

describe('the network', () => {
  const network = async (...flags: string[]) =>
    (await readSettings(readArguments(['run', '--repo', '/r', ...flags]))).network

  test('is as a configuration that says nothing of it, in the usual mode', async () => {
    expect(await network()).toEqual({ ...defaultNetwork, mode: defaultMode, zone: 'cluster.local' })
  })

  test('flags win', async () => {
    const flags = ['--network', 'services', '--node-image', 'node:2', '--ingress-http', '8080', '--ingress-https', '0']
    expect(await network(...flags)).toMatchObject({
      mode: 'services',
      nodeImage: 'node:2',
      ingress: { httpPort: 8080, httpsPort: 0 },
    })
    expect((await network('--network', 'names')).mode).toBe('names')
  })

  test('one port for both is refused, none for both is not', async () => {
    await expect(network('--ingress-http', '443')).rejects.toThrow('--ingress-https: expected another port')
    expect(await network('--ingress-http', '0', '--ingress-https', '0')).toMatchObject({
      ingress: { httpPort: 0, httpsPort: 0 },
    })
  })

  test('flags win over a configuration, too', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'berth-settings-'))
    try {
      const file = join(folder, 'berth.yaml')
      const engine = { clusterDomain: 'shop.local', network: { mode: 'names', serviceCIDR: '10.98.0.0/16' } }
      const documents = [
        { apiVersion: 'berth.dev/v1', kind: 'Engine', metadata: { name: 'shop' }, spec: engine },
        {
          apiVersion: 'berth.dev/v1',
          kind: 'Application',
          metadata: { name: 'shop' },
          spec: { source: { repoURL: '/r' } },
        },
      ]
      await writeFile(file, documents.map((one) => JSON.stringify(one)).join('\n---\n'))
      const of = async (...flags: string[]) =>
        (await readSettings(readArguments(['run', '-c', file, ...flags]))).network
      const written = { ...defaultNetwork, mode: 'names', serviceCIDR: '10.98.0.0/16', zone: 'shop.local' }
      expect(await of()).toEqual(written)
      expect(await of('--network', 'services')).toEqual({ ...written, mode: 'services' })
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
