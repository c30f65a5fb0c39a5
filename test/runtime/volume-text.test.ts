import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { hostLabels, mainAddress } from '../../src/runtime/docker/host-facts.ts'
import { sourceOf, withVolumes } from '../../src/runtime/docker/volume-options.ts'
import { checkSetup, newVolumeEntries, setUpScript } from '../../src/runtime/docker/volume-script.ts'
import { firstFile, tarOf } from '../../src/runtime/docker/volume-tar.ts'
import {
  type ContainerMark,
  leavingName,
  ownership,
  podVolumeName,
  volumeName,
  volumeOwner,
  writePodVolumeLabels,
  writeVolumeLabels,
} from '../../src/runtime/labels.ts'
import type { PodVolume } from '../../src/runtime/port.ts'
import { claimVolume, config, data, filled, memory, scratch, setup, token } from './volume-samples.ts'

const pod = { host: 'local', namespace: 'shop', name: 'web-abc-0' }

describe('archives', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'berth-tar-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  test('are what tar reads', () => {
    const long = `${'folder-'.repeat(20)}é`
    const archive = tarOf(
      [
        { kind: 'folder', path: 'a', mode: 0o2750, group: process.getgid?.() ?? 0 },
        { kind: 'file', path: 'a/empty', mode: 0o600, group: 0, data: Buffer.alloc(0) },
        { kind: 'file', path: 'a/block', mode: 0o640, group: 0, data: Buffer.alloc(512, 'x') },
        { kind: 'folder', path: `a/${long}`, mode: 0o755, group: 0 },
        { kind: 'file', path: `a/${long}/file`, mode: 0o644, group: 0, data: Buffer.from('text\n') },
        { kind: 'link', path: 'a/link', target: `${long}/file`, group: 0 },
      ],
      1_700_000_000_123,
    )
    execFileSync('tar', ['-xp', '--no-same-owner', '-f', '-', '-C', folder], { input: archive })
    const mode = (path: string) => (statSync(join(folder, path)).mode & 0o7777).toString(8)
    expect(mode('a')).toBe('2750')
    expect([mode('a/empty'), mode('a/block')]).toEqual(['600', '640'])
    expect(readFileSync(join(folder, 'a/block'), 'utf8')).toBe('x'.repeat(512))
    expect(readFileSync(join(folder, 'a/link'), 'utf8')).toBe('text\n')
    expect(readlinkSync(join(folder, 'a/link'))).toBe(`${long}/file`)
    expect(statSync(join(folder, 'a/empty')).mtimeMs).toBe(1_700_000_000_000)
  })

  test('are read up to their first file, also where they break off', () => {
    const file = { kind: 'file', path: 'a', mode: 0o666, group: 0, data: Buffer.from('text') } as const
    const folder = { kind: 'folder', path: 'b', mode: 0o755, group: 0 } as const
    expect(firstFile(tarOf([file, folder], 0))?.toString()).toBe('text')
    expect(firstFile(tarOf([{ ...file, path: 'long'.repeat(40) }], 0))?.toString()).toBe('text')
    expect(firstFile(tarOf([file], 0).subarray(0, 514))?.toString()).toBe('te')
    expect(firstFile(tarOf([folder, file], 0))).toBeUndefined()
    expect(firstFile(tarOf([], 0))).toBeUndefined()
    expect(firstFile(Buffer.alloc(0))).toBeUndefined()
  })

  test('carry groups of any size', () => {
    const entries = [2000, 0o7777777, 0o10000000, 4_294_967_294].map((group) => {
      return { kind: 'folder', path: String(group), mode: 0o755, group } as const
    })
    const listed = execFileSync('tar', ['-tv', '--numeric-owner', '-f', '-'], { input: tarOf(entries, 0) }).toString()
    const groups = listed
      .trim()
      .split('\n')
      .map((line) => /0\/(\d+) .* (\d+)\//.exec(line)?.slice(1))
    expect(groups).toEqual(entries.map(({ group }) => [String(group), String(group)]))
  })
})

