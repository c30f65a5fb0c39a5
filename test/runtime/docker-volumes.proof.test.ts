import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { PodRef, PodVolume, Runtime } from '../../src/runtime/port.ts'
import { engineCall, engineJson } from '../support/engine-call.ts'
import { type DockerWorld, dockerWorld } from './docker-world.ts'
import { plainConfig, sandboxSpec, until } from './samples.ts'
import {
  claimVolume,
  config,
  data,
  filled,
  memory,
  mount,
  runSandbox,
  runWeb,
  scratch,
  setup,
  thePod,
  token,
} from './volume-samples.ts'

type HostPath = Extract<PodVolume, { kind: 'host' }>

const refused = (message: RegExp) =>
  expect.objectContaining({ code: 'VOLUME_REFUSED', message: expect.stringMatching(message) })

describe('volumes on a real engine', () => {
  let world: DockerWorld
  let runtime: Runtime
  let pod: PodRef

  beforeEach(async () => {
    world = await dockerWorld()
    runtime = world.runtime
    pod = { host: world.host, namespace: 'shop', name: 'web-abc-0' }
  })

  afterEach(() => world.close())

  const sh = (id: string, script: string): Promise<string> => exec(world, id, script)
  const volumesThere = async (): Promise<string[]> => {
    const filters = encodeURIComponent(JSON.stringify({ label: [`berth.dev/engine=${world.engine}`] }))
    const path = `/volumes?filters=${filters}`
    const { Volumes } = await engineJson<{ Volumes: { Name: string }[] | null }>(world.docker.socket, 'GET', path)
    return (Volumes ?? []).map(({ Name }) => Name).sort()
  }

  test.each([config, token])('readers see one version or the other while it is swapped: $name', async (volume) => {
    const text = (version: number) => `${version},${'x'.repeat(20_000)},${version}\n`
    await runSandbox(runtime, pod, [volume, scratch])
    await runtime.setUpVolumes(pod, [filled(volume.name, 'v0', { key: text(0) }), setup('scratch')])
    const mounts = [mount(volume.name, '/etc/config', { readOnly: true }), mount('scratch', '/scratch')]
    const loop = `good=0; bad=0
      while [ ! -e /scratch/stop ]; do
        if read -r line < /etc/config/key && [ "\${line%%,*}" = "\${line##*,}" ]; then good=$((good+1)); else bad=$((bad+1)); fi
      done
      echo "$good $bad $line" | cut -c1-40 > /scratch/result; sleep 600`
    const id = await runWeb(runtime, pod, mounts, { command: ['/bin/sh', '-c'], args: [loop] })
    const last = 12
    for (let version = 1; version <= last; version += 1) {
      await runtime.setUpVolumes(pod, [filled(volume.name, `v${version}`, { key: text(version) })])
    }
    await sh(id, 'sleep 0.2; touch /scratch/stop; until [ -s /scratch/result ]; do sleep 0.05; done')
    const [good, bad, line = ''] = (await sh(id, 'cat /scratch/result')).split(' ')
    expect(bad).toBe('0')
    expect(Number(good)).toBeGreaterThan(last)
    expect(line).toMatch(new RegExp(`^${last},`))
    expect(await sh(id, 'ls -1A /etc/config')).toBe(`..data\n..v${last}\nkey`)
  })

  test.each([config, token])(
    'writes files as they are asked for, and lets go of what is gone: $name',
    async (volume) => {
      await runSandbox(runtime, pod, [volume])
      const long = `${'long-'.repeat(40)}name`
      const first = filled(volume.name, 'v1', {
        ...{ 'a.conf': 'one', 'certs/tls.key': 'two', '!secret': 'three', [long]: 'four', '.hidden': 'five' },
      })
      const binary = {
        path: 'binary',
        mode: 0o640,
        data: Buffer.from([0, 255, 10]).toString('base64'),
        encoding: 'base64',
      }
      const files = [...(first.contents?.files ?? []), { ...binary, encoding: 'base64' as const }]
      await runtime.setUpVolumes(pod, [{ ...first, contents: { version: 'v1', files } }])
      const id = await runWeb(runtime, pod, [mount(volume.name, '/c')])
      const modes = 'cd /c; stat -L -c "%a %u:%g %n" a.conf certs certs/tls.key secret binary .hidden'
      expect((await sh(id, modes)).split('\n')).toEqual([
        '644 0:0 a.conf',
        '755 0:0 certs',
        '644 0:0 certs/tls.key',
        '400 0:0 secret',
        '640 0:0 binary',
        '644 0:0 .hidden',
      ])
      expect(await sh(id, `cd /c; cat a.conf certs/tls.key secret ${long} .hidden; od -An -tx1 binary`)).toBe(
        'onetwothreefourfive 00 ff 0a',
      )
      expect(await sh(id, 'echo no > /c/a.conf')).toMatch(/Read-only file system/)
      await runtime.setUpVolumes(pod, [filled(volume.name, 'v2', { 'a.conf': 'new', more: 'yes' })])
      expect(await sh(id, 'cd /c; ls -1A; cat a.conf more')).toBe('..data\n..v2\na.conf\nmore\nnewyes')
      await runtime.setUpVolumes(pod, [filled(volume.name, 'v3', {})])
      expect(await sh(id, 'ls -1A /c')).toBe('..data\n..v3')
    },
  )

  test('gives volumes to the group of the pod', async () => {
    await runtime.createVolume(world.host, claimVolume())
    await runSandbox(runtime, pod, [config, token, scratch, memory, data])
    const group = { group: 2000 }
    const names = ['scratch', 'memory', 'data']
    await runtime.setUpVolumes(pod, [
      ...['config', 'token'].map((name) => filled(name, 'v1', { '!key': name }, group)),
      ...names.map((name) => setup(name, { ...group, directories: ['in/side'] })),
    ])
    const mounts = ['config', 'token', ...names].map((name) => mount(name, `/v/${name}`))
    const id = await runWeb(runtime, pod, mounts, { user: '1000:1000', groups: ['2000'] })
    expect(await sh(id, 'cat /v/config/key /v/token/key; stat -L -c "%a %g" /v/config/key /v/token/key')).toBe(
      'configtoken440 2000\n440 2000',
    )
    for (const name of names) {
      const script = `cd /v/${name}; touch mine in/side/mine; stat -c "%g %U" mine in/side/mine; stat -c %a:%g . in`
      const mode = { scratch: '2777', memory: '3777', data: '2775' }[name]
      expect([name, await sh(id, script)]).toEqual([name, `2000 UNKNOWN\n2000 UNKNOWN\n${mode}:2000\n${mode}:2000`])
    }
  })

  test('an emptyDir is open to all, in memory or on disk', async () => {
    await runSandbox(runtime, pod, [scratch, memory])
    await runtime.setUpVolumes(pod, [setup('scratch'), setup('memory')])
    const mounts = [mount('scratch', '/disk'), mount('memory', '/memory')]
    const id = await runWeb(runtime, pod, mounts, { user: '1000:1000' })
    const kinds = 'touch /disk/a /memory/a; stat -c %a /disk /memory; grep " /memory " /proc/mounts'
    expect(await sh(id, kinds)).toMatch(/^777\n1777\ntmpfs \/memory tmpfs rw,.*size=1024k/)
    // What the pod then does to it stays.
    await world.exec(thePod(runtime, pod.name).uid, 'chmod', '0700', '/berth/scratch')
    const again = await world.another('same')
    await again.setUpVolumes(pod, [setup('scratch')])
    expect(await world.exec(thePod(runtime, pod.name).uid, 'stat', '-c', '%a', '/berth/scratch')).toMatch(/^700/)
  })

  test('a new volume of a claim can be opened to all, one that is in use stays as it is', async () => {
    await runtime.createVolume(world.host, claimVolume())
    await runSandbox(runtime, pod, [data])
    await runtime.setUpVolumes(pod, [setup('data', { opens: true })])
    const id = await runWeb(runtime, pod, [mount('data', '/data')], { user: '1000:1000' })
    expect(await sh(id, 'touch /data/mine; stat -c %a /data')).toBe('777')
    const sandbox = thePod(runtime, pod.name).uid
    await sh(sandbox, 'chmod 0755 /berth/data')
    await runtime.setUpVolumes(pod, [setup('data', { opens: true })])
    expect(await sh(sandbox, 'stat -c %a /berth/data')).toBe('755')
  })

  test('looks into a whole volume only if its root says so', async () => {
    await runSandbox(runtime, pod, [scratch])
    await runtime.setUpVolumes(pod, [setup('scratch', { group: 2000 })])
    const sandbox = thePod(runtime, pod.name).uid
    await sh(sandbox, 'cd /berth/scratch; touch a; chgrp 0 a; ln -s /etc/passwd link')
    const group = () => sh(sandbox, 'stat -c %g /berth/scratch/a /etc/passwd')
    await runtime.setUpVolumes(pod, [setup('scratch', { group: 2000, groupByRoot: true })])
    expect(await group()).toBe('0\n0')
    await runtime.setUpVolumes(pod, [setup('scratch', { group: 2000 })])
    expect(await group()).toBe('2000\n0')
  })

  test('mounts parts of volumes', async () => {
    await runSandbox(runtime, pod, [config, token, scratch, memory])
    await runtime.setUpVolumes(pod, [
      ...['config', 'token'].map((name) => filled(name, 'v1', { 'app.conf': name, 'more/x': 'x' })),
      setup('scratch', { directories: ['logs/web', 'a b'] }),
      setup('memory', { directories: ['part'] }),
    ])
    const mounts = [
      mount('config', '/etc/app.conf', { subPath: 'app.conf' }),
      mount('scratch', '/logs', { subPath: 'logs/web' }),
      mount('memory', '/part', { subPath: 'part' }),
      mount('scratch', '/space', { subPath: 'a b', readOnly: true }),
      mount('token', '/token', { subPath: 'more' }),
    ]
    const id = await runWeb(runtime, pod, mounts, { user: '1000:1000' })
    expect(await sh(id, 'cat /etc/app.conf /token/x; echo 1 > /logs/a; echo 2 > /part/b; echo 3 > /space/c')).toMatch(
      /^configx.*Read-only file system/s,
    )
    const { uid } = thePod(runtime, pod.name)
    expect(await sh(uid, 'cat /berth/scratch/logs/web/a /berth/memory/part/b; ls -1A "/berth/scratch/a b"')).toBe(
      '1\n2',
    )
    // A process made anew sees what is in the volume by then.
    await runtime.setUpVolumes(pod, [filled('config', 'v2', { 'app.conf': 'second' })])
    await runtime.setUpVolumes(pod, [filled('token', 'v2', { 'more/x': 'y' })])
    expect(await sh(id, 'cat /etc/app.conf')).toBe('config')
    await world.crash(id)
    await until(runtime, () => thePod(runtime, pod.name).containers[0]?.state === 'exited', 'it has ended')
    await runtime.recreateContainer(pod, id, { restarts: 1, backoffMs: 0, last: undefined })
    await runtime.startContainer(pod, 'web')
    const [next] = thePod(runtime, pod.name).containers
    expect(await sh(next?.id ?? '', 'cat /etc/app.conf /token/x')).toBe('secondy')
  })

  test('does not follow a link out of a volume', async () => {
    await runSandbox(runtime, pod, [scratch])
    await runtime.setUpVolumes(pod, [setup('scratch', { directories: ['real'] })])
    const links = 'ln -s /etc out; ln -s ../.. up; ln -s real in; ln -s /scratch-not-there none; echo hello > real/a'
    const id = await runWeb(runtime, pod, [mount('scratch', '/s')])
    await sh(id, `cd /s; ${links}`)
    await runtime.removeContainer(pod, id)
    for (const subPath of ['out', 'up', 'out/passwd', 'none', 'not/there']) {
      const config = plainConfig({ mounts: [mount('scratch', '/s', { subPath })] })
      await expect(runtime.createContainer(pod, config)).rejects.toEqual(refused(/^subPath .* volume/))
    }
    for (const subPath of ['../x', '/etc', 'a//b']) {
      const config = plainConfig({ mounts: [mount('scratch', '/s', { subPath })] })
      await expect(runtime.createContainer(pod, config)).rejects.toEqual(refused(/expected a relative path/))
    }
    const leadingOut = setup('scratch', { directories: ['out/made'] })
    await expect(runtime.setUpVolumes(pod, [leadingOut])).rejects.toEqual(refused(/leads out of the volume/))
    const inside = await runWeb(runtime, pod, [mount('scratch', '/s', { subPath: 'in' })])
    expect(await sh(inside, 'cat /s/a')).toBe('hello')
  })

  test('a Secret is in memory only', async () => {
    await runSandbox(runtime, pod, [token])
    await runtime.setUpVolumes(pod, [filled('token', 'v1', { key: 'do not tell' })])
    const id = await runWeb(runtime, pod, [mount('token', '/token')])
    expect(await sh(id, 'cat /token/key; grep " /token " /proc/mounts')).toMatch(/^do not telltmpfs \/token tmpfs ro,/)
    const { uid } = thePod(runtime, pod.name)
    for (const each of [id, uid]) await world.crash(each)
    await until(runtime, () => thePod(runtime, pod.name).sandbox?.state === 'exited', 'the pod has ended')
    const name = `${world.engine}_shop_web-abc-0_token`
    const { Mountpoint } = await engineJson<{ Mountpoint: string }>(world.docker.socket, 'GET', `/volumes/${name}`)
    expect(await onHost(Mountpoint, 'find .')).toBe('.')
  })

  test('another process knows what is in volumes, also in memory and beside paths of the host', async () => {
    const tmp: PodVolume = { kind: 'host', name: 'tmp', path: '/tmp', type: 'Directory' }
    const known = async () => Object.fromEntries((await world.another('same')).pods()[0]?.contents ?? [])
    await runSandbox(runtime, pod, [config, token, tmp])
    await runtime.setUpVolumes(pod, [filled('config', 'v1', { a: '1' })])
    expect(await known()).toEqual({ config: 'v1' })
    await runtime.setUpVolumes(pod, [filled('token', 'v2', { a: '1' })])
    expect(await known()).toEqual({ config: 'v1', token: 'v2' })
  })

  test('checks what paths on the host are', async () => {
    const base = `/tmp/${world.engine}`
    const volumes = (rows: readonly (readonly [string, HostPath['type']])[]) =>
      rows.map(([path, type], index): HostPath => ({ kind: 'host', name: `host-${index}`, path, type }))
    await onHost('/tmp', `mkdir -p ${world.engine}/dir; touch ${world.engine}/dir/old`)
    try {
      const good = volumes([
        [`${base}/made`, 'DirectoryOrCreate'],
        [`${base}/dir`, 'Directory'],
        [`${base}/dir/new`, 'FileOrCreate'],
        [`${base}/dir/old`, 'File'],
        [`${base}/other`, ''],
        ['/dev/null', 'CharDevice'],
      ])
      await runSandbox(runtime, pod, good)
      await runtime.setUpVolumes(pod, [
        ...good.slice(1).map(({ name }) => setup(name)),
        setup('host-0', { directories: ['sub'] }),
      ])
      const id = await runWeb(runtime, pod, [
        ...good.map(({ name }) => mount(name, `/mnt/${name}`, { propagation: 'HostToContainer' })),
        mount('host-0', '/sub', { subPath: 'sub' }),
      ])
      const kinds = 'cd /mnt; stat -c %F *; touch /sub/a; echo text > host-2'
      const file = 'regular empty file'
      const folder = 'directory'
      expect((await sh(id, kinds)).split('\n')).toEqual([folder, folder, file, file, folder, 'character special file'])
      expect(await onHost(base, 'cat dir/new; find made')).toBe('text\nmade\nmade/sub\nmade/sub/a')

      const wrong = volumes([
        [`${base}/dir`, 'File'],
        [`${base}/dir/old`, 'Directory'],
        [`${base}/dir/old`, 'DirectoryOrCreate'],
        [`${base}/dir`, 'FileOrCreate'],
        [`${base}/dir/old`, 'Socket'],
        ['/dev/null', 'BlockDevice'],
      ])
      const next = { ...pod, name: 'web-abc-1' }
      await runSandbox(runtime, next, wrong)
      const words = ['file', folder, folder, 'file', 'socket', 'block device']
      for (const [index, { name, path }] of wrong.entries()) {
        const message = new RegExp(`^hostPath type check failed: ${path} is not a ${words[index]}$`)
        await expect(runtime.setUpVolumes(next, [setup(name)])).rejects.toEqual(refused(message))
      }
      const none = volumes([
        [`${base}/none`, 'Directory'],
        [`${base}/none/file`, 'FileOrCreate'],
      ])
      for (const [index, volume] of none.entries()) {
        const made = runtime.createSandbox({ ...pod, name: 'web-abc-2' }, sandboxSpec({ volumes: [volume] }))
        const word = [folder, 'file'][index]
        const message = new RegExp(`^hostPath type check failed: ${volume.path} is not a ${word}$`)
        await expect(made).rejects.toEqual(refused(message))
      }
    } finally {
      await onHost('/tmp', `rm -rf ${world.engine}`)
    }
  })

  test('volumes go with their pod, and those of claims stay with their data', async () => {
    await runtime.createVolume(world.host, claimVolume())
    const claim = `${world.engine}_shop_data`
    const run = async () => {
      await runSandbox(runtime, pod, [config, token, scratch, data])
      await runtime.setUpVolumes(pod, [setup('scratch'), setup('data'), filled('config', 'v1', { a: '1' })])
      return runWeb(runtime, pod, [mount('data', '/data'), mount('scratch', '/scratch')])
    }
    const id = await run()
    await sh(id, 'echo kept > /data/a; echo lost > /scratch/a')
    expect(await volumesThere()).toHaveLength(4)
    const { uid } = thePod(runtime, pod.name)
    // In the other order: the last container decides.
    await runtime.removeContainer(pod, uid)
    expect(await volumesThere()).toHaveLength(4)
    await runtime.removeContainer(pod, id)
    expect(await volumesThere()).toEqual([claim])
    const next = await run()
    expect(await sh(next, 'cat /data/a; ls /scratch')).toBe('kept')
    const other = await world.another('same')
    for (const each of [next, thePod(runtime, pod.name).uid]) await world.destroy(each)
    await until(other, () => other.pods().length === 0, 'the pod is gone')
    await other.refresh()
    expect(await volumesThere()).toEqual([claim])
  })

  test('sweeps volumes of pods that went while nobody looked', async () => {
    await runSandbox(runtime, pod, [config, scratch])
    const outage = await world.outage()
    await until(runtime, () => runtime.hostFacts()[0]?.reachable === false, 'the host is unreachable')
    await world.destroy(thePod(runtime, pod.name).uid)
    expect(await volumesThere()).toHaveLength(2)
    await outage.end()
    await until(runtime, () => runtime.hostFacts()[0]?.reachable === true, 'the host answers')
    await runtime.refresh()
    expect(await volumesThere()).toEqual([])
  })

  test('a volume of somebody else is neither used nor removed', async () => {
    const names = [`${world.engine}_shop_web-abc-0_scratch`, `${world.engine}_shop_data`]
    for (const Name of names) await engineJson(world.docker.socket, 'POST', '/volumes/create', { Name })
    try {
      await runtime.ensureNetwork(world.host, 'shop')
      const taken = expect.objectContaining({ code: 'NAME_TAKEN' })
      await expect(runtime.createSandbox(pod, sandboxSpec({ volumes: [scratch] }))).rejects.toEqual(taken)
      await expect(runtime.createVolume(world.host, claimVolume())).rejects.toEqual(taken)
      for (const name of names) {
        await expect(runtime.removeVolume(world.host, name)).rejects.toMatchObject({ code: 'REFUSED' })
        expect((await engineCall(world.docker.socket, 'GET', `/volumes/${name}`)).status).toBe(200)
      }
      expect(runtime.pods()).toEqual([])
    } finally {
      for (const name of names) await engineCall(world.docker.socket, 'DELETE', `/volumes/${name}`)
    }
  })

  /** Runs a script in a folder of the engine's host. */
  async function onHost(folder: string, script: string): Promise<string> {
    const body = { Image: 'berth-test:1', HostConfig: { Binds: [`${folder}:/look`] } }
    const { Id } = await engineJson<{ Id: string }>(world.docker.socket, 'POST', '/containers/create', body)
    try {
      await world.docker.post(Id, 'start')
      return await sh(Id, `cd /look; ${script}`)
    } finally {
      await world.destroy(Id)
    }
  }
})

/** Output of a script in a container, without the terminal's line ends. */
async function exec(world: DockerWorld, id: string, script: string): Promise<string> {
  return (await world.exec(id, '/bin/sh', '-c', script)).replaceAll('\r', '').trim()
}