describe('names of volumes', () => {
  test('tell claims, records and volumes of pods apart', () => {
    const record = claimVolume({ subject: 'Job/migrate', detail: 'done' })
    expect(volumeName('berth', claimVolume())).toBe('berth_shop_data')
    expect(volumeName('berth', record)).toBe('berth_shop_Job_migrate_done')
    expect(podVolumeName('berth', pod, 'data')).toBe('berth_shop_web-abc-0_data')
    expect(sourceOf('berth', pod, data)).toBe('berth_shop_data')
    expect(sourceOf('berth', pod, scratch)).toBe('berth_shop_web-abc-0_scratch')
  })

  test('fit into a folder name, and stay different', () => {
    const names = ['a', 'b'].map((end) => podVolumeName('berth', { ...pod, name: `${'p'.repeat(250)}${end}` }, 'data'))
    expect(new Set(names).size).toBe(2)
    for (const name of names) expect(name.length).toBe(255)
  })

  test('and labels make an owner', () => {
    const labels = writeVolumeLabels('berth', claimVolume())
    const { app, namespace, subject, detail, facts } = claimVolume()
    const kept = { kind: 'kept', engine: 'berth', app, namespace, subject, detail, facts }
    expect(volumeOwner('berth', 'berth_shop_data', labels)).toEqual(kept)
    expect(volumeOwner('berth', 'berth_shop_other', labels)).toBe('copied')
    expect(volumeOwner('other', 'berth_shop_data', labels)).toBeUndefined()
    expect(volumeOwner('berth', 'berth_shop_data', {})).toBeUndefined()
    const ofPod = writePodVolumeLabels('berth', pod, 'scratch')
    const found = volumeOwner('berth', 'berth_shop_web-abc-0_scratch', ofPod)
    expect(found).toEqual({ kind: 'pod', engine: 'berth', namespace: 'shop', pod: 'web-abc-0' })
    expect(volumeOwner('berth', 'berth_shop_web-abc-1_scratch', ofPod)).toBe('copied')
  })
})

test.each([
  ['berth_shop_web', { kind: 'ours' }],
  [leavingName('berth_shop_web', 1_700_000_000_123), { kind: 'leaving', since: 1_700_000_000_123 }],
  ['berth_shop_web.leaving', { kind: 'leaving', since: undefined }],
  ['berth_shop_web.leaving.', { kind: 'copied' }],
  ['berth_shop_web.leaving.A', { kind: 'copied' }],
  ['berth_shop_web2.leaving', { kind: 'copied' }],
])('a sandbox named %s', (name, expected) => {
  const mark: ContainerMark = {
    ...{ engine: 'berth', app: 'shop', namespace: 'shop', pod: 'web', container: '', owner: 'Pod/web' },
    ...{ template: '', commit: '', restarts: 0, backoffMs: 0, last: undefined },
  }
  expect(ownership('berth', name, mark)).toEqual(expected)
})

describe('options', () => {
  const mountsOf = (volume: PodVolume) => withVolumes({}, 'berth', pod, [volume]).HostConfig
  const host = (path: string, type: Extract<PodVolume, { kind: 'host' }>['type']): PodVolume => {
    return { kind: 'host', name: 'host', path, type }
  }

  test.each([
    ['an emptyDir in memory', memory, { type: 'tmpfs', device: 'tmpfs', o: 'size=1048576,mode=1777' }],
    ['a Secret', token, { type: 'tmpfs', device: 'tmpfs', o: 'size=67108864,mode=0755' }],
    ['a ConfigMap', config, {}],
    ['an emptyDir', scratch, {}],
  ])('%s is a volume of the local driver', (_, volume, options) => {
    const Source = `berth_shop_web-abc-0_${volume.name}`
    expect(mountsOf(volume)).toMatchObject({
      Binds: [],
      Mounts: [
        {
          ...{ Type: 'volume', Source, Target: `/berth/${volume.name}` },
          VolumeOptions: { NoCopy: true, DriverConfig: { Name: 'local', Options: options } },
        },
      ],
    })
  })

  test.each([
    [host('/data', ''), { Binds: ['/data:/berth/host'], Mounts: [] }],
    [host('/data', 'DirectoryOrCreate'), { Binds: ['/data:/berth/host'], Mounts: [] }],
    [host('/a:b', ''), { Binds: [], Mounts: [{ Type: 'bind', Source: '/a:b', Target: '/berth/host' }] }],
    [host('/data', 'Directory'), { Binds: [], Mounts: [{ Type: 'bind', Source: '/data', Target: '/berth/host' }] }],
    [host('/a/b', 'FileOrCreate'), { Binds: [], Mounts: [{ Type: 'bind', Source: '/a', Target: '/berth/host' }] }],
    [host('/b/', 'FileOrCreate'), { Binds: [], Mounts: [{ Type: 'bind', Source: '/', Target: '/berth/host' }] }],
  ])('a path on the host: %o', (volume, expected) => {
    expect(mountsOf(volume)).toEqual(expected)
  })
})

describe('scripts', () => {
  test('quote what they are given', () => {
    const script = setUpScript(
      [{ volume: scratch, setup: setup('scratch', { directories: ["it's; $(here)"] }) }],
      '..new',
      0,
    )
    expect(script).toContain(`make scratch 'it'\\''s; $(here)'`)
  })

  test.each(['../up', 'a/../b', '/root', 'a//b', './a', '', 'a/', '..data', '..v1/x'])('refuse the file %j', (path) => {
    const check = () => checkSetup({ volume: config, setup: filled('config', 'v1', { [path]: '' }) })
    expect(check).toThrow(expect.objectContaining({ code: 'VOLUME_REFUSED' }))
  })

  test.each(['', '.', '../v', 'a b', 'data;'])('refuse the version %j', (version) => {
    const check = () => checkSetup({ volume: config, setup: filled('config', version, { key: '' }) })
    expect(check).toThrow(expect.objectContaining({ code: 'VOLUME_REFUSED' }))
  })

  test('new volumes are one archive', () => {
    const files = filled('config', 'v1', { 'b/c': '', '!a': '' }, { group: 7 })
    const entries = newVolumeEntries([
      { volume: config, setup: files },
      { volume: scratch, setup: setup('scratch', { directories: ['x/y', 'x'] }) },
    ])
    const lines = entries.map((entry) => {
      const rest = entry.kind === 'link' ? `-> ${entry.target}` : entry.mode.toString(8)
      return `${entry.path} ${rest} ${entry.group}`
    })
    expect(lines).toEqual([
      'config 2755 7',
      'config/..v1 2755 7',
      'config/..v1/b 2755 7',
      'config/..v1/b/c 644 7',
      'config/..v1/a 440 7',
      'config/..data -> ..v1 7',
      'config/b -> ..data/b 7',
      'config/a -> ..data/a 7',
      'scratch 777 0',
      'scratch/x 777 0',
      'scratch/x/y 777 0',
    ])
  })
})

describe('facts of a host', () => {
  const address = (text: string, internal = false) => {
    return { ...{ address: text, netmask: '', mac: '', cidr: null, internal }, family: 'IPv4' as const }
  }
  const interfaces = {
    lo: [address('127.0.0.1', true)],
    docker0: [address('172.17.0.1')],
    eth0: [address('192.0.2.7')],
  }
  const head = 'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n'
  const routes = `${head}docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\neth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n`

  test.each([
    ['the device of the default route', routes, interfaces, '192.0.2.7'],
    ['any other, without one', head, interfaces, '172.17.0.1'],
    ['without a network, itself', '', { lo: [address('127.0.0.1', true)] }, '127.0.0.1'],
  ])('its address: %s', (_, table, all, expected) => {
    expect(mainAddress(table, all)).toBe(expected)
  })

  test('labels of the configuration come on top', () => {
    expect(hostLabels('one', { arch: 'arm64', os: 'linux' }, { disk: 'ssd', 'kubernetes.io/os': 'other' })).toEqual({
      ...{ 'kubernetes.io/hostname': 'one', 'kubernetes.io/os': 'other', 'kubernetes.io/arch': 'arm64', disk: 'ssd' },
    })
  })
})
